import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Headers, uploadOf } from './bucket-bodies.ts';
import { type KeptObjects, keptObjects, type Part, type Version } from './bucket-objects.ts';
import { propertiesOf } from './checked.ts';
import {
  ACCOUNT,
  AwsError,
  type Demand,
  type Machine,
  REGION,
  type RestAnswer,
  type RestCall,
  type Service,
} from './cloud.ts';

const Bucket = z.looseObject({
  VersioningConfiguration: z.strictObject({ Status: z.literal('Enabled') }).optional(),
  BucketEncryption: z
    .strictObject({
      ServerSideEncryptionConfiguration: z.tuple([
        z.strictObject({
          BucketKeyEnabled: z.boolean().optional(),
          ServerSideEncryptionByDefault: z.strictObject({
            SSEAlgorithm: z.enum(['AES256', 'aws:kms']),
            KMSMasterKeyID: z.string().startsWith('arn:').optional(),
          }),
        }),
      ]),
    })
    .optional(),
});

interface KnownBucket {
  readonly name: string;
  readonly isVersioned: boolean;
  /** Of the key without which nobody reads or writes here, though nothing is encrypted on this machine. */
  readonly keyArn?: string;
}

/** A call, and what it is about. */
interface Asked {
  readonly bucket: KnownBucket;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: Buffer;
}

interface Operation {
  /** What IAM must allow on the object, or on the bucket where the operation is about one. */
  readonly action: string;
  readonly about?: 'bucket';
  /** What it does with the bucket's key. */
  readonly key?: 'kms:Decrypt' | 'kms:GenerateDataKey';
  /** The parts of the query that it understands; all others are refused. */
  readonly query?: readonly string[];
  readonly run: (
    kept: KeptObjects,
    asked: Asked,
    known: ReadonlyMap<string, KnownBucket>,
  ) => RestAnswer | Promise<RestAnswer>;
}

/** S3 with addresses in path style; objects are files below the machine's folder. */
export function buckets(machine: Machine): Service {
  const known = new Map<string, KnownBucket>();
  const kept = keptObjects(machine);
  return {
    carries: {
      'AWS::S3::Bucket': {
        properties: ['BucketName', 'VersioningConfiguration', 'BucketEncryption'],
        // Nothing here is public, and nothing is tidied away.
        withoutEffect: ['PublicAccessBlockConfiguration', 'LifecycleConfiguration', 'OwnershipControls'],
      },
      'AWS::S3::BucketPolicy': { properties: ['Bucket', 'PolicyDocument'] }, // IAM decides by it.
    },
    add(resource) {
      if (resource.type !== 'AWS::S3::Bucket') return;
      const { VersioningConfiguration, BucketEncryption } = propertiesOf(Bucket, resource);
      const encryption = BucketEncryption?.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault;
      known.set(resource.name, {
        name: resource.name,
        isVersioned: VersioningConfiguration !== undefined,
        keyArn: encryption?.KMSMasterKeyID,
      });
    },
    start: () => kept.sweep(),
    wire: {
      kind: 'rest',
      signingName: 's3',
      demands: (call) => demandsOf(call, known),
      async answer(call) {
        refuseExpired(call, machine);
        const asked = askedOf(call, known);
        return operationOf(call).run(kept, asked, known);
      },
    },
  };
}

