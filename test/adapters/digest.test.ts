import { fc, test } from '@fast-check/vitest';
import { validate, version } from 'uuid';
import { describe, expect } from 'vitest';
import { systemClock } from '#shared/adapters/clock.ts';
import { keyedDigest } from '#shared/adapters/digest.ts';
import { epochSeconds } from '#shared/domain/calendar/civil-date.ts';

const digest = keyedDigest('a key of at least sixteen bytes');
const anyParts = fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 });

describe('digests', () => {
  test('are HMAC-SHA256 in hex, of the UTF-8 bytes', () => {
    // Computed with Python's hmac module.
    expect(digest.keyed('包裹')).toBe('5091d05f7f4b49a23e4aa78ef8851b176e6bcb01a8dc85b3d81b24fbf2c83769');
    expect(digest.keyed('包裹')).not.toBe(keyedDigest('another key of sixteen bytes').keyed('包裹'));
  });

  test('do not work with an empty or short key', () => {
    expect(() => keyedDigest('')).toThrow(RangeError);
    expect(() => keyedDigest('x'.repeat(15))).toThrow(RangeError);
  });
});

describe('ids that derive from their cause', () => {
  test('stay the same for ever: records of the past must be found again', () => {
    expect(digest.id('phone', 'call-88231')).toBe(
      keyedDigest('another key of sixteen bytes').id('phone', 'call-88231'),
    );
    expect(digest.id('phone', 'call-88231')).toBe('cb730d56-aa44-50b8-a13a-a4771a4efc91');
  });

  test.prop([anyParts, anyParts], { seed: 3 })('are equal for equal parts only, and are UUIDs of version 5', (a, b) => {
    const [left, right] = [digest.id(...a), digest.id(...b)];
    expect(left === right).toBe(JSON.stringify(a) === JSON.stringify(b));
    expect(validate(left) && version(left)).toBe(5);
  });

  test('keep parts apart from their neighbours', () => {
    const ids = [['a', 'b'], ['ab'], ['a', 'b', ''], ['', 'a', 'b'], ['a","b'], ['a,b'], []].map((parts) =>
      digest.id(...parts),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the clock', () => {
  test('gives the current whole second', () => {
    const before = Math.floor(Date.now() / 1000);
    const now = systemClock.now();
    expect(now).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(epochSeconds(now) - before).toBeOneOf([0, 1]);
  });
});
