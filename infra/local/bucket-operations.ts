import { createHash } from 'node:crypto';
import { type Headers, uploadOf } from './bucket-bodies.ts';
import type { KeptObjects, Part, Version } from './bucket-objects.ts';
import { AwsError, type RestAnswer } from './cloud.ts';

/** A bucket of the templates. */
export interface KnownBucket {
  readonly name: string;
  readonly isVersioned: boolean;
  /** Of the key without which nobody reads or writes here, though nothing is encrypted on this machine. */
  readonly keyArn?: string;
}

/** A call, and what it is about. */
export interface Asked {
  readonly bucket: KnownBucket;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Bucket and key of `/bucket/key`; an empty key for the bucket itself. */
export function placeOf(path: string): { name: string; key: string } {
  const [, name = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return { name, key };
}

/** What is given back with an object as it was sent. */
export function keptHeaders(headers: Headers): Record<string, string> {
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

/** Makes the newest version of an object. @throws AwsError for wrong checksums and conditions that do not hold */
export async function put(kept: KeptObjects, { bucket, key, headers, body }: Asked): Promise<RestAnswer> {
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

/** An object or a part of it, as a GET or HEAD asks for it. @throws AwsError where there is none, or a condition does not hold */
export async function read(
  kept: KeptObjects,
  { bucket, key, query, headers }: Asked,
  withBody: boolean,
): Promise<RestAnswer> {
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
export function deleted(kept: KeptObjects, { bucket, key, query }: Asked): RestAnswer {
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

/** What `x-amz-copy-source` names. */
export function sourceOf(header: string): { name: string; key: string; version?: string } {
  const [path = '', version] = header.split('?versionId=');
  return { ...placeOf(`/${decodeURIComponent(path).replace(/^\//, '')}`), version };
}

/** A copy with the source's headers, or with its own where the call says so. */
export async function copied(
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

/** The multipart upload of a call. @throws AwsError NoSuchUpload */
export function uploadAsked(kept: KeptObjects, { bucket, key, query }: Asked) {
  const id = query.get('uploadId') ?? '';
  const headers = kept.uploads.find(id, bucket.name, key);
  if (!headers) throw new AwsError('NoSuchUpload', 'The specified multipart upload does not exist.', 404);
  return { id, headers };
}

/** Keeps one part of an upload; a part of the same number is replaced. */
export async function partPut(kept: KeptObjects, asked: Asked): Promise<RestAnswer> {
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

/** Makes one object of the parts that the call lists. @throws AwsError for parts that are not there or not in order */
export async function completed(kept: KeptObjects, asked: Asked): Promise<RestAnswer> {
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

/** One page of keys or of versions. */
export function listed(kept: KeptObjects, { bucket, query }: Asked, withVersions: boolean): RestAnswer {
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

/** An answer of one XML document. */
export function xmlAnswer(tag: string, value: Xml): RestAnswer {
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
