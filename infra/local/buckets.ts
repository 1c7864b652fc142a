import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { AwsError, type Demand, type Machine, REGION, type RestAnswer, type RestCall, type Service } from './cloud.ts';
import { keptUploads } from './multipart.ts';

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

const Version = z.object({
  /** Counts the versions of all objects, and is the version's id. */
  seq: z.number(),
  key: z.string(),
  etag: z.string(),
  size: z.number(),
  /** As they are given back: `content-type`, `x-amz-meta-…`. */
  headers: z.string().transform((text) => z.record(z.string(), z.string()).parse(JSON.parse(text))),
  modified_at: z.number(),
  latest: z.number(),
});
type Version = z.infer<typeof Version>;

/** A call, and what it is about; an empty key for the bucket itself. */
interface Asked extends RestCall {
  readonly bucket: string;
  readonly key: string;
}

interface Operation {
  /** What IAM must allow. */
  readonly action: string;
  /** What it does with the bucket's key; undefined for one that needs none. */
  readonly keyAction?: string;
  /** The parts of the query that it understands, beside a signature's; all others are refused. */
  readonly query: readonly string[];
  readonly run: (objects: Objects, asked: Asked) => RestAnswer;
}

const READ_PARTS = ['versionId', 'response-content-disposition'];
const OPERATIONS = {
  ListObjectsV2: { action: 's3:ListBucket', query: ['list-type', 'prefix'], run: listed },
  ListObjectVersions: { action: 's3:ListBucketVersions', query: ['versions', 'prefix'], run: versionsListed },
  GetObject: { action: 's3:GetObject', keyAction: 'kms:Decrypt', query: READ_PARTS, run: read },
  HeadObject: { action: 's3:GetObject', keyAction: 'kms:Decrypt', query: READ_PARTS, run: read },
  PutObject: { action: 's3:PutObject', keyAction: 'kms:GenerateDataKey', query: [], run: put },
  CreateMultipartUpload: {
    action: 's3:PutObject',
    keyAction: 'kms:GenerateDataKey',
    query: ['uploads'],
    run: ({ uploads }, asked) => uploads.begin(asked, keptHeaders(asked)),
  },
  // What stands so far is decrypted to be put together.
  UploadPart: {
    action: 's3:PutObject',
    keyAction: 'kms:Decrypt',
    query: ['partNumber', 'uploadId'],
    run: ({ uploads }, asked) => uploads.part(asked),
  },
  CompleteMultipartUpload: {
    action: 's3:PutObject',
    keyAction: 'kms:Decrypt',
    query: ['uploadId'],
    run: ({ uploads, add }, asked) => uploads.complete(asked, (object) => add(asked.bucket, asked.key, object)),
  },
  AbortMultipartUpload: {
    action: 's3:AbortMultipartUpload',
    query: ['uploadId'],
    run: ({ uploads }, asked) => uploads.abort(asked),
  },
} as const satisfies Record<string, Operation>;

const OF_OBJECT: Readonly<Record<string, keyof typeof OPERATIONS>> = {
  GET: 'GetObject',
  HEAD: 'HeadObject',
  PUT: 'PutObject',
};
const OF_UPLOAD: Readonly<Record<string, keyof typeof OPERATIONS>> = {
  PUT: 'UploadPart',
  POST: 'CompleteMultipartUpload',
  DELETE: 'AbortMultipartUpload',
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
  const objects = keptObjects(machine);
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
        return operationOf(asked).run(objects, asked);
      },
    },
  };
}

function askedOf(call: RestCall): Asked {
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(call.path) ?? [];
  return { ...call, bucket, key };
}

/** @throws AwsError naming the operation, the part of the query or the header that is not supported */
function operationOf({ method, path, key, query, headers }: Asked): Operation {
  const unsupported = (what: string) => new AwsError('NotImplemented', `${what} is not supported on this machine`, 501);
  const ofBucket = query.has('versions') ? 'ListObjectVersions' : query.has('list-type') ? 'ListObjectsV2' : undefined;
  const name = key !== '' ? operationOn(method, query) : method === 'GET' ? ofBucket : undefined;
  if (!name) throw unsupported(`${method} ${path}?${[...query.keys()].join('&')}`);
  const operation: Operation = OPERATIONS[name];
  for (const part of query.keys())
    if (!SIGNATURE_PART.test(part) && !operation.query.includes(part)) throw unsupported(`${name} with ${part}`);
  for (const header of Object.keys(headers))
    if (REFUSED_HEADER.test(header) || (header.startsWith('x-amz-') && !KNOWN_HEADER.test(header)))
      throw unsupported(`${name} with ${header}`);
  return operation;
}

