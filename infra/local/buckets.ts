import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { AwsError, type Demand, type Machine, REGION, type RestAnswer, type RestCall, type Service } from './cloud.ts';

const Bucket = z.looseObject({
  VersioningConfiguration: z.strictObject({ Status: z.literal('Enabled') }),
  BucketEncryption: z.strictObject({
    ServerSideEncryptionConfiguration: z.tuple([
      z.strictObject({
        BucketKeyEnabled: z.boolean(),
        ServerSideEncryptionByDefault: z.strictObject({
          SSEAlgorithm: z.literal('aws:kms'),
          KMSMasterKeyID: z.string().startsWith('arn:'),
        }),
      }),
    ]),
  }),
});

/** As `select *` gives it; `seq` counts the versions of all objects, and is the version's id. */
const Version = z.object({
  seq: z.number(),
  etag: z.string(),
  /** As they are given back: `content-type`, `x-amz-meta-…`. */
  headers: z.string().transform((text) => z.record(z.string(), z.string()).parse(JSON.parse(text))),
  modified_at: z.number(),
  bytes: z.instanceof(Uint8Array),
});
const Listed = z.array(
  z.object({ seq: z.number(), key: z.string(), etag: z.string(), modified_at: z.number(), size: z.number() }),
);
const Upload = z.object({ id: z.number(), headers: z.string() });
const Part = z.object({ etag: z.string(), bytes: z.instanceof(Uint8Array) });
/** S3 refuses smaller parts, but for the last one. */
const LEAST_PART_BYTES = 5 * 1024 * 1024;

type Asked = ReturnType<typeof askedOf>;

interface Operation {
  readonly name: string;
  /** What IAM must allow. */
  readonly action: string;
  /** What it does with the bucket's key; undefined for one that needs none. */
  readonly keyAction?: string;
  /** The parts of the query that it understands, beside a signature's; all others are refused. */
  readonly query: readonly string[];
  readonly run: (machine: Machine, asked: Asked) => RestAnswer;
}

const WRITES = { action: 's3:PutObject', keyAction: 'kms:GenerateDataKey' };
/** What stands so far is decrypted to be put together. */
const ADDS = { action: 's3:PutObject', keyAction: 'kms:Decrypt' };
const READ_PARTS = ['versionId', 'response-content-disposition'];
/** What of the query decides the operation, beside the method. */
const DECIDING = ['versions', 'uploads', 'uploadId'];
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET bucket versions': {
    name: 'ListObjectVersions',
    action: 's3:ListBucketVersions',
    query: ['versions', 'prefix'],
    run: versionsListed,
  },
  'GET object': { name: 'GetObject', action: 's3:GetObject', keyAction: 'kms:Decrypt', query: READ_PARTS, run: read },
  'PUT object': { name: 'PutObject', ...WRITES, query: [], run: put },
  'POST object uploads': { name: 'CreateMultipartUpload', ...WRITES, query: ['uploads'], run: beginUpload },
  'PUT object uploadId': { name: 'UploadPart', ...ADDS, query: ['partNumber', 'uploadId'], run: putPart },
  'POST object uploadId': { name: 'CompleteMultipartUpload', ...ADDS, query: ['uploadId'], run: completeUpload },
  'DELETE object uploadId': {
    name: 'AbortMultipartUpload',
    action: 's3:AbortMultipartUpload',
    query: ['uploadId'],
    run: abortUpload,
  },
};

/** What a presigned link has in its query. */
const SIGNATURE_PART =
  /^x-(id|amz-(algorithm|credential|date|expires|signedheaders|signature|security-token|content-sha256|checksum-mode))$/i;
/** What the SDK adds to every call, and what is carried out. */
const KNOWN_HEADER =
  /^x-amz-(date|security-token|content-sha256|user-agent|sdk-.*|checksum-(crc32|mode|algorithm|type)|meta-.*)$/;
/** Without them an answer would not be what was asked for. */
const REFUSED_HEADER = /^(range|if-(match|unmodified-since)|content-md5|content-encoding)$/;

/** S3 with addresses in path style: objects in versioned, encrypted buckets, which are never deleted. */
export function buckets(machine: Machine): Service {
  /** The keys without which nobody reads or writes in a bucket, though nothing is encrypted on this machine. */
  const keyArns = new Map<string, string>();
  machine.store.exec(`
    create table if not exists object_versions (
      seq integer primary key autoincrement, bucket text not null, key text not null, etag text not null,
      headers text not null, modified_at integer not null, bytes blob not null);
    create index if not exists object_versions_by_key on object_versions (bucket, key, seq);
    create table if not exists uploads (
      id integer primary key autoincrement, bucket text not null, key text not null, headers text not null);
    create table if not exists upload_parts (
      upload integer not null, number integer not null, etag text not null, bytes blob not null,
      primary key (upload, number))`);
  return {
    carries: {
      'AWS::S3::Bucket': {
        properties: ['VersioningConfiguration', 'BucketEncryption'],
        // Nothing here is public, and nothing is tidied away.
        withoutEffect: ['PublicAccessBlockConfiguration', 'LifecycleConfiguration'],
      },
      'AWS::S3::BucketPolicy': { properties: ['Bucket', 'PolicyDocument'] }, // IAM decides by it.
    },
    add(resource) {
      if (resource.type !== 'AWS::S3::Bucket') return;
      const [encryption] = propertiesOf(Bucket, resource).BucketEncryption.ServerSideEncryptionConfiguration;
      keyArns.set(resource.name, encryption.ServerSideEncryptionByDefault.KMSMasterKeyID);
    },
    wire: {
      kind: 'rest',
      signingName: 's3',
      demands: (call) => demandsOf(call, keyArns),
      async answer(call) {
        refuseExpired(call, machine);
        const asked = askedOf(call);
        if (!keyArns.has(asked.bucket))
          throw new AwsError('NoSuchBucket', `The specified bucket does not exist: ${asked.bucket}`, 404);
        return operationOf(asked).run(machine, asked);
      },
    },
  };
}

