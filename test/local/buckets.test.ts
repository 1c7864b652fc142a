import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buckets } from '#infra/local/buckets.ts';
import type { RestService } from '#infra/local/cloud.ts';
import { machineFor, resource, serve, type WireServer } from './wire-server.ts';

const KEY_ARN = 'arn:aws:kms:us-east-1:000000000000:key/one';
const VERSIONED = {
  VersioningConfiguration: { Status: 'Enabled' },
  BucketEncryption: {
    ServerSideEncryptionConfiguration: [
      {
        BucketKeyEnabled: true,
        ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY_ARN },
      },
    ],
  },
};
const bucket = (name: string, properties: object = VERSIONED) =>
  resource('AWS::S3::Bucket', { ...properties }, { name, arn: `arn:aws:s3:::${name}` });
const machine = machineFor();
const service = buckets(machine);

let server: WireServer;
let client: S3Client;
beforeAll(async () => {
  for (const name of ['files', 'listing']) await service.add(bucket(name));
  server = await serve(service.wire as RestService);
  client = new S3Client({ ...server.config, forcePathStyle: true });
});
afterAll(() => server.close());

const put = (Key: string, Body: string | Buffer | Readable, more: object = {}, Bucket = 'files') =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more: object = {}, Bucket = 'files') =>
  client.send(new GetObjectCommand({ Bucket, Key, ...more }));
const textOf = async (Key: string, more: object = {}) => (await get(Key, more)).Body?.transformToString();
const named = (name: string) => expect.objectContaining({ name });

describe('an object', () => {
  test('is given back as it was put', async () => {
    await put('a/ü &<b>.txt', 'hello', {
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
  });

  test('may hold any bytes, many or none', async () => {
    const many = Buffer.alloc(5_000_000, 'ab\0');
    await put('many', many);
    await put('none', '');
    expect(many.equals((await (await get('many')).Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
    expect(await textOf('none')).toBe('');
  });

  test('is refused when its bytes are not those that were meant', async () => {
    await expect(put('bad', 'hello', { ChecksumCRC32: 'AAAAAA==' })).rejects.toThrow(named('BadDigest'));
    await expect(get('bad')).rejects.toThrow(named('NoSuchKey'));
  });

  test('is made only if it is new, where that is asked', async () => {
    await put('conditional', 'one', { IfNoneMatch: '*' });
    await expect(put('conditional', 'two', { IfNoneMatch: '*' })).rejects.toThrow(named('PreconditionFailed'));
    expect(await textOf('conditional')).toBe('one');
  });

  test('that is not there is not found, nor in a bucket that is not there', async () => {
    await expect(get('unknown')).rejects.toThrow(named('NoSuchKey'));
    await expect(get('a', {}, 'none')).rejects.toThrow(named('NoSuchBucket'));
  });

  test('is kept over a restart', async () => {
    await put('kept', 'one');
    await put('kept', 'two');
    const again = buckets(machineFor({ folder: machine.folder }));
    await again.add(bucket('files'));
    const other = await serve(again.wire as RestService);
    const reader = new S3Client({ ...other.config, forcePathStyle: true });
    const found = await reader.send(new GetObjectCommand({ Bucket: 'files', Key: 'kept' }));
    expect(await found.Body?.transformToString()).toBe('two');
    await other.close();
  });

  test('keeps every version', async () => {
    const [one, two] = [await put('v', 'one'), await put('v', 'two')];
    expect([await textOf('v'), await textOf('v', { VersionId: one.VersionId })]).toEqual(['two', 'one']);
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket: 'files', Prefix: 'v' }));
    expect(Versions?.map(({ VersionId, IsLatest, ETag, Size }) => [VersionId, IsLatest, ETag, Size])).toEqual([
      [two.VersionId, true, two.ETag, 3],
      [one.VersionId, false, one.ETag, 3],
    ]);
    expect(Versions?.[0]?.LastModified).toBeInstanceOf(Date);
    await expect(get('v', { VersionId: 'none' })).rejects.toThrow(named('NoSuchVersion'));
    await expect(get('kept', { VersionId: one.VersionId })).rejects.toThrow(named('NoSuchVersion'));
  });
});

describe('an object in parts', () => {
  const PART = 5 * 1024 * 1024;
  const where = (Key: string) => ({ Bucket: 'files', Key });
  const begin = async (Key: string) => {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ ...where(Key), ContentType: 'text/csv' }),
    );
    const part = async (PartNumber: number, Body: Buffer) => ({
      PartNumber,
      ETag: (await client.send(new UploadPartCommand({ ...where(Key), UploadId, PartNumber, Body }))).ETag,
    });
    const complete = (Parts: { PartNumber: number; ETag: string | undefined }[]) =>
      client.send(new CompleteMultipartUploadCommand({ ...where(Key), UploadId, MultipartUpload: { Parts } }));
    const abort = () => client.send(new AbortMultipartUploadCommand({ ...where(Key), UploadId }));
    return { part, complete, abort };
  };

  test('is one object when it is complete, and nobody sees it before', async () => {
    const bytes = Buffer.alloc(2 * PART + 7, 'abc');
    await put('large', 'before');
    const body = Readable.from([bytes.subarray(0, PART + 1), bytes.subarray(PART + 1)]);
    const upload = new Upload({
      client,
      params: { ...where('large'), Body: body, ContentType: 'text/csv' },
      partSize: PART,
      queueSize: 1,
    });
    await upload.done();
    const found = await get('large');
    expect(bytes.equals((await found.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
    expect(found).toMatchObject({ ContentType: 'text/csv', ETag: expect.stringMatching(/^"[0-9a-f]{32}-3"$/) });
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket: 'files', Prefix: 'large' }));
    expect(Versions).toHaveLength(2);
  });

  test('takes a part that comes again in the place of the first, and parts in any order', async () => {
    const { part, complete } = await begin('again');
    const second = await part(2, Buffer.from('end'));
    await part(1, Buffer.alloc(PART, 'x'));
    await expect(get('again')).rejects.toThrow(named('NoSuchKey'));
    const first = await part(1, Buffer.alloc(PART, 'y'));
    await complete([first, second]);
    expect(await textOf('again')).toBe(`${'y'.repeat(PART)}end`);
    await expect(complete([first, second])).rejects.toThrow(named('NoSuchUpload'));
  });

  test('is refused with parts that are missing, small, turned round, or none', async () => {
    const { part, complete, abort } = await begin('odd');
    const [one, two] = [await part(1, Buffer.from('a')), await part(2, Buffer.from('b'))];
    await expect(complete([{ PartNumber: 3, ETag: two.ETag }])).rejects.toThrow(/part 3/);
    await expect(complete([one, two])).rejects.toThrow(named('EntityTooSmall'));
    await expect(complete([two, one])).rejects.toThrow(named('InvalidPartOrder'));
    await expect(complete([])).rejects.toThrow(named('MalformedXML'));
    await expect(part(10_001, Buffer.from('c'))).rejects.toThrow(/between 1 and 10000/);
    await abort();
    await expect(part(1, Buffer.from('a'))).rejects.toThrow(named('NoSuchUpload'));
    await expect(get('odd')).rejects.toThrow(named('NoSuchKey'));
  });

  test('asks IAM for the object, and for the key as S3 does', async () => {
    server.demands.length = 0;
    const { part, complete } = await begin('asked');
    await complete([await part(1, Buffer.from('a'))]);
    await (await begin('asked')).abort();
    expect(server.demands.map(({ action }) => action)).toEqual([
      ...['s3:PutObject', 'kms:GenerateDataKey', 's3:PutObject', 'kms:Decrypt', 's3:PutObject', 'kms:Decrypt'],
      ...['s3:PutObject', 'kms:GenerateDataKey', 's3:AbortMultipartUpload'],
    ]);
    expect(server.demands.at(-1)?.resource).toBe('arn:aws:s3:::files/asked');
  });
});