function operationOn(method: string, query: URLSearchParams): keyof typeof OPERATIONS | undefined {
  if (query.has('uploadId')) return OF_UPLOAD[method];
  return method === 'POST' && query.has('uploads') ? 'CreateMultipartUpload' : OF_OBJECT[method];
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

/** Makes the newest version of an object. */
function put(objects: Objects, { bucket, key, headers, body }: Asked): RestAnswer {
  const checksum = headers['x-amz-checksum-crc32'];
  if (checksum !== undefined && Buffer.from(checksum, 'base64').readUInt32BE() !== crc32(body))
    throw new AwsError('BadDigest', 'The CRC32 you specified did not match the calculated checksum.');
  if (headers['if-none-match'] !== undefined && objects.find(bucket, key))
    throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
  const etag = createHash('md5').update(body).digest('hex');
  const version = objects.add(bucket, key, { etag, body, headers: keptHeaders({ headers }) });
  return { status: 200, headers: { etag: `"${etag}"`, 'x-amz-version-id': String(version) } };
}

function keptHeaders({ headers }: Pick<Asked, 'headers'>): object {
  const isKept = /^(content-(type|disposition|language)|cache-control|x-amz-meta-.*)$/;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isKept.test(name)));
}

/** A whole object: a browser that asks whether it has changed is given it again. */
function read(objects: Objects, { method, bucket, key, query }: Asked): RestAnswer {
  const asked = query.get('versionId');
  const found = objects.find(bucket, key, asked);
  if (!found && asked !== null) throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404);
  if (!found) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  const disposition = query.get('response-content-disposition');
  const headers = {
    'content-type': 'application/octet-stream',
    ...found.headers,
    ...(disposition !== null && { 'content-disposition': disposition }),
    'content-length': String(found.size),
    etag: `"${found.etag}"`,
    'last-modified': new Date(found.modified_at).toUTCString(),
    'x-amz-version-id': String(found.seq),
  };
  return { status: 200, headers, body: method === 'GET' ? objects.bytes(found) : undefined };
}

/** The newest version of each object, all on one page. */
function listed(objects: Objects, { bucket, query }: Asked): RestAnswer {
  const found = objects.list(bucket, query.get('prefix') ?? '').filter(({ latest }) => latest === 1);
  const contents = found.map((version) => `<Contents>${entry(version)}</Contents>`).join('');
  return xmlAnswer('ListBucketResult', `<KeyCount>${found.length}</KeyCount>${contents}`);
}

function versionsListed(objects: Objects, { bucket, query }: Asked): RestAnswer {
  const versions = objects.list(bucket, query.get('prefix') ?? '').map((version) => {
    const { seq, latest } = version;
    return `<Version>${entry(version)}<VersionId>${seq}</VersionId><IsLatest>${latest === 1}</IsLatest></Version>`;
  });
  return xmlAnswer('ListVersionsResult', versions.join(''));
}

function entry({ key, etag, size, modified_at: at }: Version): string {
  const name = key.replace(/[<>&\r]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const modified = new Date(at).toISOString();
  return `<Key>${name}</Key><LastModified>${modified}</LastModified><ETag>"${etag}"</ETag><Size>${size}</Size>`;
}

function xmlAnswer(tag: string, inner: string): RestAnswer {
  const body = `<${tag}><IsTruncated>false</IsTruncated>${inner}</${tag}>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

type Objects = ReturnType<typeof keptObjects>;

/** Objects with all their versions in the store. */
function keptObjects(machine: Machine) {
  const { store, clock } = machine;
  store.exec(`
    create table if not exists object_versions (
      seq integer primary key autoincrement, bucket text not null, key text not null, etag text not null,
      headers text not null, modified_at integer not null, bytes blob not null);
    create index if not exists object_versions_by_key on object_versions (bucket, key, seq)`);
  const newest =
    '(select max(seq) from object_versions as other where other.bucket = each.bucket and other.key = each.key)';
  const columns = `seq, key, etag, length(bytes) as size, headers, modified_at, seq = ${newest} as latest`;
  return {
    uploads: keptUploads(machine),
    add(bucket: string, key: string, { etag, headers, body }: { etag: string; headers: object; body: Buffer }) {
      return store
        .prepare('insert into object_versions values (null, ?, ?, ?, ?, ?, ?)')
        .run(bucket, key, etag, JSON.stringify(headers), clock.now(), body).lastInsertRowid;
    },
    /** The version that is named, or the newest. */
    find(bucket: string, key: string, version: string | null = null): Version | undefined {
      const row = store
        .prepare(
          `select ${columns} from object_versions as each where bucket = ? and key = ? and seq = coalesce(?, ${newest})`,
        )
        .get(bucket, key, version);
      return row && Version.parse(row);
    },
    bytes({ seq }: Version): Buffer {
      const row = store.prepare('select bytes from object_versions where seq = ?').get(seq);
      return Buffer.from(z.instanceof(Uint8Array).parse(row?.bytes));
    },
    /** In the order of their keys, newest first. */
    list(bucket: string, prefix: string): Version[] {
      const rows = store
        .prepare(
          `select ${columns} from object_versions as each
           where bucket = ? and substr(key, 1, length(?)) = ? order by key, seq desc`,
        )
        .all(bucket, prefix, prefix);
      return z.array(Version).parse(rows);
    },
  };
}