/** A call, and what it is about; an empty key for the bucket itself. */
function askedOf(call: RestCall) {
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(call.path) ?? [];
  return { ...call, bucket, key };
}

/** @throws AwsError naming the operation, the part of the query or the header that is not supported */
function operationOf({ method, path, key, query, headers }: Asked): Operation {
  const unsupported = (what: string) => new AwsError('NotImplemented', `${what} is not supported on this machine`, 501);
  const deciding = DECIDING.filter((part) => query.has(part));
  const operation = OPERATIONS[[method, key === '' ? 'bucket' : 'object', ...deciding].join(' ')];
  if (!operation) throw unsupported(`${method} ${path}?${[...query.keys()].join('&')}`);
  for (const part of query.keys())
    if (!SIGNATURE_PART.test(part) && !operation.query.includes(part))
      throw unsupported(`${operation.name} with ${part}`);
  for (const header of Object.keys(headers))
    if (REFUSED_HEADER.test(header) || (header.startsWith('x-amz-') && !KNOWN_HEADER.test(header)))
      throw unsupported(`${operation.name} with ${header}`);
  return operation;
}

function demandsOf(call: RestCall, keyArns: ReadonlyMap<string, string>): readonly Demand[] {
  const asked = askedOf(call);
  const { action, keyAction } = operationOf(asked);
  const arn = `arn:aws:s3:::${asked.bucket}`;
  if (asked.key === '') return [{ action, resource: arn, context: { 's3:prefix': call.query.get('prefix') ?? '' } }];
  const object = { action: call.query.has('versionId') ? `${action}Version` : action, resource: `${arn}/${asked.key}` };
  const keyArn = keyArns.get(asked.bucket);
  const context = { 'kms:ViaService': `s3.${REGION}.amazonaws.com` };
  return keyArn && keyAction ? [object, { action: keyAction, resource: keyArn, context }] : [object];
}

/** A presigned link works for the seconds that it names, on the moved clock. */
function refuseExpired({ query }: RestCall, { clock }: Machine): void {
  const expires = query.get('X-Amz-Expires');
  if (expires === null) return;
  const signedAt = (query.get('X-Amz-Date') ?? '').replace(/^(.{4})(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  if (!(clock.now() <= Date.parse(signedAt) + Number(expires) * 1000))
    throw new AwsError('AccessDenied', 'Request has expired', 403);
}

function put(machine: Machine, asked: Asked): RestAnswer {
  const etag = etagOf(asked);
  if (asked.headers['if-none-match'] !== undefined && found(machine, asked))
    throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
  const version = added(machine, asked, etag, keptHeaders(asked), asked.body);
  return { status: 200, headers: { etag: `"${etag}"`, 'x-amz-version-id': version } };
}

/** @throws AwsError BadDigest when the bytes are not those that were meant */
function etagOf({ headers, body }: Asked): string {
  const checksum = headers['x-amz-checksum-crc32'];
  if (checksum !== undefined && Buffer.from(checksum, 'base64').readUInt32BE() !== crc32(body))
    throw new AwsError('BadDigest', 'The CRC32 you specified did not match the calculated checksum.');
  return createHash('md5').update(body).digest('hex');
}

function keptHeaders({ headers }: Asked): string {
  const isKept = /^(content-(type|disposition|language)|cache-control|x-amz-meta-.*)$/;
  return JSON.stringify(Object.fromEntries(Object.entries(headers).filter(([name]) => isKept.test(name))));
}

/** Makes the newest version of an object. @returns its id */
function added({ store, clock }: Machine, { bucket, key }: Asked, etag: string, headers: string, body: Buffer): string {
  const insert = store.prepare('insert into object_versions values (null, ?, ?, ?, ?, ?, ?)');
  return String(insert.run(bucket, key, etag, headers, clock.now(), body).lastInsertRowid);
}

/** The version that is named, or the newest. */
function found({ store }: Machine, { bucket, key, query }: Asked) {
  const select = store.prepare(
    'select * from object_versions where bucket = ? and key = ? and seq = coalesce(?, seq) order by seq desc limit 1',
  );
  const row = select.get(bucket, key, query.get('versionId'));
  return row && Version.parse(row);
}

/** A whole object: a browser that asks whether it has changed is given it again. */
function read(machine: Machine, asked: Asked): RestAnswer {
  const { query } = asked;
  const version = found(machine, asked);
  if (!version && query.has('versionId'))
    throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404);
  if (!version) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  const disposition = query.get('response-content-disposition');
  const headers = {
    'content-type': 'application/octet-stream',
    ...version.headers,
    ...(disposition !== null && { 'content-disposition': disposition }),
    'content-length': String(version.bytes.length),
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.modified_at).toUTCString(),
    'x-amz-version-id': String(version.seq),
  };
  return { status: 200, headers, body: Buffer.from(version.bytes) };
}

