import { describe, expect, test } from 'vitest';
import { classify, departmentOf, isActiveAt } from '#shared/domain/dispute/classify.ts';
import type { Directory, Subject } from '#shared/domain/policy/directory.ts';
import { DIRECTORY, POLICY, ZONE } from '#test/support/sample.ts';

/** The sample tree with few types, one of them in every category. */
const SMALL_TREE = {
  ...POLICY,
  categories: POLICY.categories.map((category) => ({
    ...category,
    types: category.types.filter(({ id }) => id === 'other' || id === 'late-delivery'),
  })),
};

describe('a place in the tree (G-1)', () => {
  test.each([
    {
      title: 'an unknown category, with all that there are',
      parts: { category: 'weather', type: 'late-delivery' },
      fault: { path: 'category', message: 'unknown; one of product, service, logistics, after-sales' },
    },
    {
      title: 'an unknown type of a category, with its types',
      parts: { category: 'logistics', type: 'rain' },
      fault: { path: 'type', message: 'unknown in logistics; one of late-delivery, other' },
    },
    {
      title: 'an unknown type of no category, with every type once',
      parts: { type: 'rain' },
      fault: { path: 'type', message: 'unknown; one of other, late-delivery' },
    },
    {
      title: 'a type of several categories, with those',
      parts: { type: 'other' },
      fault: { path: 'category', message: 'needed beside type other; one of product, service, logistics, after-sales' },
    },
    {
      title: 'a subject of another kind, with its own',
      parts: { category: 'logistics', employee: 'logistics' },
      fault: { path: 'employee', message: 'logistics is known as department, not as employee' },
    },
  ])('names $title', ({ parts, fault }) => {
    expect(classify(parts, SMALL_TREE, DIRECTORY)).toEqual({
      refused: 'input',
      rule: 'G-1',
      detail: 'the report names what the policy or directory does not know',
      faults: [fault],
    });
  });
});

describe('who belongs where, and when', () => {
  const subject = (given: Partial<Subject>): Directory =>
    new Map([['S', { kind: 'employee', id: 'S', name: 'S', activeFrom: '2020-01-01', ...given }]]);

  test.each([
    { title: 'a department belongs to itself, named or not', given: { kind: 'department' }, department: 'S' },
    { title: 'an employee belongs to theirs', given: { department: 'logistics' }, department: 'logistics' },
    { title: 'a partner belongs to none', given: { kind: 'partner' }, department: undefined },
  ] as const)('$title', ({ given, department }) => {
    expect(departmentOf('S', subject(given))).toBe(department);
    expect(departmentOf('nobody', subject(given))).toBeUndefined();
  });

  test.each([
    { title: 'the day before the first is too early', at: '2026-11-18T15:59:59Z', active: false },
    { title: 'the first day counts from its local midnight', at: '2026-11-18T16:00:00Z', active: true },
    { title: 'the last day counts to its local midnight', at: '2026-11-20T15:59:59Z', active: true },
    { title: 'the day after the last is too late', at: '2026-11-20T16:00:00Z', active: false },
  ])('$title', ({ at, active }) => {
    const known = subject({ activeFrom: '2026-11-19', activeTo: '2026-11-20' });
    expect(isActiveAt('S', known, at, ZONE)).toBe(active);
    expect(isActiveAt('nobody', known, at, ZONE)).toBe(false);
  });

  test('without a last day it never ends', () => {
    expect(isActiveAt('S', subject({}), '2099-12-31T00:00:00Z', ZONE)).toBe(true);
  });
});
