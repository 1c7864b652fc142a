import type { Instant, Month } from '../calendar/civil-date.ts';
import type { ContentHash } from '../ports/digest.ts';
import type { Entry } from './entry.ts';
import {
  type BookedCard,
  type BookedEntry,
  type Difference,
  type LedgerCommit,
  type LedgerRecord,
  RANK,
} from './ledger-record.ts';
import { cardPartition, type Head, type Seal } from './seal.ts';
import { cardDifferences, entryFault } from './verify-card.ts';
import { commitDifferences, type EntryPlace, unmetByCommits } from './verify-commits.ts';
import { groupDifferences } from './verify-groups.ts';

/** How much was read, and what of it nothing but commits prove. */
export interface BookedFigures {
  readonly cards: number;
  readonly entries: number;
  readonly seals: number;
  readonly unsealed: number;
  /** When the oldest of these was recorded. */
  readonly unsealedSince?: Instant;
}

/** The ledger in compact records, in whatever order they come. */
export interface LedgerBook {
  /** Takes a record down; one that is read again takes the place of what was read before. */
  take(record: LedgerRecord): void;
  /** Everything that does not fit, in a stable order: by place, then the nearest to what happened first. */
  differences(): readonly Difference[];
  /** Every partition whose chain or commits a difference was concluded from. */
  suspects(): readonly string[];
  /** Where entries should stand that a seal or a commit names and that were not read. */
  unmet(): readonly EntryPlace[];
  figures(): BookedFigures;
  /** A seal of a card by its number. */
  seal(subject: string, period: Month, number: number): Seal | undefined;
}

/** A book to take the ledger's records down in. About a kilobyte for each entry. */
export function ledgerBook(contentHash: ContentHash): LedgerBook {
  const cards = new Map<string, CardPages>();
  const commits = new Map<string, Map<string, LedgerCommit>>();
  const faulty = new Map<string, Difference>();
  const found = () => {
    const standing = [...cards].map(([partition, card]) => [partition, cardOf(card)] as const);
    const entries = standing.flatMap(([, card]) => [...card.entries.values()]);
    return [
      ...standing.flatMap(([partition, card]) => cardDifferences(partition, card, contentHash)),
      ...commitDifferences(new Map(standing), commits),
      ...faulty.values(),
      ...groupDifferences(entries, [...commits], RANK.sum),
    ];
  };
  return {
    take(record) {
      if (record.is !== 'commit') {
        const card = cards.get(record.partition) ?? emptyCard();
        cards.set(record.partition, card);
        takeOnCard(card, record);
        return;
      }
      const { partition: place, sortKey, commit, fault } = record;
      const ofDispute = commits.get(place) ?? new Map<string, LedgerCommit>();
      if (commit) commits.set(place, ofDispute.set(sortKey, commit));
      const what = `commit ${sortKey.slice('COMMIT#'.length)} ${fault}`;
      if (fault !== undefined) faulty.set(`${place} ${sortKey}`, { place, what, rank: RANK.item, partitions: [place] });
    },
    differences: () => inOrder(found()),
    suspects: () => [...new Set(found().flatMap(({ partitions }) => partitions))],
    unmet() {
      const standing = new Map([...cards].map(([partition, card]) => [partition, cardOf(card)]));
      return [...[...standing].flatMap(unmetBySeals), ...unmetByCommits(standing, commits)];
    },
    figures: () => figuresOf([...cards.values()].map(cardOf)),
    seal: (subject, period, number) => {
      const card = cards.get(cardPartition(subject, period));
      return card && cardOf(card).seals.find((seal) => seal.number === number);
    },
  };
}

/** A card as it is taken down: each item in its place. */
interface CardPages {
  readonly entries: Map<string, BookedEntry>;
  readonly unreadable: Map<string, string>;
  readonly chain: Map<string, { readonly seal?: Seal; readonly head?: Head; readonly fault?: string }>;
}

type OnCard = Exclude<LedgerRecord, { is: 'commit' }>;

function emptyCard(): CardPages {
  return { entries: new Map(), unreadable: new Map(), chain: new Map() };
}

function takeOnCard(card: CardPages, record: OnCard): void {
  switch (record.is) {
    case 'entry':
      if (record.entry) {
        const fault = record.fault ?? entryFault(record.entry);
        card.entries.set(record.entryId, bookedEntry(record.partition, record.entry, record.hash, fault));
      } else card.unreadable.set(record.entryId, `${record.fault}`);
      return;
    case 'seal':
      card.chain.set(record.sortKey, record);
      return;
    case 'head':
      card.chain.set('HEAD', record);
      return;
    case 'stranger':
      card.chain.set(record.sortKey, { fault: `holds ${record.sortKey}, which is no part of a card` });
  }
}

function cardOf({ entries, unreadable, chain }: CardPages): BookedCard {
  const items = [...chain.values()];
  const [head] = items.flatMap((item) => item.head ?? []);
  const seals = items.flatMap(({ seal }) => seal ?? []);
  const faults = items.flatMap(({ fault }) => fault ?? []);
  return { entries, unreadable, seals, ...(head && { head }), faults };
}

function bookedEntry(partition: string, entry: Entry, hash: string, fault: string | undefined): BookedEntry {
  const { entryId, groupId, disputeId, kind, period, rule, reverses, recordedAt } = entry;
  const { points = 0, percentBp = 0 } = entry;
  const subject = entry.subject.id;
  const own = { entryId, groupId, disputeId, kind, period, rule, reverses, recordedAt };
  return { partition, hash, subject, points, percentBp, ...own, ...(fault !== undefined && { fault }) };
}

function unmetBySeals([partition, { seals, entries, unreadable }]: readonly [string, BookedCard]): EntryPlace[] {
  const named = seals.flatMap((seal) => seal.entries);
  const unmet = named.filter(({ entryId }) => !entries.has(entryId) && !unreadable.has(entryId));
  return unmet.map(({ entryId }) => ({ partition, entryId }));
}

function figuresOf(cards: readonly BookedCard[]): BookedFigures {
  const standing = cards.filter(({ entries, seals }) => entries.size > 0 || seals.length > 0);
  const unsealed = standing.flatMap(({ entries, seals }) => {
    const sealed = new Set(seals.flatMap((seal) => seal.entries.map(({ entryId }) => entryId)));
    return [...entries.values()].filter(({ entryId }) => !sealed.has(entryId));
  });
  const [unsealedSince] = unsealed.map(({ recordedAt }) => recordedAt).sort();
  return {
    cards: standing.length,
    entries: standing.reduce((sum, { entries, unreadable }) => sum + entries.size + unreadable.size, 0),
    seals: standing.reduce((sum, { seals }) => sum + seals.length, 0),
    unsealed: unsealed.length,
    ...(unsealedSince !== undefined && { unsealedSince }),
  };
}

/** By place, then rank, then text; of an entry only the first. */
function inOrder(found: readonly Difference[]): readonly Difference[] {
  const key = ({ place, rank, what }: Difference) => `${place} ${rank} ${what}`;
  const sorted = found.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  const told = new Set<string>();
  return sorted.filter(({ entryId }) => {
    if (entryId === undefined) return true;
    const first = !told.has(entryId);
    told.add(entryId);
    return first;
  });
}
