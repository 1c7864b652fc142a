import { alertStore } from '#shared/adapters/alert-store.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { ledgerStore } from '#shared/adapters/ledger-store.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { stakeStore } from '#shared/adapters/stake-store.ts';
import { AlertItem } from '#shared/contracts/items/alert-item.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import { EntryItem } from '#shared/contracts/items/entry-item.ts';
import type { Instant } from '#shared/domain/calendar/civil-date.ts';
import { withStatus } from '#shared/domain/performance/entry.ts';
import type { Policy } from '#shared/domain/policy/policy.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import { type Tables, type Write, WriteRefused } from '#shared/domain/ports/tables.ts';
import { movableClock } from '#test/support/movable-clock.ts';
import { loadSample } from '#test/support/reference.ts';
import { ZONE } from '#test/support/sample.ts';

let sample: Promise<Reference> | undefined;

/** The sample organisation, loaded once for all tests of a file: nobody here changes it. */
function sampleReference(): Promise<Reference> {
  sample ??= (async () => {
    const tables = memoryTables();
    await loadSample(tables);
    return referenceStore(tables, movableClock('2026-11-20T00:00:00Z'));
  })();
  return sample;
}

/** What happens to the next writes: nothing is written, or it is and nobody hears of it. */
export type Mishap = 'crash-before' | 'crash-after' | 'race';
export class Crash extends Error {}

/** The performance gear on tables in memory, whose writes can be made to fail. @param later policy versions beside the first */
export async function gear(start: Instant, later: readonly Policy[] = []) {
  const memory = memoryTables();
  const clock = movableClock(start);
  const mishaps: Mishap[] = [];
  const tables: Tables = { ...memory, write: (writes) => writeWith(mishaps.shift(), writes, memory) };
  const stored = await sampleReference();
  const reference: Reference = {
    ...stored,
    policy: async (version) => later.find((policy) => policy.version === version) ?? stored.policy(version),
    policies: async () => [...(await stored.policies()), ...later],
  };
  const ports = {
    alerts: alertStore(tables),
    ledger: ledgerStore(tables),
    stakes: stakeStore(tables),
    reference,
    clock,
    id: derivedId,
    zone: ZONE,
  };
  return { memory, clock, mishaps, ports };
}
export type Gear = Awaited<ReturnType<typeof gear>>;

async function writeWith(mishap: Mishap | undefined, writes: readonly Write[], tables: Tables): Promise<void> {
  if (mishap === 'crash-before') throw new Crash();
  if (mishap === 'race') throw new WriteRefused([]);
  await tables.write(writes);
  if (mishap === 'crash-after') throw new Crash();
}

/** Delivers a message as a queue does: again, until it was handled. */
export async function deliver(handle: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await handle();
      return;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
}

/** Every effect on every card with what it counts as, sorted. */
export function cardLines({ memory }: Gear): readonly string[] {
  const entries = memory.dump().scorecards.flatMap((item) => {
    const parsed = EntryItem.safeParse(item);
    return parsed.success ? [parsed.data.entry] : [];
  });
  return withStatus(entries)
    .filter(({ kind }) => kind === 'points' || kind === 'percent')
    .map(({ subject, period, rule, points, percentBp, status }) =>
      [subject.id, period, rule, points ?? `${percentBp}bp`, status].join(' '),
    )
    .sort();
}

/** What was told, in the order of each aggregate's commits. */
export function told({ memory }: Gear): readonly string[] {
  return memory.dump().scorecards.flatMap((item) => {
    const parsed = CommitItem.safeParse(item);
    return parsed.success ? parsed.data.commit.events.map(({ type }) => type) : [];
  });
}

/** Ids of everything told; a repeat has the same. */
export function toldIds({ memory }: Gear): readonly string[] {
  return memory.dump().scorecards.flatMap((item) => {
    const parsed = CommitItem.safeParse(item);
    return parsed.success ? parsed.data.commit.events.map(({ id }) => id) : [];
  });
}

/** Every alert as `level state breached`, in order of its deadline. */
export function alertLines({ memory }: Gear): readonly string[] {
  return memory
    .dump()
    .scorecards.flatMap((item) => {
      const parsed = AlertItem.safeParse(item);
      return parsed.success ? [parsed.data.alert] : [];
    })
    .sort((a, b) => a.gradedVersion - b.gradedVersion)
    .map(({ level, state, breached }) => `${level} ${state} ${breached}`);
}
