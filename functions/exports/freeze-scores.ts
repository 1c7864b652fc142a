import { dayIn, type Instant, type Month, monthIn, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import type { Frozen } from '#shared/domain/exports/score-export.ts';
import { type FrozenRow, scoreRow } from '#shared/domain/exports/score-row.ts';
import { type SnapshotPorts, writeSnapshot } from '#shared/domain/exports/snapshot.ts';
import { inOrder } from '#shared/domain/in-order.ts';
import { cardPolicy } from '#shared/domain/performance/card.ts';
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

/** Who has a row in a month's export, and by which policy it is computed. */
export interface Exported {
  readonly period: Month;
  /** By kind and id. */
  readonly subjects: readonly Subject[];
  readonly policy: Policy;
}

/**
 * What an export of a month is made of: everybody who is active on any day of it.
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
  const subjects = [...directory.values()]
    .filter((subject) => isActiveIn(subject, period))
    .sort((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1));
  return { period, subjects, policy };
}

/**
 * Freezes a month's scores: seals every card, computes its row from the entries up to that head, and writes the
 * snapshot, all formats and the manifest. Every try writes into a folder of its own, so that two at a time, or one that
 * ends half way, never mix: what counts is the folder that the export's state names.
 */
export async function freezeScores(
  exportId: string,
  { period, subjects, policy }: Exported,
  ports: FreezePorts,
): Promise<Frozen> {
  const asOf = ports.clock.now();
  const about = { exportId, period, asOf, versions: { policy: policy.version, rows: 1 } } as const;
  const rows = inOrder(subjects, CARDS_AT_ONCE, (subject) => frozenRow(subject, { period, policy, asOf }, ports));
  return writeSnapshot(about, `exports/${exportId}/${ports.newId()}`, rows, ports.snapshot);
}

async function frozenRow(
  subject: Subject,
  { period, policy, asOf }: { readonly period: Month; readonly policy: Policy; readonly asOf: Instant },
  { seals, clock, snapshot: { contentHash } }: FreezePorts,
): Promise<FrozenRow> {
  const { head, entries } = await sealCard(subject.id, period, { seals, contentHash, now: clock.now() });
  return {
    row: scoreRow(subject, period, entries, policy, asOf),
    head: head ? { seal: head.seal, entries: head.entries, hash: head.hash } : null,
  };
}