const OPERATIONS = {
  ListObjectsV2: {
    action: 's3:ListBucket',
    about: 'bucket',
    query: ['list-type', 'prefix', 'delimiter', 'max-keys', 'continuation-token', 'start-after', 'encoding-type'],
    run: (kept, asked) => listed(kept, asked, false),
  },
  ListObjectVersions: {
    action: 's3:ListBucketVersions',
    about: 'bucket',
    query: ['versions', 'prefix', 'delimiter', 'max-keys', 'key-marker', 'encoding-type'],
    run: (kept, asked) => listed(kept, asked, true),
  },
  HeadBucket: {
    action: 's3:ListBucket',
    about: 'bucket',
    run: () => ({ status: 200, headers: { 'x-amz-bucket-region': REGION } }),
  },
  GetObject: {
    action: 's3:GetObject',
    key: 'kms:Decrypt',
    query: ['versionId', 'response-content-type', 'response-content-disposition'],
    run: (kept, asked) => read(kept, asked, true),
  },
  HeadObject: {
    action: 's3:GetObject',
    key: 'kms:Decrypt',
    query: ['versionId'],
    run: (kept, asked) => read(kept, asked, false),
  },
  PutObject: { action: 's3:PutObject', key: 'kms:GenerateDataKey', run: put },
  CopyObject: { action: 's3:PutObject', key: 'kms:GenerateDataKey', run: copied },
  DeleteObject: { action: 's3:DeleteObject', query: ['versionId'], run: deleted },
  CreateMultipartUpload: {
    action: 's3:PutObject',
    key: 'kms:GenerateDataKey',
    query: ['uploads'],
    run: (kept, { bucket, key, headers }) =>
      xmlAnswer('InitiateMultipartUploadResult', {
        Bucket: bucket.name,
        Key: key,
        UploadId: kept.uploads.begin(bucket.name, key, keptHeaders(headers)),
      }),
  },
  UploadPart: { action: 's3:PutObject', key: 'kms:GenerateDataKey', query: ['uploadId', 'partNumber'], run: partPut },
  CompleteMultipartUpload: { action: 's3:PutObject', key: 'kms:Decrypt', query: ['uploadId'], run: completed },
  AbortMultipartUpload: {
    action: 's3:AbortMultipartUpload',
    query: ['uploadId'],
    run(kept, asked) {
      const { id } = uploadAsked(kept, asked);
      const files = kept.uploads.parts(id).map(({ file }) => file);
      kept.uploads.end(id);
      kept.erase(files);
      return { status: 204 };
    },
  },
} as const satisfies Record<string, Operation>;

function nameOf({ method, path, query, headers }: RestCall): keyof typeof OPERATIONS | undefined {
  const upload = query.has('uploadId');
  if (placeOf(path).key === '') {
    if (method === 'HEAD') return 'HeadBucket';
    if (method !== 'GET') return undefined;
    return query.has('versions') ? 'ListObjectVersions' : query.get('list-type') === '2' ? 'ListObjectsV2' : undefined;
  }
  switch (method) {
    case 'GET':
      return upload ? undefined : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      if (upload) return headers['x-amz-copy-source'] === undefined ? 'UploadPart' : undefined;
      return headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject';
    case 'POST':
      return upload ? 'CompleteMultipartUpload' : query.has('uploads') ? 'CreateMultipartUpload' : undefined;
    case 'DELETE':
      return upload ? 'AbortMultipartUpload' : 'DeleteObject';
    default:
      return undefined;
  }
}

/** Headers of S3 that mean something here, or nothing anywhere on one machine. */
const KNOWN_HEADER =
  /^x-amz-(content-sha256|date|security-token|decoded-content-length|trailer|user-agent|sdk-.*|checksum-.*|meta-.*|copy-source|metadata-directive|server-side-encryption.*|expected-bucket-owner|request-payer)$/;

/** @throws AwsError naming the operation, the part of the query or the header that is not supported */
function operationOf(call: RestCall): Operation {
  const name = nameOf(call);
  const unsupported = (what: string) => new AwsError('NotImplemented', `${what} is not supported on this machine`, 501);
  if (!name) throw unsupported(`${call.method} ${call.path}?${[...call.query.keys()].join('&')}`);
  const operation: Operation = OPERATIONS[name];
  for (const key of call.query.keys())
    if (!/^x-(amz-|id$)/i.test(key) && !operation.query?.includes(key)) throw unsupported(`${name} with ${key}`);
  for (const header of Object.keys(call.headers))
    if (header.startsWith('x-amz-') && !KNOWN_HEADER.test(header)) throw unsupported(`${name} with ${header}`);
  return operation;
}

