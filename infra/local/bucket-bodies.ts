import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from './cloud.ts';

export type Headers = Readonly<Record<string, string | undefined>>;

/** What a request brought to be stored. */
export interface Upload {
  readonly bytes: Buffer;
  /** The checksums that were sent and are right, as the headers that tell them: `x-amz-checksum-crc32`. */
  readonly checksums: Readonly<Record<string, string>>;
}

/**
 * The bytes of an upload, taken out of `aws-chunked` where the client sent them so, and compared with every checksum
 * beside or behind them.
 *
 * @throws AwsError BadDigest, IncompleteBody, and NotImplemented for a kind of checksum that is not supported
 */
export function uploadOf(headers: Headers, body: Buffer): Upload {
  const isChunked =
    headers['x-amz-content-sha256']?.startsWith('STREAMING-') || headers['content-encoding']?.includes('aws-chunked');
  const { bytes, trailers } = isChunked ? unchunked(body) : { bytes: body, trailers: {} };
  const length = headers['x-amz-decoded-content-length'];
  if (length !== undefined && Number(length) !== bytes.length) throw incomplete();
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== createHash('md5').update(bytes).digest('base64')) throw bad('Content-MD5');
  const sent = Object.entries({ ...headers, ...trailers }).flatMap(([name, value]) =>
    /^x-amz-checksum-(crc|sha)/.test(name) && value !== undefined ? [[name, value] as const] : [],
  );
  for (const [name, value] of sent) if (checksumOf(name, bytes) !== value) throw bad(name);
  return { bytes, checksums: Object.fromEntries(sent) };
}

/** Size in hexadecimal, bytes, and so on; after a size of 0 the trailers, one to a line. */
function unchunked(body: Buffer): { bytes: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    const size = end < 0 ? Number.NaN : Number.parseInt(body.toString('latin1', at, end), 16);
    const start = end + 2;
    if (!Number.isSafeInteger(size) || start + size > body.length) throw incomplete();
    if (size === 0) {
      const lines = body.toString('latin1', start).split('\r\n');
      const trailers = lines.flatMap((line) => {
        const colon = line.indexOf(':');
        return colon < 0 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]];
      });
      return { bytes: Buffer.concat(chunks), trailers: Object.fromEntries(trailers) };
    }
    chunks.push(body.subarray(start, start + size));
    at = start + size + 2;
  }
}

function checksumOf(name: string, bytes: Buffer): string {
  if (name === 'x-amz-checksum-sha256') return createHash('sha256').update(bytes).digest('base64');
  if (name === 'x-amz-checksum-sha1') return createHash('sha1').update(bytes).digest('base64');
  if (name !== 'x-amz-checksum-crc32') throw new AwsError('NotImplemented', `${name} is not supported here`, 501);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

function bad(name: string): AwsError {
  return new AwsError('BadDigest', `The ${name} you specified did not match what we received.`);
}

function incomplete(): AwsError {
  return new AwsError('IncompleteBody', 'The body does not have the length that its headers or chunks name.');
}
