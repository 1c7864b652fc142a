import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buckets } from '#infra/local/buckets.ts';
import type { RestService } from '#infra/local/cloud.ts';
import { machineFor, resource, serve, type WireServer } from './wire-server.ts';

const KEY_ARN = 'arn:aws:kms:us-east-1:000000000000:key/one';
const machine = machineFor();
const service = buckets(machine);
const bucket = (name: string, properties = {}) =>
  void service.add(resource('AWS::S3::Bucket', properties, { name, arn: `arn:aws:s3:::${name}` }));
bucket('plain');
bucket('listing');
bucket('versioned', {
  VersioningConfiguration: { Status: 'Enabled' },
  BucketEncryption: {
    ServerSideEncryptionConfiguration: [
      {
        BucketKeyEnabled: true,
        ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY_ARN },
      },
    ],
  },
});

let server: WireServer;
let client: S3Client;
beforeAll(async () => {
  server = await serve(service.wire as RestService);
  client = new S3Client({ ...server.config, forcePathStyle: true });
});
afterAll(() => server.close());

type Body = string | Buffer | Readable;
const put = (Key: string, Body: Body, more: object = {}, Bucket = 'plain') =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more: object = {}, Bucket = 'plain') =>
  client.send(new GetObjectCommand({ Bucket, Key, ...more }));
const textOf = async (Key: string, more: object = {}, Bucket = 'plain') =>
  (await get(Key, more, Bucket)).Body?.transformToString();
const named = (name: string) => expect.objectContaining({ name });

describe('an object', () => {
  test('is given back as it was put', async () => {
    const { ETag } = await put('a/ü &<b>.txt', 'hello', {
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      Metadata: { sum: '12' },
    });
    const found = await get('a/ü &<b>.txt');
    expect(await found.Body?.transformToString()).toBe('hello');
    expect(found).toMatchObject({
      ETag: '"5d41402abc4b2a76b9719d911017c592"',
      ContentLength: 5,
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      Metadata: { sum: '12' },
    });
    const head = await client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'a/ü &<b>.txt' }));
    expect(head).toMatchObject({ ETag, ContentLength: 5, ContentType: 'text/plain', Metadata: { sum: '12' } });
  });

  test('may be a stream, which arrives in chunks with a checksum behind it', async () => {
    const parts = Array.from({ length: 5 }, (_, i) => Buffer.alloc(70_000, i));
    const body = Buffer.concat(parts);
    await put('stream', Readable.from(parts), { ContentLength: body.length });
    const bytes = await (await get('stream')).Body?.transformToByteArray();
    expect(body.equals(Buffer.from(bytes ?? []))).toBe(true);
  });

  test('is refused when its bytes are not those that were meant', async () => {
    await expect(put('bad', 'hello', { ChecksumCRC32: 'AAAAAA==' })).rejects.toThrow(named('BadDigest'));
    await expect(put('bad', 'hello', { ContentMD5: 'AAAA' })).rejects.toThrow(named('BadDigest'));
    await expect(get('bad')).rejects.toThrow(named('NoSuchKey'));
  });

  test('is read in part', async () => {
    await put('digits', '0123456789');
    expect(await textOf('digits', { Range: 'bytes=2-4' })).toBe('234');
    expect(await textOf('digits', { Range: 'bytes=7-' })).toBe('789');
    expect(await textOf('digits', { Range: 'bytes=-2' })).toBe('89');
    expect((await get('digits', { Range: 'bytes=0-0' })).ContentRange).toBe('bytes 0-0/10');
    await expect(get('digits', { Range: 'bytes=10-' })).rejects.toThrow(named('InvalidRange'));
  });

  test('is read only if it has changed, and made only if it is new', async () => {
    const { ETag } = await put('conditional', 'one', { IfNoneMatch: '*' });
    await expect(get('conditional', { IfNoneMatch: ETag })).rejects.toThrow(
      expect.objectContaining({ $metadata: expect.objectContaining({ httpStatusCode: 304 }) }),
    );
    await expect(put('conditional', 'two', { IfNoneMatch: '*' })).rejects.toThrow(named('PreconditionFailed'));
    await put('conditional', 'two', { IfMatch: ETag });
    await expect(put('conditional', 'three', { IfMatch: ETag })).rejects.toThrow(named('PreconditionFailed'));
    expect(await textOf('conditional')).toBe('two');
  });

  test('that is not there is not found, nor in a bucket that is not there', async () => {
    await expect(get('none')).rejects.toThrow(named('NoSuchKey'));
    await expect(client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'none' }))).rejects.toThrow(
      named('NotFound'),
    );
    await expect(get('a', {}, 'none')).rejects.toThrow(named('NoSuchBucket'));
    await client.send(new HeadBucketCommand({ Bucket: 'plain' }));
  });

  test('is copied with what is told of it', async () => {
    await put('original é', 'hello', { ContentType: 'text/plain', Metadata: { a: 'b' } });
    const CopySource = encodeURI('/plain/original é');
    await client.send(new CopyObjectCommand({ Bucket: 'plain', Key: 'copy', CopySource }));
    expect(await get('copy')).toMatchObject({ ContentType: 'text/plain', Metadata: { a: 'b' } });
    expect(await textOf('copy')).toBe('hello');
  });

  test('is kept over a restart, and no file stays that nothing names', async () => {
    await put('kept', 'one');
    await put('kept', 'two');
    await client.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'copy' }));
    const again = buckets(machineFor({ folder: machine.folder }));
    await again.add(resource('AWS::S3::Bucket', {}, { name: 'plain' }));
    await again.start?.();
    const other = await serve(again.wire as RestService);
    const reader = new S3Client({ ...other.config, forcePathStyle: true });
    const found = await reader.send(new GetObjectCommand({ Bucket: 'plain', Key: 'kept' }));
    expect(await found.Body?.transformToString()).toBe('two');
    const { KeyCount } = await reader.send(new ListObjectsV2Command({ Bucket: 'plain' }));
    expect(readdirSync(join(machine.folder, 'buckets'))).toHaveLength(KeyCount ?? 0);
    await other.close();
  });
});