function placeOf(path: string): { name: string; key: string } {
  const [, name = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return { name, key };
}

function askedOf({ path, query, headers: sent, body }: RestCall, known: ReadonlyMap<string, KnownBucket>): Asked {
  const { name, key } = placeOf(path);
  const bucket = known.get(name);
  if (!bucket) throw new AwsError('NoSuchBucket', `The specified bucket does not exist: ${name}`, 404);
  // In a presigned link the headers of S3 stand in the query.
  const inQuery = [...query].flatMap(([header, value]) => (header.startsWith('x-amz-') ? [[header, value]] : []));
  const headers: Headers = { ...Object.fromEntries(inQuery), ...sent };
  if ((headers['x-amz-expected-bucket-owner'] ?? ACCOUNT) !== ACCOUNT)
    throw new AwsError('AccessDenied', 'Access Denied', 403);
  return { bucket, key, query, headers, body };
}

function demandsOf(call: RestCall, known: ReadonlyMap<string, KnownBucket>): readonly Demand[] {
  const { action, about, key: keyAction } = operationOf(call);
  const { name, key } = placeOf(call.path);
  const arn = `arn:aws:s3:::${name}`;
  const prefix = call.query.get('prefix');
  if (about === 'bucket')
    return [{ action, resource: arn, ...(prefix !== null && { context: { 's3:prefix': prefix } }) }];
  const isVersion = call.query.has('versionId');
  const ofKey = (used: string | undefined, bucket: string): Demand[] => {
    const keyArn = known.get(bucket)?.keyArn;
    if (!keyArn || !used) return [];
    return [{ action: used, resource: keyArn, context: { 'kms:ViaService': `s3.${REGION}.amazonaws.com` } }];
  };
  const own: Demand[] = [
    { action: isVersion ? `${action}Version` : action, resource: `${arn}/${key}` },
    ...ofKey(keyAction, name),
  ];
  const source = call.headers['x-amz-copy-source'];
  if (source === undefined) return own;
  const from = sourceOf(source);
  const reading = from.version === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
  return [
    { action: reading, resource: `arn:aws:s3:::${from.name}/${from.key}` },
    ...ofKey('kms:Decrypt', from.name),
    ...own,
  ];
}

/** A presigned link works for the seconds that it names, on the moved clock. */
function refuseExpired({ query }: RestCall, { clock }: Machine): void {
  const expires = query.get('X-Amz-Expires');
  if (expires === null) return;
  const [, date = '', time = ''] = /^(\d{8})T(\d{6})Z$/.exec(query.get('X-Amz-Date') ?? '') ?? [];
  const signedAt = Date.parse(
    `${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`,
  );
  if (!(clock.now() <= signedAt + Number(expires) * 1000))
    throw new AwsError('AccessDenied', 'Request has expired', 403);
}

/** What is given back with an object as it was sent. */
function keptHeaders(headers: Headers): Record<string, string> {
  const kept = Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (name === 'content-encoding') {
      const rest = value.split(/,\s*/).filter((each) => each !== 'aws-chunked');
      return rest.length > 0 ? [[name, rest.join(', ')]] : [];
    }
    const isKept = /^(content-(type|disposition|language)|cache-control|expires|x-amz-meta-.*)$/.test(name);
    return isKept ? [[name, value]] : [];
  });
  return { 'content-type': 'application/octet-stream', ...Object.fromEntries(kept) };
}

function versionHeader({ isVersioned }: KnownBucket, version: string): Record<string, string> {
  return isVersioned ? { 'x-amz-version-id': version } : {};
}

async function put(kept: KeptObjects, { bucket, key, headers, body }: Asked): Promise<RestAnswer> {
  const { bytes, checksums } = uploadOf(headers, body);
  const etag = md5(bytes);
  const file = await kept.write(bytes);
  refuseUnmet(kept, { bucket, key, headers }, file);
  const stored = { etag, size: bytes.length, headers: { ...keptHeaders(headers), ...checksums }, file };
  const version = kept.add(bucket.name, key, bucket.isVersioned, stored);
  return { status: 200, headers: { etag: `"${etag}"`, ...checksums, ...versionHeader(bucket, version) } };
}

/** Conditions of a write: looked at when the bytes are there, in one go with making them known. */
function refuseUnmet(
  kept: KeptObjects,
  { bucket, key, headers }: Pick<Asked, 'bucket' | 'key' | 'headers'>,
  file: string,
): void {
  const found = kept.find(bucket.name, key);
  const etag = found && !found.marker ? `"${found.etag}"` : undefined;
  const { 'if-none-match': none, 'if-match': match } = headers;
  if ((none === undefined || etag === undefined) && (match === undefined || match === etag)) return;
  kept.erase([file]);
  throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
}

function objectOf(kept: KeptObjects, bucket: KnownBucket, key: string, version?: string): Version {
  const found = kept.find(bucket.name, key, version);
  if (!found && version !== undefined)
    throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404);
  if (!found || (found.marker && version === undefined))
    throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  if (found.marker) throw new AwsError('MethodNotAllowed', 'A delete marker cannot be read.', 405);
  return found;
}

