import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Turns } from '#infra/local/turns.ts';

describe('whose turn it is', () => {
  test('what nobody waits for begins at once on a machine that has nothing to answer', async () => {
    expect(await new Turns().afterwards('f', async () => 'done')).toBe('done');
  });

  test('it begins only when the call that somebody waits for is answered', async () => {
    const turns = new Turns();
    const order: string[] = [];
    const answered = turns.first(async () => {
      await wait(30);
      order.push('answered');
    });
    await Promise.all([answered, turns.afterwards('f', async () => void order.push('afterwards'))]);
    expect(order).toEqual(['answered', 'afterwards']);
  });

  test('it begins in any case, however long the answer takes', async () => {
    const turns = new Turns();
    const ended = Promise.withResolvers<void>();
    const answering = turns.first(() => ended.promise);
    expect(await turns.afterwards('f', async () => 'done')).toBe('done');
    ended.resolve();
    await answering;
  });

  test('while somebody waits, one call of each function goes on, and the next when it is done', async () => {
    const turns = new Turns();
    const ended = Promise.withResolvers<void>();
    const answering = turns.first(() => ended.promise);
    const order: string[] = [];
    const going = (name: string, call: string) =>
      turns.afterwards(name, async () => {
        order.push(`${call} begins`);
        await wait(30);
        order.push(`${call} ends`);
      });
    await Promise.all([going('f', 'first'), going('f', 'second'), going('g', 'other')]);
    const ofOne = order.filter((step) => !step.startsWith('other'));
    // Both have waited as long; which of them looks first is the timers' matter.
    const inTurn = ofOne[0] === 'first begins' ? ['first', 'second'] : ['second', 'first'];
    expect(ofOne).toEqual(inTurn.flatMap((call) => [`${call} begins`, `${call} ends`]));
    expect(order.indexOf('other begins')).toBeLessThan(order.indexOf(`${inTurn[0]} ends`));
    ended.resolve();
    await answering;
  });

  test('a call that fails gives its turn on', async () => {
    const turns = new Turns();
    await expect(turns.first(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await turns.afterwards('f', async () => 'done')).toBe('done');
  });
});
