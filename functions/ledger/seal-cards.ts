import type { EntriesPendingV1 } from '#shared/contracts/events/entries-pending.v1.ts';
import type { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import type { EntriesVoidedV1 } from '#shared/contracts/events/entries-voided.v1.ts';
import type { Month } from '#shared/domain/calendar/civil-date.ts';
import { sealCard } from '#shared/domain/performance/seal-card.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { ContentHash } from '#shared/domain/ports/digest.ts';
import type { SealStore } from '#shared/domain/ports/seal-store.ts';

export type EntriesWritten = EntriesPendingV1 | EntriesPostedV1 | EntriesVoidedV1;

export interface SealingPorts {
  readonly seals: SealStore;
  readonly clock: Clock;
  readonly contentHash: ContentHash;
  /** Hears of a card that could not be sealed, and why. */
  readonly failed: (card: Card, error: unknown) => void;
}

/** One message of a batch. */
interface Batched {
  readonly messageId: string;
  readonly message: EntriesWritten;
}

/**
 * Seals the cards on which posting groups were written, have become final or are void (S-20): everything that stands on
 * them by now, whoever wrote it. A card that many events name is read once for all of them. Repeats, other orders and
 * several at a time leave each entry sealed once.
 *
 * @returns the messages whose cards could not all be sealed, to come again
 */
export async function sealCardsOf(batch: readonly Batched[], ports: SealingPorts): Promise<readonly string[]> {
  const cards = new Map<string, { card: Card; messages: string[] }>();
  for (const { messageId, message } of batch) {
    for (const card of cardsOf(message)) {
      const key = JSON.stringify([card.subject, card.period]);
      const known = cards.get(key) ?? { card, messages: [] };
      cards.set(key, known);
      known.messages.push(messageId);
    }
  }
  const { seals, clock, contentHash, failed } = ports;
  const again = new Set<string>();
  for (const { card, messages } of cards.values()) {
    try {
      await sealCard(card.subject, card.period, { seals, contentHash, now: clock.now() });
    } catch (error) {
      failed(card, error);
      for (const message of messages) again.add(message);
    }
  }
  return [...again];
}

/** A subject's month. */
export interface Card {
  readonly subject: string;
  readonly period: Month;
}

function cardsOf({ type, data }: EntriesWritten): readonly Card[] {
  const moved = type === 'EntriesPosted.v1' ? [...data.totals, ...data.reversals] : data.totals;
  return moved.map(({ subject, period }) => ({ subject: subject.id, period }));
}