async function read(kept: KeptObjects, { bucket, key, query, headers }: Asked, withBody: boolean): Promise<RestAnswer> {
  const found = objectOf(kept, bucket, key, query.get('versionId') ?? undefined);
  const etag = `"${found.etag}"`;
  const range = rangeOf(headers.range, found.size);
  const stored = Object.entries(found.headers).filter(
    ([name]) => !name.startsWith('x-amz-checksum-') || (headers['x-amz-checksum-mode'] === 'ENABLED' && !range),
  );
  const overridden = ['content-type', 'content-disposition'].flatMap((name) => {
    const value = query.get(`response-${name}`);
    return value === null ? [] : [[name, value]];
  });
  const answer = {
    ...Object.fromEntries([...stored, ...overridden]),
    etag,
    'last-modified': new Date(found.modified_at).toUTCString(),
    'accept-ranges': 'bytes',
    ...versionHeader(bucket, found.version),
  };
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag)
    throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
  if (headers['if-none-match'] === etag) return { status: 304, headers: answer };
  const length = range ? range.last - range.first + 1 : found.size;
  return {
    status: range ? 206 : 200,
    headers: {
      ...answer,
      'content-length': String(length),
      ...(range && { 'content-range': `bytes ${range.first}-${range.last}/${found.size}` }),
    },
    body: withBody ? await kept.read(found, range) : undefined,
  };
}

/** Undefined for the whole object. */
function rangeOf(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first <= last) return { first, last };
  throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416);
}

/** Without a version, a versioned bucket gets a delete marker. */
function deleted(kept: KeptObjects, { bucket, key, query }: Asked): RestAnswer {
  const version = query.get('versionId') ?? (bucket.isVersioned ? undefined : 'null');
  if (version === undefined) {
    const marker = kept.add(bucket.name, key, true);
    return { status: 204, headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker } };
  }
  const removed = kept.remove(bucket.name, key, version);
  return {
    status: 204,
    headers: { ...versionHeader(bucket, version), ...(removed?.marker && { 'x-amz-delete-marker': 'true' }) },
  };
}

function sourceOf(header: string): { name: string; key: string; version?: string } {
  const [path = '', version] = header.split('?versionId=');
  return { ...placeOf(`/${decodeURIComponent(path).replace(/^\//, '')}`), version };
}

async function copied(
  kept: KeptObjects,
  { bucket, key, headers }: Asked,
  known: ReadonlyMap<string, KnownBucket>,
): Promise<RestAnswer> {
  const source = sourceOf(headers['x-amz-copy-source'] ?? '');
  const from = known.get(source.name);
  if (!from) throw new AwsError('NoSuchBucket', `The specified bucket does not exist: ${source.name}`, 404);
  const { etag, size, headers: before, file: original } = objectOf(kept, from, source.key, source.version);
  const file = await kept.join([original]);
  const own = headers['x-amz-metadata-directive'] === 'REPLACE' ? keptHeaders(headers) : before;
  const version = kept.add(bucket.name, key, bucket.isVersioned, { etag, size, headers: own, file });
  const { modified_at: at } = objectOf(kept, bucket, key);
  const answer = xmlAnswer('CopyObjectResult', { ETag: `"${etag}"`, LastModified: new Date(at).toISOString() });
  return { ...answer, headers: { ...answer.headers, ...versionHeader(bucket, version) } };
}

function uploadAsked(kept: KeptObjects, { bucket, key, query }: Asked) {
  const id = query.get('uploadId') ?? '';
  const headers = kept.uploads.find(id, bucket.name, key);
  if (!headers) throw new AwsError('NoSuchUpload', 'The specified multipart upload does not exist.', 404);
  return { id, headers };
}

