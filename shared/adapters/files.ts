import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Files, FileVersion } from '../domain/ports/files.ts';

/** Bytes that are held at a time of a file that is written. */
const PART_BYTES = 8 * 1024 * 1024;

/** How S3 refuses to write over a file: it stands, or somebody writes it at this moment. */
const STANDS_ALREADY: ReadonlySet<number | undefined> = new Set([412, 409]);

/** Files in a versioned bucket. Those above a part go up in parts, so that no size needs its memory. */
export function bucketFiles(client: S3Client, bucket: string): Files {
  return {
    async write(key, type, chunks) {
      const params = { Bucket: bucket, Key: key, ContentType: type, Body: Readable.from(inUtf8(chunks)) };
      await new Upload({ client, params, partSize: PART_BYTES, queueSize: 1 }).done();
    },
    async writeNew(key, type, text) {
      try {
        const put = { Bucket: bucket, Key: key, ContentType: type, Body: text, IfNoneMatch: '*' };
        await client.send(new PutObjectCommand(put));
        return true;
      } catch (error) {
        if (error instanceof S3ServiceException && STANDS_ALREADY.has(error.$metadata.httpStatusCode)) return false;
        throw error;
      }
    },
    async read(key, versionId) {
      try {
        const get = new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
        const { Body } = await client.send(get);
        return Body && (await Body.transformToByteArray());
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    versions: (prefix) => versionsOf(client, bucket, prefix),
    link(key, seconds, fileName) {
      const ResponseContentDisposition = `attachment; filename="${fileName}"`;
      const get = new GetObjectCommand({ Bucket: bucket, Key: key, ResponseContentDisposition });
      return getSignedUrl(client, get, { expiresIn: seconds });
    },
  };
}

async function* inUtf8(chunks: Iterable<string> | AsyncIterable<string>): AsyncIterable<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk, 'utf8');
}

async function* versionsOf(client: S3Client, Bucket: string, Prefix: string): AsyncIterable<FileVersion> {
  let from: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (from) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket, Prefix, ...from }),
    );
    const found = [
      ...(page.Versions ?? []).map((version) => ({ ...version, removed: false })),
      ...(page.DeleteMarkers ?? []).map((marker) => ({ ...marker, removed: true })),
    ];
    for (const { Key = '', VersionId = '', IsLatest = false, removed } of found.sort(byKey))
      yield { key: Key, versionId: VersionId, latest: IsLatest, removed };
    from = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
}

function byKey(a: { Key?: string; IsLatest?: boolean }, b: { Key?: string; IsLatest?: boolean }): number {
  const [left = '', right = ''] = [a.Key, b.Key];
  if (left !== right) return left < right ? -1 : 1;
  return Number(b.IsLatest ?? false) - Number(a.IsLatest ?? false);
}
