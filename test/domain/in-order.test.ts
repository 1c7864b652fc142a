import { test as prop } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inOrder } from '#shared/domain/in-order.ts';

describe('many calls at a time', () => {
  prop.prop([fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 }), fc.integer({ min: 1, max: 8 })])(
    'are answered in the order of the items, never more of them under way than allowed',
    async (turns, atOnce) => {
      let underWay = 0;
      let most = 0;
      const answers: number[] = [];
      const made = inOrder(turns.entries(), atOnce, async ([index, wait]) => {
        underWay += 1;
        most = Math.max(most, underWay);
        for (let turn = 0; turn < wait; turn += 1) await Promise.resolve();
        underWay -= 1;
        return index;
      });
      for await (const answer of made) answers.push(answer);
      expect(answers).toEqual(turns.map((_, index) => index));
      expect(most).toBeLessThanOrEqual(atOnce);
    },
  );

  test('a failure comes at its turn', async () => {
    const answers: number[] = [];
    const made = inOrder([1, 2, 3], 3, async (item) => {
      if (item === 2) throw new Error('two');
      return item;
    });
    await expect(
      (async () => {
        for await (const answer of made) answers.push(answer);
      })(),
    ).rejects.toThrow('two');
    expect(answers).toEqual([1]);
  });
});
