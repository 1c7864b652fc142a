import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { AwsError, type Machine, type RestAnswer, type RestCall } from './cloud.ts';

/** A call about one object. */
type ObjectCall = Pick<RestCall, 'query' | 'headers' | 'body'> & { readonly bucket: string; readonly key: string };
/** Makes the newest version of an object. @returns its version's id */
type AddObject = (object: {
  readonly etag: string;
  readonly headers: object;
  readonly body: Buffer;
}) => number | bigint | string;

/** S3 refuses smaller parts, but for the last one. */
const LEAST_PART_BYTES = 5 * 1024 * 1024;

const Upload = z.object({ id: z.number(), headers: z.string() });
const Part = z.object({ number: z.number(), etag: z.string(), bytes: z.instanceof(Uint8Array) });

/** Objects that come in parts: nobody sees anything of them until they are complete. */
export function keptUploads({ store }: Machine) {
  store.exec(`
    create table if not exists uploads (
      id integer primary key autoincrement, bucket text not null, key text not null, headers text not null);
    create table if not exists upload_parts (
      upload integer not null, number integer not null, etag text not null, bytes blob not null,
      primary key (upload, number))`);
  const uploadOf = ({ bucket, key, query }: ObjectCall) => {
    const row = store
      .prepare('select id, headers from uploads where id = ? and bucket = ? and key = ?')
      .get(query.get('uploadId'), bucket, key);
    if (!row) throw new AwsError('NoSuchUpload', 'The specified multipart upload does not exist.', 404);
    return Upload.parse(row);
  };
  const forget = (id: number) => {
    store.prepare('delete from upload_parts where upload = ?').run(id);
    store.prepare('delete from uploads where id = ?').run(id);
  };
  return {
    /** @param headers that the object will have */
    begin({ bucket, key }: ObjectCall, headers: object): RestAnswer {
      const { lastInsertRowid } = store
        .prepare('insert into uploads values (null, ?, ?, ?)')
        .run(bucket, key, JSON.stringify(headers));
      return xml('InitiateMultipartUploadResult', `<UploadId>${lastInsertRowid}</UploadId>`);
    },
    part(call: ObjectCall): RestAnswer {
      const { id } = uploadOf(call);
      const number = Number(call.query.get('partNumber'));
      if (!(Number.isInteger(number) && number >= 1 && number <= 10_000))
        throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
      const checksum = call.headers['x-amz-checksum-crc32'];
      if (checksum !== undefined && Buffer.from(checksum, 'base64').readUInt32BE() !== crc32(call.body))
        throw new AwsError('BadDigest', 'The CRC32 you specified did not match the calculated checksum.');
      const etag = createHash('md5').update(call.body).digest('hex');
      store.prepare('insert or replace into upload_parts values (?, ?, ?, ?)').run(id, number, etag, call.body);
      return { status: 200, headers: { etag: `"${etag}"` } };
    },
    complete(call: ObjectCall, add: AddObject): RestAnswer {
      const { id, headers } = uploadOf(call);
      const parts = partsNamed(call.body.toString('utf8')).map(({ number, etag }, index, all) => {
        const row = store
          .prepare('select number, etag, bytes from upload_parts where upload = ? and number = ?')
          .get(id, number);
        const part = row && Part.parse(row);
        if (part?.etag !== etag) throw new AwsError('InvalidPart', `part ${number} could not be found`);
        if (index < all.length - 1 && part.bytes.length < LEAST_PART_BYTES)
          throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed object size.');
        return part;
      });
      const sums = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex')));
      const etag = `${createHash('md5').update(sums).digest('hex')}-${parts.length}`;
      const version = add({ etag, headers: JSON.parse(headers), body: Buffer.concat(parts.map(({ bytes }) => bytes)) });
      forget(id);
      const answer = xml('CompleteMultipartUploadResult', `<ETag>"${etag}"</ETag>`);
      return { ...answer, headers: { ...answer.headers, 'x-amz-version-id': String(version) } };
    },
    abort(call: ObjectCall): RestAnswer {
      forget(uploadOf(call).id);
      return { status: 204 };
    },
  };
}

/** The parts that a call names, which must be in the order of their numbers. */
function partsNamed(body: string): readonly { readonly number: number; readonly etag: string }[] {
  const parts = [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)<\/PartNumber>/.exec(part)?.[1]),
    etag: (/<ETag>(.*?)<\/ETag>/.exec(part)?.[1] ?? '').replace(/&quot;|"/g, ''),
  }));
  if (parts.length === 0) throw new AwsError('MalformedXML', 'The XML you provided was not well-formed');
  if (parts.some(({ number }, index) => index > 0 && number <= (parts[index - 1]?.number ?? 0)))
    throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
  return parts;
}

function xml(tag: string, inner: string): RestAnswer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: `<${tag}>${inner}</${tag}>` };
}