describe('a versioned bucket', () => {
  test('keeps every version, hides what is deleted, and brings it back', async () => {
    const one = await put('v', 'one', {}, 'versioned');
    const two = await put('v', 'two', {}, 'versioned');
    const gone = await client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'v' }));
    expect(gone.DeleteMarker).toBe(true);
    await expect(get('v', {}, 'versioned')).rejects.toThrow(named('NoSuchKey'));
    expect(await textOf('v', { VersionId: one.VersionId }, 'versioned')).toBe('one');
    const listed = await client.send(new ListObjectVersionsCommand({ Bucket: 'versioned', Prefix: 'v' }));
    expect(listed.Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [two.VersionId, false],
      [one.VersionId, false],
    ]);
    expect(listed.DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [gone.VersionId, true],
    ]);
    await client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'v', VersionId: gone.VersionId }));
    expect(await textOf('v', {}, 'versioned')).toBe('two');
    await client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'v', VersionId: two.VersionId }));
    expect(await textOf('v', {}, 'versioned')).toBe('one');
    await expect(get('v', { VersionId: 'none' }, 'versioned')).rejects.toThrow(named('NoSuchVersion'));
  });

  test('asks IAM for object, version and key', async () => {
    server.demands.length = 0;
    const { VersionId } = await put('k', 'one', {}, 'versioned');
    await get('k', { VersionId }, 'versioned');
    await client.send(new ListObjectsV2Command({ Bucket: 'versioned', Prefix: 'k' }));
    const context = { 'kms:ViaService': 's3.us-east-1.amazonaws.com' };
    expect(server.demands).toEqual([
      { action: 's3:PutObject', resource: 'arn:aws:s3:::versioned/k' },
      { action: 'kms:GenerateDataKey', resource: KEY_ARN, context },
      { action: 's3:GetObjectVersion', resource: 'arn:aws:s3:::versioned/k' },
      { action: 'kms:Decrypt', resource: KEY_ARN, context },
      { action: 's3:ListBucket', resource: 'arn:aws:s3:::versioned', context: { 's3:prefix': 'k' } },
    ]);
  });
});

