import { describe, expect, test } from 'vitest';
import { isActiveIn, type Subject } from '#shared/domain/policy/directory.ts';
import { categoryOfType, findType, type Policy, policyInForce } from '#shared/domain/policy/policy.ts';
import { isOpen } from '#shared/domain/policy/source.ts';
import { PLAIN_SOURCES, RELEASED_POLICIES } from '#shared/policy/released.ts';

const policy = RELEASED_POLICIES['policy-1'];

describe('a source (I-1)', () => {
  const [source] = PLAIN_SOURCES;
  test.each([
    { title: 'that is registered', given: source, open: true },
    { title: 'that is switched off', given: source && { ...source, active: false }, open: false },
    { title: 'that nobody registered', given: undefined, open: false },
  ])('$title may hand in reports: $open', ({ given, open }) => {
    expect(isOpen(given)).toBe(open);
  });
});

describe('the tree of categories and types (G-1)', () => {
  test('a type is found in its category only', () => {
    expect(findType(policy, 'logistics', 'late-delivery')?.department).toBe('logistics');
    expect(findType(policy, 'product', 'late-delivery')).toBeUndefined();
    expect(findType(policy, 'logistics', 'no-such-type')).toBeUndefined();
    expect(findType(policy, 'no-such-category', 'other')).toBeUndefined();
  });

  test('a type names its category', () => {
    expect(categoryOfType(policy, 'refund-delay')?.id).toBe('after-sales');
    expect(categoryOfType(policy, 'no-such-type')).toBeUndefined();
  });
});

describe('the policy in force (P-2)', () => {
  const versions = [
    { version: 2, effectiveFrom: '2026-07-01' },
    { version: 4, effectiveFrom: '2027-01-01' },
    { version: 1, effectiveFrom: '2015-01-01' },
    { version: 3, effectiveFrom: '2026-07-01' },
  ].map((part): Policy => ({ ...policy, ...part }));

  test.each([
    { day: '2015-01-01', version: 1 },
    { day: '2026-06-30', version: 1 },
    { day: '2026-07-01', version: 3 },
    { day: '2026-12-31', version: 3 },
    { day: '2027-01-01', version: 4 },
  ])('on $day it is version $version, whatever the order of the list', ({ day, version }) => {
    expect(policyInForce(versions, day).version).toBe(version);
    expect(policyInForce(versions.toReversed(), day).version).toBe(version);
  });

  test('a higher version that took effect earlier does not push out a later one', () => {
    const odd = [
      { ...policy, version: 9, effectiveFrom: '2026-01-01' },
      { ...policy, version: 4, effectiveFrom: '2026-07-01' },
    ];
    expect(policyInForce(odd, '2026-12-31').version).toBe(4);
    expect(policyInForce(odd.toReversed(), '2026-12-31').version).toBe(4);
  });

  test('before the first there is none, and the refusal says so', () => {
    expect(() => policyInForce(versions, '2014-12-31')).toThrow(
      new RangeError('no policy is in force on 2014-12-31; the earliest of 4 starts later'),
    );
  });
});

describe('who is active in a month (X-1)', () => {
  const subject: Subject = { kind: 'partner', id: 'P-1', name: '甲', activeFrom: '2026-02-28', activeTo: '2026-04-01' };

  test.each([
    { month: '2026-01', active: false },
    { month: '2026-02', active: true },
    { month: '2026-03', active: true },
    { month: '2026-04', active: true },
    { month: '2026-05', active: false },
  ])('one who is active from 28 February to 1 April is active in $month: $active', ({ month, active }) => {
    expect(isActiveIn(subject, month)).toBe(active);
  });

  test('without an end one stays active', () => {
    expect(isActiveIn({ ...subject, activeTo: undefined }, '2099-12')).toBe(true);
  });
});
