import {
  dayIn,
  type Instant,
  type Month,
  monthIn,
  plusSeconds,
  type TimeZone,
} from '#shared/domain/calendar/civil-date.ts';
import type { Frozen } from '#shared/domain/exports/score-export.ts';
import { type FrozenRow, scoreRow } from '#shared/domain/exports/score-row.ts';
import { type SnapshotPorts, writeSnapshot } from '#shared/domain/exports/snapshot.ts';
import { LONGEST_WRITE_SECONDS, writesIn } from '#shared/domain/exports/whole-writes.ts';
import { inOrder } from '#shared/domain/in-order.ts';
import { cardPolicy } from '#shared/domain/performance/card.ts';
import type { Entry } from '#shared/domain/performance/entry.ts';
import { sealCard } from '#shared/domain/performance/seal-card.ts';
import { isActiveIn, type Subject } from '#shared/domain/policy/directory.ts';
import type { Policy } from '#shared/domain/policy/policy.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { SealStore } from '#shared/domain/ports/seal-store.ts';

export interface FreezePorts {
  readonly seals: SealStore;
  readonly reference: Reference;
  readonly snapshot: SnapshotPorts;
  readonly clock: Clock;
  /** The organisation's. */
  readonly zone: TimeZone;
  readonly newId: () => string;
}

/** Cards that are sealed at a time. */
const CARDS_AT_ONCE = 32;

/** How often cards are looked through for entries whose writes a frozen row has in part. */
const ROUNDS = 10;

/** Points are posted faster than the cards of a month can be read: no moment was found at which each write is whole. */
export class NeverAtRest extends Error {
  override readonly name = 'NeverAtRest';
}

/** Who may have a row in a month's export, and by which policy it is computed. */
export interface Exported {
  readonly period: Month;
  /** Everybody whom the directory knows, by kind and id. */
  readonly subjects: readonly Subject[];
  readonly policy: Policy;
}

/**
 * What an export of a month is made of. Who has a row is known only once the cards are sealed: everybody who is
 * active on any day of the month, and whoever else has entries in it.
 * @returns why there is none: the month has not begun, or no policy reaches it
 */
export async function exportedIn(
  period: Month,
  { reference, clock, zone }: Pick<FreezePorts, 'reference' | 'clock' | 'zone'>,
): Promise<Exported | { readonly refused: string }> {
  const now = clock.now();
  if (period > monthIn(zone, now)) return { refused: 'has not begun yet' };
  const [directory, policies] = await Promise.all([reference.directory(), reference.policies()]);
  const policy = cardPolicy(policies, period, dayIn(zone, now));
  if (!policy) return { refused: 'lies before the first policy' };
  const subjects = [...directory.values()].sort((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1));
  return { period, subjects, policy };
}

/**
 * Freezes a month's scores: seals every card, computes its row from the entries up to that head, and writes the
 * snapshot, all formats and the manifest. What was written meanwhile on several cards at once (S-12) stands in the rows
 * of all of them or of none. Every try writes into a folder of its own, so that two at a time, or one that ends half
 * way, never mix: what counts is the folder that the export's state names.
 *
 * @throws BrokenSeal for a card that does not stand as it was sealed
 * @throws NeverAtRest when points are posted faster than cards are read
 */
export async function freezeScores(exportId: string, exported: Exported, ports: FreezePorts): Promise<Frozen> {
  const { period, policy } = exported;
  const asOf = ports.clock.now();
  const about = { exportId, period, asOf, versions: { policy: policy.version, rows: 1 } } as const;
  const cards = frozenCards(exported, asOf, ports);
  return writeSnapshot(about, `exports/${exportId}/${ports.newId()}`, cards.rows(), ports.snapshot, cards.corrections);
}

/** A card as it was sealed, and the row that follows from it; none for somebody inactive without entries. */
interface FrozenCard {
  readonly entries: readonly Entry[];
  readonly frozen?: FrozenRow;
}

/**
 * The rows of a month, and those that have to be taken again. One write may put entries on several cards; a card that was
 * read before it lacks them, and one that was read after it has them. So all cards are looked through once more for the
 * writes that the rows have, and those that lack a part of one are taken again, until nothing is missing. Of a card only
 * the number of its entries is remembered; of writes, those of the time since shortly before the export.
 */
function frozenCards({ period, subjects, policy }: Exported, asOf: Instant, ports: FreezePorts) {
  const since = plusSeconds(asOf, -LONGEST_WRITE_SECONDS);
  const had = new Uint32Array(subjects.length);
  const writes = new Set<string>();
  const corrected = new Map<number, FrozenRow>();
  const read = (subject: Subject) => frozenCard(subject, { period, policy, asOf }, ports);
  const all = () =>
    inOrder(subjects.entries(), CARDS_AT_ONCE, async ([at, subject]) => ({ at, ...(await read(subject)) }));

  const take = (at: number, entries: readonly Entry[]) => {
    for (const write of writesIn(entries.slice(had[at]), since)) writes.add(write);
    had[at] = entries.length;
  };

  async function* rows(): AsyncIterable<FrozenRow> {
    for await (const { at, entries, frozen } of all()) {
      take(at, entries);
      if (frozen) yield frozen;
    }
  }

  async function corrections(): Promise<readonly FrozenRow[]> {
    let known = 0;
    for (let round = 1; writes.size > known; round += 1) {
      if (round > ROUNDS)
        throw new NeverAtRest(`points of ${period} are posted faster than its cards are read; ask again in a while`);
      known = writes.size;
      for await (const { at, entries, frozen } of all()) {
        const torn = writesIn(entries.slice(had[at]), since).some((write) => writes.has(write));
        if (!torn || !frozen) continue;
        take(at, entries);
        corrected.set(at, frozen);
      }
    }
    return [...corrected].sort(([a], [b]) => a - b).map(([, frozen]) => frozen);
  }
  return { rows, corrections };
}

async function frozenCard(
  subject: Subject,
  { period, policy, asOf }: { readonly period: Month; readonly policy: Policy; readonly asOf: Instant },
  { seals, clock, snapshot: { contentHash } }: FreezePorts,
): Promise<FrozenCard> {
  const { head, entries } = await sealCard(subject.id, period, { seals, contentHash, now: clock.now() });
  if (!head && !isActiveIn(subject, period)) return { entries };
  const row = scoreRow(subject, period, entries, policy, asOf);
  return { entries, frozen: { row, head: head ? { seal: head.seal, entries: head.entries, hash: head.hash } : null } };
}
