import { describe, expect, test } from 'vitest';
import { alternated, middle, partOf } from './alternated.ts';

describe('what is compared', () => {
  test('takes turns, forth and back, after rounds that do not count', async () => {
    const order: string[] = [];
    const took = await alternated(
      ['a', 'b', 'c'].map((name) => async () => void order.push(name)),
      { before: 1, counted: 2 },
    );
    expect(order.join('')).toBe('abccbaabc');
    expect(took.map((each) => each.length)).toEqual([2, 2, 2]);
  });

  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 3],
    [[], Number.NaN],
  ])('the middle of %j is %s', (figures, value) => expect(middle(figures)).toBe(value));

  test.each([
    [10_000, 1_280],
    [7, 30],
    [1_000_000, 91],
  ])('%s in %s parts is all of it, evenly', (sum, parts) => {
    const all = Array.from({ length: parts }, (_, part) => partOf(sum, parts, part));
    expect(all.reduce((a, b) => a + b)).toBe(sum);
    expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1);
  });
});