describe('a list', () => {
  beforeAll(async () => {
    for (const key of ['a/1', 'a/2', 'a/b/3', 'b', 'c/1', 'ü']) await put(key, key, {}, 'listing');
  });
  const list = async (more: object) => {
    const page = await client.send(new ListObjectsV2Command({ Bucket: 'listing', ...more }));
    const keys = page.Contents?.map(({ Key }) => Key) ?? [];
    return { keys, prefixes: page.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? [], next: page.NextContinuationToken };
  };

  test('has the keys in order, page by page', async () => {
    const first = await list({ MaxKeys: 4 });
    expect(first.keys).toEqual(['a/1', 'a/2', 'a/b/3', 'b']);
    expect(await list({ MaxKeys: 4, ContinuationToken: first.next })).toEqual({
      keys: ['c/1', 'ü'],
      prefixes: [],
      next: undefined,
    });
  });

  test('puts what lies deeper together', async () => {
    expect(await list({ Delimiter: '/' })).toMatchObject({ keys: ['b', 'ü'], prefixes: ['a/', 'c/'] });
    expect(await list({ Delimiter: '/', Prefix: 'a/' })).toMatchObject({ keys: ['a/1', 'a/2'], prefixes: ['a/b/'] });
    const first = await list({ Delimiter: '/', MaxKeys: 1 });
    expect(first.prefixes).toEqual(['a/']);
    expect(await list({ Delimiter: '/', ContinuationToken: first.next })).toMatchObject({
      keys: ['b', 'ü'],
      prefixes: ['c/'],
    });
  });

  test('begins after a key', async () => {
    expect((await list({ StartAfter: 'b', MaxKeys: 1 })).keys).toEqual(['c/1']);
  });
});

describe('an upload in parts', () => {
  const begin = async (Key: string) => {
    const began = await client.send(
      new CreateMultipartUploadCommand({ Bucket: 'plain', Key, ContentType: 'text/csv' }),
    );
    const at = { Bucket: 'plain', Key, UploadId: began.UploadId };
    const part = async (PartNumber: number, Body: string) => {
      const { ETag } = await client.send(new UploadPartCommand({ ...at, PartNumber, Body }));
      return { PartNumber, ETag };
    };
    const complete = (...Parts: object[]) =>
      client.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }));
    return { at, part, complete };
  };

  test('becomes one object', async () => {
    const { part, complete } = await begin('parts');
    const [second, first] = [await part(2, 'two'), await part(1, 'one,')];
    const { ETag } = await complete(first, second);
    expect(ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    const found = await get('parts');
    expect([await found.Body?.transformToString(), found.ContentType, found.ETag]).toEqual([
      'one,two',
      'text/csv',
      ETag,
    ]);
  });

  test('needs its parts as they were put, in order', async () => {
    const { part, complete } = await begin('wrong');
    const [one, two] = [await part(1, 'one'), await part(2, 'two')];
    await expect(complete(two, one)).rejects.toThrow(named('InvalidPartOrder'));
    await expect(complete(one, { ...two, PartNumber: 3 })).rejects.toThrow(named('InvalidPart'));
  });

  test('leaves nothing when it is given up', async () => {
    const before = readdirSync(join(machine.folder, 'buckets')).length;
    const { at, part } = await begin('given-up');
    await part(1, 'one');
    await client.send(new AbortMultipartUploadCommand(at));
    await expect(part(2, 'two')).rejects.toThrow(named('NoSuchUpload'));
    expect(readdirSync(join(machine.folder, 'buckets'))).toHaveLength(before);
  });
});

test('a presigned link works until it expires on the moved clock, and names what the file is called', async () => {
  await put('link', 'hello');
  const date = new Date(machine.clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  const signed = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=${date}&X-Amz-Expires=60&x-id=GetObject`;
  const link = `${server.url}/plain/link?${signed}&response-content-disposition=${encodeURIComponent('attachment; filename="a.csv"')}`;
  const response = await fetch(link);
  expect([response.status, response.headers.get('content-disposition'), await response.text()]).toEqual([
    200,
    'attachment; filename="a.csv"',
    'hello',
  ]);
  machine.clock.moveTo(machine.clock.now() + 61_000);
  const late = await fetch(link);
  expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('Request has expired')]);
});

describe('what is not supported is refused by name', () => {
  test('of a bucket', () => {
    expect(() => bucket('odd', { VersioningConfiguration: { Status: 'Suspended' } })).toThrow(
      /stack\/odd \(AWS::S3::Bucket\): VersioningConfiguration.Status = "Suspended"/,
    );
  });

  test('of a call', async () => {
    await expect(put('a', 'b', { StorageClass: 'GLACIER' })).rejects.toThrow(/PutObject with x-amz-storage-class/);
    const response = await fetch(`${server.url}/plain/link?acl`);
    expect([response.status, await response.text()]).toEqual([501, expect.stringContaining('GetObject with acl')]);
  });
});