async function partPut(kept: KeptObjects, asked: Asked): Promise<RestAnswer> {
  const { id } = uploadAsked(kept, asked);
  const number = Number(asked.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  const { bytes, checksums } = uploadOf(asked.headers, asked.body);
  const file = await kept.write(bytes);
  const before = kept.uploads.parts(id).find((part) => part.number === number);
  const etag = md5(bytes);
  kept.uploads.put(id, { number, etag, size: bytes.length, file });
  kept.erase([before?.file ?? '']);
  return { status: 200, headers: { etag: `"${etag}"`, ...checksums } };
}

async function completed(kept: KeptObjects, asked: Asked): Promise<RestAnswer> {
  const { bucket, key, headers: given, body } = asked;
  const { id, headers } = uploadAsked(kept, asked);
  const there = kept.uploads.parts(id);
  const parts = [...body.toString('utf8').matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']): Part => {
    const number = Number(/<PartNumber>(\d+)</.exec(part)?.[1]);
    const etag = /<ETag>(?:"|&quot;)?([0-9a-f]+)/.exec(part)?.[1];
    const found = there.find((each) => each.number === number && each.etag === etag);
    if (!found) throw new AwsError('InvalidPart', `The part ${number} could not be found or has another entity tag.`);
    return found;
  });
  if (parts.length === 0) throw new AwsError('MalformedXML', 'The XML you provided names no part.');
  if (parts.some((part, i) => i > 0 && part.number <= (parts[i - 1]?.number ?? 0)))
    throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
  const etag = `${md5(Buffer.from(parts.map((part) => part.etag).join(''), 'hex'))}-${parts.length}`;
  const file = await kept.join(parts.map((part) => part.file));
  refuseUnmet(kept, { bucket, key, headers: given }, file);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const version = kept.add(bucket.name, key, bucket.isVersioned, { etag, size, headers, file });
  kept.uploads.end(id);
  kept.erase(there.map((part) => part.file));
  const answer = xmlAnswer('CompleteMultipartUploadResult', { Bucket: bucket.name, Key: key, ETag: `"${etag}"` });
  return { ...answer, headers: { ...answer.headers, ...versionHeader(bucket, version) } };
}

function listed(kept: KeptObjects, { bucket, query }: Asked, withVersions: boolean): RestAnswer {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const most = Math.min(1000, Number(query.get('max-keys') ?? 1000));
  const token = query.get('continuation-token') ?? query.get('key-marker') ?? '';
  const after = token === '' ? (query.get('start-after') ?? '') : token;
  const shown = (text: string) => (query.get('encoding-type') === 'url' ? encodeURIComponent(text) : text);
  const versions: Version[] = [];
  const prefixes = new Set<string>();
  let last = '';
  let isTruncated = false;
  for (const version of kept.list(bucket.name, prefix, after, withVersions)) {
    const cut = delimiter === '' ? -1 : version.key.indexOf(delimiter, prefix.length);
    const common = cut < 0 ? undefined : version.key.slice(0, cut + delimiter.length);
    if (common !== undefined && (prefixes.has(common) || token.startsWith(common))) {
      last = version.key;
      continue;
    }
    // The versions of one key stay together: pages begin with a key.
    if (versions.length + prefixes.size >= most && version.key !== last) {
      isTruncated = true;
      break;
    }
    last = version.key;
    if (common === undefined) versions.push(version);
    else prefixes.add(common);
  }
  const entry = ({ key, etag, size, modified_at: at, version, latest, marker: isMarker }: Version) => ({
    Key: shown(key),
    LastModified: new Date(at).toISOString(),
    ...(!isMarker && { ETag: `"${etag}"`, Size: size, StorageClass: 'STANDARD' }),
    ...(withVersions && { VersionId: version, IsLatest: latest === 1 }),
  });
  const next = isTruncated ? last : undefined;
  return xmlAnswer(withVersions ? 'ListVersionsResult' : 'ListBucketResult', {
    Name: bucket.name,
    Prefix: shown(prefix),
    MaxKeys: most,
    IsTruncated: isTruncated,
    EncodingType: query.get('encoding-type') ?? undefined,
    CommonPrefixes: [...prefixes].map((each) => ({ Prefix: shown(each) })),
    ...(withVersions
      ? {
          Version: versions.filter(({ marker: isMarker }) => !isMarker).map(entry),
          DeleteMarker: versions.filter(({ marker: isMarker }) => isMarker).map(entry),
          NextKeyMarker: next,
        }
      : { Contents: versions.map(entry), KeyCount: versions.length + prefixes.size, NextContinuationToken: next }),
  });
}

type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [tag: string]: Xml };

function xmlAnswer(tag: string, value: Xml): RestAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>${xml(tag, value)}`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

/** A list repeats its tag; what is undefined is left out. */
function xml(tag: string, value: Xml): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((each) => xml(tag, each)).join('');
  const inner =
    typeof value === 'object'
      ? Object.entries(value)
          .map(([name, each]) => xml(name, each))
          .join('')
      : String(value).replace(/[<>&\r]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<${tag}>${inner}</${tag}>`;
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
