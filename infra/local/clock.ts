import type { DatabaseSync } from 'node:sqlite';

/** Until when the clock can be moved. Far enough for anything to come due; from about the year 3000 no schedule ever does. */
export const LATEST = Date.parse('2100-01-01T00:00:00Z');

/**
 * The clock of this machine, which tests and people move: it moves `Date` inside functions, schedules, token checks,
 * delays of messages and the tolerance of webhooks. Visibility timeouts, polling and the signing of requests stay on
 * the real one. How far it is moved is kept with the data.
 */
export interface MovableClock {
  /** Milliseconds since 1970, moved. */
  now(): number;
  /** How far it is ahead of the real clock, in milliseconds; shared with the worker threads. */
  readonly offset: BigInt64Array<SharedArrayBuffer>;
  /** @throws RangeError for a time before now, for a clock here only goes forward, or after {@link LATEST} */
  moveTo(instant: number): void;
  /** Called after every move. */
  onMove(moved: () => void): void;
}

/** The clock as it stands in the store, or unmoved. */
export function movableClock(store: DatabaseSync): MovableClock {
  store.exec('create table if not exists clock (id integer primary key check (id = 1), offset_ms integer not null)');
  const kept = store.prepare('select offset_ms from clock where id = 1').get()?.offset_ms ?? 0;
  const keep = store.prepare('insert or replace into clock (id, offset_ms) values (1, ?)');
  const offset = new BigInt64Array(new SharedArrayBuffer(8));
  offset[0] = BigInt(Number(kept));
  const listeners: (() => void)[] = [];
  const now = () => Date.now() + Number(Atomics.load(offset, 0));
  return {
    offset,
    now,
    moveTo(instant) {
      if (!(instant >= now() && instant <= LATEST))
        throw new RangeError(
          `the clock shows ${textOf(now())} and only moves forward, until ${textOf(LATEST)}; not to ${textOf(instant)}`,
        );
      const moved = Math.round(instant - Date.now());
      keep.run(moved);
      Atomics.store(offset, 0, BigInt(moved));
      for (const listener of listeners) listener();
    },
    onMove: (moved) => void listeners.push(moved),
  };
}

/** An instant to read, also one that no date can hold. */
function textOf(instant: number): string {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? String(instant) : date.toISOString();
}