/** In the order of their keys, newest first, all on one page. */
function versionsListed({ store }: Machine, { bucket, query }: Asked): RestAnswer {
  const prefix = query.get('prefix') ?? '';
  const select = store.prepare(
    'select seq, key, etag, modified_at, length(bytes) as size from object_versions where bucket = ? and substr(key, 1, length(?)) = ? order by key, seq desc',
  );
  const versions = Listed.parse(select.all(bucket, prefix, prefix)).map(({ seq, key, ...version }, index, all) => {
    const name = key.replace(/[<>&\r]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    const latest = all[index - 1]?.key !== key;
    const at = new Date(version.modified_at).toISOString();
    return `<Version><Key>${name}</Key><VersionId>${seq}</VersionId><IsLatest>${latest}</IsLatest><LastModified>${at}</LastModified><ETag>"${version.etag}"</ETag><Size>${version.size}</Size></Version>`;
  });
  return xml('ListVersionsResult', `<IsTruncated>false</IsTruncated>${versions.join('')}`);
}

// Objects that come in parts: nobody sees anything of them until they are complete.

function beginUpload({ store }: Machine, asked: Asked): RestAnswer {
  const insert = store.prepare('insert into uploads values (null, ?, ?, ?)');
  const { lastInsertRowid } = insert.run(asked.bucket, asked.key, keptHeaders(asked));
  return xml('InitiateMultipartUploadResult', `<UploadId>${lastInsertRowid}</UploadId>`);
}

function uploadOf({ store }: Machine, { bucket, key, query }: Asked) {
  const select = store.prepare('select id, headers from uploads where id = ? and bucket = ? and key = ?');
  const row = select.get(query.get('uploadId'), bucket, key);
  if (!row) throw new AwsError('NoSuchUpload', 'The specified multipart upload does not exist.', 404);
  return Upload.parse(row);
}

function putPart(machine: Machine, asked: Asked): RestAnswer {
  const { id } = uploadOf(machine, asked);
  const number = Number(asked.query.get('partNumber'));
  if (!(Number.isInteger(number) && number >= 1 && number <= 10_000))
    throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  const etag = etagOf(asked);
  machine.store.prepare('insert or replace into upload_parts values (?, ?, ?, ?)').run(id, number, etag, asked.body);
  return { status: 200, headers: { etag: `"${etag}"` } };
}

function completeUpload(machine: Machine, asked: Asked): RestAnswer {
  const { id, headers } = uploadOf(machine, asked);
  const select = machine.store.prepare('select etag, bytes from upload_parts where upload = ? and number = ?');
  const parts = partsNamed(asked.body.toString('utf8')).map(({ number, etag }, index, all) => {
    const row = select.get(id, number);
    const part = row && Part.parse(row);
    if (part?.etag !== etag) throw new AwsError('InvalidPart', `part ${number} could not be found`);
    if (index < all.length - 1 && part.bytes.length < LEAST_PART_BYTES)
      throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed object size.');
    return part;
  });
  const sums = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex')));
  const etag = `${createHash('md5').update(sums).digest('hex')}-${parts.length}`;
  const version = added(machine, asked, etag, headers, Buffer.concat(parts.map(({ bytes }) => bytes)));
  forget(machine, id);
  return xml('CompleteMultipartUploadResult', `<ETag>"${etag}"</ETag>`, { 'x-amz-version-id': version });
}

/** The parts that a call names, which must be in the order of their numbers. */
function partsNamed(body: string) {
  const parts = [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)<\/PartNumber>/.exec(part)?.[1]),
    etag: (/<ETag>(.*?)<\/ETag>/.exec(part)?.[1] ?? '').replace(/&quot;|"/g, ''),
  }));
  if (parts.length === 0) throw new AwsError('MalformedXML', 'The XML you provided was not well-formed');
  if (parts.some(({ number }, index) => index > 0 && number <= (parts[index - 1]?.number ?? 0)))
    throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
  return parts;
}

function abortUpload(machine: Machine, asked: Asked): RestAnswer {
  forget(machine, uploadOf(machine, asked).id);
  return { status: 204 };
}

function forget({ store }: Machine, id: number): void {
  store.prepare('delete from upload_parts where upload = ?').run(id);
  store.prepare('delete from uploads where id = ?').run(id);
}

function xml(tag: string, inner: string, more: RestAnswer['headers'] = {}): RestAnswer {
  const headers = { 'content-type': 'application/xml', ...more };
  return { status: 200, headers, body: `<${tag}>${inner}</${tag}>` };
}
