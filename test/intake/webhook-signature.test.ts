import { existsSync, readFileSync } from 'node:fs';
import { fc, test as prop } from '@fast-check/vitest';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { isSigned } from '#functions/intake/webhook-signature.ts';
import { instantOf, plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import { bytesOf, START, signed } from './intake-house.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const TOLERANCE = 300;
const body = bytesOf({ a: 1 });

describe('a webhook is signed by HMAC-SHA256 over id, timestamp and raw bytes (I-3)', () => {
  test('one of several active secrets is enough, in any order', () => {
    const headers = signed(body, SECRET, START);
    expect(isSigned(body, headers, [OTHER, SECRET], START, TOLERANCE)).toBe(true);
    expect(isSigned(body, headers, [SECRET, OTHER], START, TOLERANCE)).toBe(true);
    expect(isSigned(body, headers, [OTHER], START, TOLERANCE)).toBe(false);
    expect(isSigned(body, headers, [], START, TOLERANCE)).toBe(false);
  });

  test.each([
    [-300, true],
    [-301, false],
    [300, true],
    [301, false],
  ])('a timestamp %d seconds from our clock is taken: %s', (offset, taken) => {
    const headers = signed(body, SECRET, plusSeconds(START, offset));
    expect(isSigned(body, headers, [SECRET], START, TOLERANCE)).toBe(taken);
  });

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('without %s it is not signed', (name) => {
    const headers = { ...signed(body, SECRET, START), [name]: undefined };
    expect(isSigned(body, headers, [SECRET], START, TOLERANCE)).toBe(false);
  });

  test('a secret without a key signs nothing', () => {
    const headers = signed(body, 'whsec_', START);
    expect(isSigned(body, headers, ['whsec_', ''], START, TOLERANCE)).toBe(false);
  });

  prop.prop([fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), fc.integer({ min: 1, max: 255 })])(
    'any changed byte breaks the signature, whatever the bytes are',
    (bytes, position, flip) => {
      const headers = signed(bytes, SECRET, START);
      expect(isSigned(bytes, headers, [SECRET], START, TOLERANCE)).toBe(true);
      const changed = Uint8Array.from(bytes);
      const at = position % bytes.length;
      changed[at] = (changed[at] ?? 0) ^ flip;
      expect(isSigned(changed, headers, [SECRET], START, TOLERANCE)).toBe(false);
    },
  );
});

describe('signatures agree with the library that senders use', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  prop.prop([fc.json(), fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/)])('what it signs, we take', (text, id) => {
    const now = new Date(START);
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(now.getTime() / 1000),
      'webhook-signature': new Webhook(SECRET).sign(id, now, text),
    };
    expect(isSigned(Buffer.from(text), headers, [SECRET], START, TOLERANCE)).toBe(true);
  });

  test('what the tests sign, it takes', () => {
    vi.useFakeTimers({ now: new Date(START), toFake: ['Date'] });
    expect(new Webhook(SECRET).verify('{"a":1}', signed(body, SECRET, START))).toEqual({ a: 1 });
  });
});

const VECTORS = '../shared/data/webhooks/standard-webhooks-vectors.json';
const Vectors = z.object({
  verify: z.array(
    z.object({
      name: z.string(),
      secret: z.string(),
      payload: z.string(),
      headers: z.record(z.string(), z.string()),
      now: z.number(),
      valid: z.boolean(),
    }),
  ),
});

describe.skipIf(!existsSync(VECTORS))(`known answers, skipped where ${VECTORS} is not at hand`, () => {
  const { verify } = existsSync(VECTORS)
    ? Vectors.parse(JSON.parse(readFileSync(VECTORS, 'utf8')))
    : { verify: [{ name: 'none', secret: '', payload: '', headers: {}, now: 0, valid: false }] };

  test.each(verify)('$name', ({ secret, payload, headers, now, valid }) => {
    expect(isSigned(Buffer.from(payload), headers, [secret], instantOf(now), TOLERANCE)).toBe(valid);
  });
});
