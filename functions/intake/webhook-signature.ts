import { createHmac, timingSafeEqual } from 'node:crypto';
import { epochSeconds, type Instant } from '#shared/domain/calendar/civil-date.ts';

/** Header names in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>;

const SECRET_PREFIX = 'whsec_';
const SYMMETRIC = 'v1,';

/**
 * Whether a body was signed with one of the secrets, by the symmetric scheme of Standard Webhooks (I-3): HMAC-SHA256
 * over id, timestamp and the raw bytes, whatever they hold.
 *
 * @param secrets active ones, with or without `whsec_`, the rest in base64
 * @param toleranceSeconds how far the timestamp may be from `now`, to either side, the last second included
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function isSigned(
  body: Uint8Array,
  headers: Headers,
  secrets: readonly string[],
  now: Instant,
  toleranceSeconds: number,
): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (!id || !timestamp || !signatures || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(epochSeconds(now) - Number(timestamp)) > toleranceSeconds) return false;

  const given = signatures
    .split(' ')
    .filter((signature) => signature.startsWith(SYMMETRIC))
    .map((signature) => Buffer.from(signature.slice(SYMMETRIC.length)));
  return secrets.map(keyOf).some((key) => {
    if (key.length === 0) return false;
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
    return given.some((signature) => isEqual(signature, Buffer.from(expected)));
  });
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret, 'base64');
}

/** Takes as long for a near miss as for a far one; only the length, which is public, shows. */
function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
