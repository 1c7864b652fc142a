import type { EntriesPendingV1 } from '#shared/contracts/events/entries-pending.v1.ts';
import type { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import type { EntriesVoidedV1 } from '#shared/contracts/events/entries-voided.v1.ts';
import { sealCard } from '#shared/domain/performance/seal-card.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { ContentHash } from '#shared/domain/ports/digest.ts';
import type { SealStore } from '#shared/domain/ports/seal-store.ts';

export type EntriesWritten = EntriesPendingV1 | EntriesPostedV1 | EntriesVoidedV1;

export interface SealingPorts {
  readonly seals: SealStore;
  readonly clock: Clock;
  readonly contentHash: ContentHash;
}

/**
 * Seals the cards on which a posting group was written, has become final or is void (S-20): everything that stands on
 * them by now, whoever wrote it. Repeats, other orders and several at a time leave each entry sealed once.
 */
export async function sealCardsOf({ type, data }: EntriesWritten, ports: SealingPorts): Promise<void> {
  const { seals, clock, contentHash } = ports;
  const moved = type === 'EntriesPosted.v1' ? [...data.totals, ...data.reversals] : data.totals;
  const cards = new Map(
    moved.map(({ subject, period }) => [JSON.stringify([subject.id, period]), { subject, period }]),
  );
  for (const { subject, period } of cards.values())
    await sealCard(subject.id, period, { seals, contentHash, now: clock.now() });
}