test('a list has the versions below a prefix, in the order of their keys, the newest first', async () => {
  for (const key of ['c', 'a/2', 'ü', 'a/1 &', 'a/2']) await put(key, key, {}, 'listing');
  const list = async (Prefix?: string) => {
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket: 'listing', Prefix }));
    return Versions?.map(({ Key, IsLatest }) => [Key, IsLatest]);
  };
  const below = [
    ['a/1 &', true],
    ['a/2', true],
    ['a/2', false],
  ];
  expect(await list('a/')).toEqual(below);
  expect(await list()).toEqual([...below, ['c', true], ['ü', true]]);
  expect(await list('none')).toBeUndefined();
});

test('IAM is asked for object, version and key', async () => {
  const { VersionId } = await put('k', 'one');
  server.demands.length = 0;
  await put('k', 'two');
  await get('k', { VersionId });
  await client.send(new ListObjectVersionsCommand({ Bucket: 'files', Prefix: 'k' }));
  const context = { 'kms:ViaService': 's3.us-east-1.amazonaws.com' };
  expect(server.demands).toEqual([
    { action: 's3:PutObject', resource: 'arn:aws:s3:::files/k' },
    { action: 'kms:GenerateDataKey', resource: KEY_ARN, context },
    { action: 's3:GetObjectVersion', resource: 'arn:aws:s3:::files/k' },
    { action: 'kms:Decrypt', resource: KEY_ARN, context },
    { action: 's3:ListBucketVersions', resource: 'arn:aws:s3:::files', context: { 's3:prefix': 'k' } },
  ]);
});

test('a presigned link works until it expires on the moved clock, and names what the file is called', async () => {
  await put('link', 'hello');
  const date = new Date(machine.clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  const signed = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=${date}&X-Amz-Expires=60&x-id=GetObject&x-amz-checksum-mode=ENABLED`;
  const link = `${server.url}/files/link?${signed}&response-content-disposition=${encodeURIComponent('attachment; filename="a.csv"')}`;
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
    const suspended = { ...VERSIONED, VersioningConfiguration: { Status: 'Suspended' } };
    expect(() => service.add(bucket('odd', suspended))).toThrow(
      /stack\/odd \(AWS::S3::Bucket\): VersioningConfiguration.Status = "Suspended"/,
    );
  });

  test('of a call', async () => {
    await expect(put('a', 'b', { StorageClass: 'GLACIER' })).rejects.toThrow(/PutObject with x-amz-storage-class/);
    await expect(put('a', Readable.from(['b']), { ContentLength: 1 })).rejects.toThrow(/PutObject with/);
    await expect(get('a', { Range: 'bytes=0-1' })).rejects.toThrow(/GetObject with range/);
    await expect(client.send(new DeleteObjectCommand({ Bucket: 'files', Key: 'a' }))).rejects.toThrow(
      /DELETE \/files\/a/,
    );
    await expect(client.send(new ListObjectsV2Command({ Bucket: 'files' }))).rejects.toThrow(
      /GET \/files\/?\?list-type/,
    );
    await expect(client.send(new ListObjectVersionsCommand({ Bucket: 'files', MaxKeys: 1 }))).rejects.toThrow(
      /max-keys/,
    );
    const response = await fetch(`${server.url}/files/link?acl`);
    expect([response.status, await response.text()]).toEqual([501, expect.stringContaining('GetObject with acl')]);
  });
});
