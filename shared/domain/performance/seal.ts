import type { Instant, Month } from '../calendar/civil-date.ts';
import type { ContentHash } from '../ports/digest.ts';
import { byRecording, type Entry } from './entry.ts';

/** Entries that one seal takes: some 150 KB of the 400 KB that an item holds. */
export const MOST_SEALED = 1_000;

/** One entry's place on its card, and what it says there. */
export interface SealedEntry {
  /** From 1, without a gap over all seals of the card: the order of the card (S-20). */
  readonly number: number;
  readonly entryId: string;
  /** Of all fields of the entry. */
  readonly hash: string;
}

/** A link of a card's chain (S-20): it fixes the next entries, in their order, and through `previous` all before. */
export interface Seal {
  readonly subject: string;
  readonly period: Month;
  /** From 1. */
  readonly number: number;
  /** The numbers of the first and the last of its entries. */
  readonly from: number;
  readonly to: number;
  readonly entries: readonly SealedEntry[];
  /** The hash of the seal before, null in the first. */
  readonly previous: string | null;
  readonly sealedAt: Instant;
  /** Of all the other fields. */
  readonly hash: string;
}

/** Where a card's chain stands: what an anchor or an export names of it. */
export interface Head {
  readonly subject: string;
  readonly period: Month;
  /** The number of the last seal, which is also how often this head was written. */
  readonly seal: number;
  /** The number of the last sealed entry. */
  readonly entries: number;
  /** The last seal's. */
  readonly hash: string;
}

/** A card's stored chain and entries, as they were found: whether they fit is not said. */
export interface StoredCard {
  /** In any order. */
  readonly entries: readonly Entry[];
  /** Up to the head, the first one first. */
  readonly seals: readonly Seal[];
  readonly head?: Head;
}

/** The partition in which a card's entries, seals and head stand. */
export function cardPartition(subject: string, period: Month): string {
  return `CARD#${subject}#${period}`;
}

/** A card whose entries do not stand as they were sealed: `npm run verify -- ledger` tells what happened to it. */
export class BrokenSeal extends Error {
  override readonly name = 'BrokenSeal';
}

/** The hash of an entry over all its fields. It never changes, for nothing of an entry does. */
export function entryHash(entry: Entry, contentHash: ContentHash): string {
  return contentHash(entry);
}

/** A seal with the hash over all that it says. */
export function hashedSeal(content: Omit<Seal, 'hash'>, contentHash: ContentHash): Seal {
  return { ...content, hash: contentHash(content) };
}

/**
 * The next seal of a card: the oldest entries that no seal names yet, at most {@link MOST_SEALED} of them. What is
 * recorded late takes the next number like any other; once given, a number stays.
 *
 * @param head before, undefined when the card has no seal yet
 * @param unsealed at least one, of this card, in any order
 */
export function sealOf(
  card: Pick<Seal, 'subject' | 'period'>,
  head: Head | undefined,
  unsealed: readonly Entry[],
  now: Instant,
  contentHash: ContentHash,
): Seal {
  const before = head?.entries ?? 0;
  const entries = unsealed
    .toSorted(byRecording)
    .slice(0, MOST_SEALED)
    .map((entry, index) => ({
      number: before + index + 1,
      entryId: entry.entryId,
      hash: entryHash(entry, contentHash),
    }));
  const { subject, period } = card;
  const content = {
    subject,
    period,
    number: (head?.seal ?? 0) + 1,
    from: before + 1,
    to: before + entries.length,
    entries,
    previous: head?.hash ?? null,
    sealedAt: now,
  };
  return hashedSeal(content, contentHash);
}

/** The head that a seal makes. */
export function headAfter({ subject, period, number, to, hash }: Seal): Head {
  return { subject, period, seal: number, entries: to, hash };
}

/** A card's entries parted by its seals: the sealed ones in the order of their numbers, the others in no order. */
export interface PartedCard {
  readonly sealed: readonly Entry[];
  readonly unsealed: readonly Entry[];
  /** Ids that a seal names and that do not stand on the card. */
  readonly missing: readonly string[];
}

/** Ids of entries that do not stand as their seal says. A missing one is no changed one. */
export function changedEntries({ entries, seals }: StoredCard, contentHash: ContentHash): readonly string[] {
  const hashes = new Map(seals.flatMap((seal) => seal.entries.map(({ entryId, hash }) => [entryId, hash])));
  const changed = entries.filter((entry) => {
    const hash = hashes.get(entry.entryId);
    return hash !== undefined && hash !== entryHash(entry, contentHash);
  });
  return changed.map(({ entryId }) => entryId);
}

/** Parts a card's entries by what its seals name. */
export function partBySeals({ entries, seals }: StoredCard): PartedCard {
  const left = new Map(entries.map((entry) => [entry.entryId, entry]));
  const sealed: Entry[] = [];
  const missing: string[] = [];
  for (const { entryId } of seals.flatMap((seal) => seal.entries)) {
    const entry = left.get(entryId);
    if (entry) sealed.push(entry);
    else missing.push(entryId);
    left.delete(entryId);
  }
  return { sealed, unsealed: [...left.values()], missing };
}

/**
 * What does not fit in a chain of seals and its head, in words, in a stable order; nothing when all fits. Numbers
 * without a gap, each seal naming the one before, each hash over what its seal says, the head naming the last.
 *
 * @param seals in the order of their numbers
 */
export function chainFaults(
  card: Pick<Seal, 'subject' | 'period'>,
  seals: readonly Seal[],
  head: Head | undefined,
  contentHash: ContentHash,
): readonly string[] {
  const faults: string[] = [];
  let before: Seal | undefined;
  for (const seal of seals) {
    const fault = linkFault(card, before, seal, contentHash);
    if (fault !== undefined) faults.push(fault);
    before = seal;
  }
  const expected = before && headAfter(before);
  if (expected && !head) faults.push('the head is missing');
  if (head && !expected) faults.push('the head stands, and no seal does');
  if (head && expected && contentHash(head) !== contentHash(expected))
    faults.push(`the head names seal ${head.seal}, and the last one that stands is ${expected.seal}`);
  return faults;
}

function linkFault(
  card: Pick<Seal, 'subject' | 'period'>,
  before: Seal | undefined,
  seal: Seal,
  contentHash: ContentHash,
): string | undefined {
  const number = (before?.number ?? 0) + 1;
  if (seal.number < number) return `seal ${seal.number} stands twice`;
  if (seal.number > number)
    return seal.number === number + 1
      ? `seal ${number} is missing`
      : `seals ${number} to ${seal.number - 1} are missing`;
  const { hash, ...content } = seal;
  if (contentHash(content) !== hash) return `seal ${number} was changed`;
  const first = (before?.to ?? 0) + 1;
  const numbered = seal.entries.every((entry, index) => entry.number === first + index);
  const fits =
    seal.subject === card.subject &&
    seal.period === card.period &&
    seal.previous === (before?.hash ?? null) &&
    seal.from === first &&
    seal.to === first + seal.entries.length - 1 &&
    numbered;
  return fits ? undefined : `seal ${number} does not follow the one before`;
}
