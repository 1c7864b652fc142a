import { expect, test } from 'vitest';
import { missingIn, readLock } from './complete-lock.ts';

test("the lock file holds every platform's packages, so that npm ci takes it on any machine and registry", () => {
  expect(missingIn(readLock())).toEqual([]);
});

test('it names no registry', () => {
  expect(Object.values(readLock().packages).filter((one) => 'resolved' in one)).toEqual([]);
});
