import { describe, expect, test } from 'vitest';
import { LATEST, movableClock } from '#infra/local/clock.ts';
import { machineFor } from './wire-server.ts';

describe('a clock', () => {
  test('is moved up to its latest time, tells of it, and is still there after a restart', () => {
    const { clock, store } = machineFor();
    let moves = 0;
    clock.onMove(() => {
      moves += 1;
    });
    clock.moveTo(LATEST);
    expect(moves).toBe(1);
    for (const standing of [clock, movableClock(store)]) {
      expect(standing.now()).toBeGreaterThanOrEqual(LATEST);
      expect(standing.now()).toBeLessThan(LATEST + 60_000);
    }
  });

  test.each([
    ['a time before now', 0, '1970-01-01T00:00:00.000Z'],
    ['a time after its latest', LATEST + 1, '2100-01-01T00:00:00.001Z'],
    ['a time no date can hold', 1e300, '1e+300'],
    ['no time at all', Number.NaN, 'NaN'],
  ])('is not moved to %s: nothing is kept, nobody is told', (_, instant, named) => {
    const { clock, store } = machineFor();
    clock.onMove(() => expect.unreachable());
    expect(() => clock.moveTo(instant)).toThrow(RangeError);
    expect(() => clock.moveTo(instant)).toThrow(`until 2100-01-01T00:00:00.000Z; not to ${named}`);
    expect(movableClock(store).offset[0]).toBe(0n);
  });
});
