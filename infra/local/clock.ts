import type { DatabaseSync } from 'node:sqlite';

/** Until when the clock can be moved. Far enough for anything to come due; from about the year 3000 no schedule ever does. */
export const LATEST = Date.parse('2100-01-01T00:00:00Z');

export type MovableClock = ReturnType<typeof movableClock>;

/**
 * The clock of this machine as it stands in the store, or unmoved. Tests and people move it: it moves `Date` inside
 * functions, schedules, token checks, delays of messages and the tolerance of webhooks. Visibility timeouts, polling and
 * the signing of requests stay on the real one. How far it is moved is kept with the data.
 */
export function movableClock(store: DatabaseSync) {
  store.exec('create table if not exists clock (id integer primary key check (id = 1), offset_ms integer not null)');
  const kept = store.prepare('select offset_ms from clock where id = 1').get()?.offset_ms ?? 0;
  const keep = store.prepare('insert or replace into clock (id, offset_ms) values (1, ?)');
  const offset = new BigInt64Array(new SharedArrayBuffer(8));
  offset[0] = BigInt(Number(kept));
  const listeners: (() => void)[] = [];
  const now = () => Date.now() + Number(Atomics.load(offset, 0));
  return {
    /** How far it is ahead of the real clock, in milliseconds; shared with the worker threads. */
    offset,
    /** Milliseconds since 1970, moved. */
    now,
    /** @throws RangeError for a time before now, for a clock here only goes forward, or after {@link LATEST} */
    moveTo(instant: number): void {
      if (!(instant >= now() && instant <= LATEST))
        throw new RangeError(
          `the clock shows ${textOf(now())} and only moves forward, until ${textOf(LATEST)}; not to ${textOf(instant)}`,
        );
      const moved = Math.round(instant - Date.now());
      keep.run(moved);
      Atomics.store(offset, 0, BigInt(moved));
      for (const listener of listeners) listener();
    },
    onMove: (moved: () => void) => void listeners.push(moved),
  };
}

/** An instant to read, also one that no date can hold. */
const textOf = (instant: number) => new Date(instant).toJSON() ?? String(instant);
