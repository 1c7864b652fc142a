import { describe, expect, test } from 'vitest';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import { UnknownCursor, WriteRefused } from '#shared/domain/ports/tables.ts';

/** A write that somebody else wins a number of times before it goes through. */
function lostTimes(times: number, refusal: Error = new WriteRefused([0])) {
  let attempts = 0;
  const write = async () => {
    attempts += 1;
    if (attempts <= times) throw refusal;
    return 'written';
  };
  return { write, attempts: () => attempts };
}

describe('a lost race is run again', () => {
  test.each([
    { title: 'a write that nobody contests is tried once', lost: 0 },
    { title: 'a write that lost once is decided afresh', lost: 1 },
    { title: 'a write may lose eleven times in a row', lost: 11 },
  ])('$title', async ({ lost }) => {
    const { write, attempts } = lostTimes(lost);
    expect(await untilCommitted(write)).toBe('written');
    expect(attempts()).toBe(lost + 1);
  });

  test('the twelfth refusal in a row goes to the queue or the caller', async () => {
    const refusal = new WriteRefused([0, 2]);
    const { write, attempts } = lostTimes(12, refusal);
    await expect(untilCommitted(write)).rejects.toBe(refusal);
    expect(attempts()).toBe(12);
  });

  test('any other error is not a race, and is thrown at once', async () => {
    const failure = new RangeError('no such policy');
    const { write, attempts } = lostTimes(3, failure);
    await expect(untilCommitted(write)).rejects.toBe(failure);
    expect(attempts()).toBe(1);
  });
});

describe('a refused write says why', () => {
  test('it names the writes whose conditions do not hold', () => {
    const refused = new WriteRefused([0, 2]);
    expect(refused.failed).toEqual([0, 2]);
    expect(refused.name).toBe('WriteRefused');
    expect(refused.message).toBe('the conditions of writes 0, 2 do not hold');
  });

  test('without such a write another transaction held an item', () => {
    expect(new WriteRefused([]).message).toBe('another transaction holds an item');
  });
});

test('a strange cursor is told apart from other ranges', () => {
  const strange = new UnknownCursor('cursor belongs to another list');
  expect(strange).toBeInstanceOf(RangeError);
  expect(strange.name).toBe('UnknownCursor');
});
