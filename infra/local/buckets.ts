import * as z from 'zod';
import type { Headers } from './bucket-bodies.ts';
import { type KeptObjects, keptObjects } from './bucket-objects.ts';
import {
  type Asked,
  completed,
  copied,
  deleted,
  type KnownBucket,
  keptHeaders,
  listed,
  partPut,
  placeOf,
  put,
  read,
  sourceOf,
  uploadAsked,
  xmlAnswer,
} from './bucket-operations.ts';
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
