import type { Instant, Month } from '../calendar/civil-date.ts';
import type { ContentHash } from '../ports/digest.ts';
import { type Effect, type Entry, negative } from './entry.ts';
import type { BookedEntry, Difference, LedgerCommit, LedgerRecord } from './ledger-record.ts';
import { effectOf } from './points.ts';
import { cardPartition, chainFaults, type Head, type Seal } from './seal.ts';
import { groupDifferences } from './verify-groups.ts';

/** What stands on one card. */
interface BookedCard {
  readonly entries: Map<string, BookedEntry>;
  readonly unreadable: Map<string, string>;
  readonly seals: Seal[];
  head?: Head;
  readonly faults: string[];
}

/** Ranks of differences at one place. */
const RANK = { chain: 1, sealed: 2, committed: 3, item: 4, sum: 5 } as const;

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
  take(record: LedgerRecord): void;
  /** Forgets a partition that is about to be read again. */
  forget(partition: string): void;
  /** Everything that does not fit, in a stable order: by place, then the nearest to what happened first. */
  differences(): readonly Difference[];
  figures(): BookedFigures;
  /** A seal of a card by its number. */
  seal(subject: string, period: Month, number: number): Seal | undefined;
}

/** A book to take the ledger's records down in. About a kilobyte for each entry. */
export function ledgerBook(contentHash: ContentHash): LedgerBook {
  const cards = new Map<string, BookedCard>();
  const commits = new Map<string, Map<string, LedgerCommit>>();
  const faulty = new Map<string, string[]>();
  const cardAt = (partition: string) => {
    const known = cards.get(partition);
    if (known) return known;
    const card: BookedCard = { entries: new Map(), unreadable: new Map(), seals: [], faults: [] };
    cards.set(partition, card);
    return card;
  };
  return {
    take(record) {
      if (record.is === 'commit') {
        const { partition, sortKey, commit, fault } = record;
        if (commit)
          commits.set(partition, (commits.get(partition) ?? new Map<string, LedgerCommit>()).set(sortKey, commit));
        if (fault !== undefined)
          faulty.set(partition, [
            ...(faulty.get(partition) ?? []),
            `commit ${sortKey.slice('COMMIT#'.length)} ${fault}`,
          ]);
      } else takeOnCard(cardAt(record.partition), record);
    },
    forget(partition) {
      cards.delete(partition);
      commits.delete(partition);
      faulty.delete(partition);
    },
    differences() {
      const found = [
        ...[...cards].flatMap(([partition, card]) => cardDifferences(partition, card, contentHash)),
        ...commitDifferences(cards, commits),
        ...[...faulty].flatMap(([place, faults]) =>
          faults.map((what) => ({ place, what, rank: RANK.item, partitions: [place] })),
        ),
        ...groupDifferences(entriesOf(cards), [...commits], RANK.sum),
      ];
      return inOrder(found);
    },
    figures: () => figuresOf(cards),
    seal: (subject, period, number) =>
      cards.get(cardPartition(subject, period))?.seals.find((seal) => seal.number === number),
  };
}

type OnCard = Exclude<LedgerRecord, { is: 'commit' }>;

function takeOnCard(card: BookedCard, record: OnCard): void {
  switch (record.is) {
    case 'entry':
      if (record.entry)
        card.entries.set(record.entryId, bookedEntry(record.partition, record.entry, record.hash, record.fault));
      else card.unreadable.set(record.entryId, `${record.fault}`);
      return;
    case 'seal':
      if (record.seal) card.seals.push(record.seal);
      if (record.fault !== undefined) card.faults.push(record.fault);
      return;
    case 'head':
      if (record.head) card.head = record.head;
      if (record.fault !== undefined) card.faults.push(record.fault);
      return;
    case 'stranger':
      card.faults.push(`holds ${record.sortKey}, which is no part of a card`);
  }
}

function bookedEntry(partition: string, entry: Entry, hash: string, fault: string | undefined): BookedEntry {
  const { entryId, groupId, disputeId, kind, period, rule, reverses, recordedAt } = entry;
  const { points = 0, percentBp = 0 } = entry;
  const subject = entry.subject.id;
  const wrong = fault ?? effectFault(entry);
  const own = { entryId, groupId, disputeId, kind, period, rule, reverses, recordedAt };
  return { partition, hash, subject, points, percentBp, ...own, ...(wrong !== undefined && { fault: wrong }) };
}

/** Whether an entry moves what its own inputs make (S-19). */
function effectFault({ inputs, points, percentBp }: Entry): string | undefined {
  if (!inputs) return points === undefined && percentBp === undefined ? undefined : 'moves points without a reason';
  let effect: Effect;
  try {
    effect = effectOf(inputs);
  } catch (error) {
    return `has inputs that make no points: ${String(error)}`;
  }
  const expected = 'points' in effect ? { points: effect.points } : { percentBp: effect.percentBp };
  const [due, found] = [textOf(expected), textOf({ points, percentBp })];
  return due === found ? undefined : `moves ${found}, and its inputs make ${due}`;
}

function textOf({ points, percentBp }: { readonly points?: number; readonly percentBp?: number }): string {
  return [points === undefined ? '' : `${points} hundredths`, percentBp === undefined ? '' : `${percentBp} bp`].join(
    '',
  );
}

function cardDifferences(place: string, card: BookedCard, contentHash: ContentHash): Difference[] {
  const { entries, head } = card;
  const partitions = [place];
  const at = place.lastIndexOf('#');
  const named = { subject: place.slice('CARD#'.length, at), period: place.slice(at + 1) };
  const seals = card.seals.toSorted((a, b) => a.number - b.number);
  const chain = [...card.faults, ...chainFaults(named, seals, head, contentHash)];
  const found: Difference[] = chain.map((what) => ({ place, what, rank: RANK.chain, partitions }));
  for (const { number, entryId, hash } of seals.flatMap((seal) => seal.entries)) {
    const entry = entries.get(entryId);
    const name = `entry ${number} (${entryId})`;
    if (!entry && !card.unreadable.has(entryId))
      found.push({ place, what: `${name} is missing`, rank: RANK.sealed, entryId, partitions });
    if (entry && entry.hash !== hash)
      found.push({ place, what: `${name} was changed after it was sealed`, rank: RANK.sealed, entryId, partitions });
  }
  for (const [entryId, fault] of card.unreadable)
    found.push({ place, what: `entry ${entryId} ${fault}`, rank: RANK.sealed, entryId, partitions });
  for (const { entryId, fault } of entries.values())
    if (fault !== undefined)
      found.push({ place, what: `entry ${entryId} ${fault}`, rank: RANK.item, entryId, partitions });
  return found;
}

/** Every entry is named by a commit, and every one that a commit names stands as it was written. */
function commitDifferences(
  cards: ReadonlyMap<string, BookedCard>,
  commits: ReadonlyMap<string, ReadonlyMap<string, LedgerCommit>>,
): Difference[] {
  const found: Difference[] = [];
  const standing = new Map(entriesOf(cards).map((entry) => [entry.entryId, entry]));
  const unreadable = new Set([...cards.values()].flatMap((card) => [...card.unreadable.keys()]));
  const named = new Set<string>();
  for (const [dispute, ofDispute] of commits) {
    for (const { commitId, wrote, groups } of ofDispute.values()) {
      const touched = groups.flatMap(({ totals, reversals }) => [...totals, ...reversals]);
      const onCards = touched.map(({ subject, period }) => cardPartition(subject.id, period));
      for (const { entryId, hash } of wrote) {
        named.add(entryId);
        const entry = standing.get(entryId);
        const rank = RANK.committed;
        if (!entry && !unreadable.has(entryId)) {
          const what = `entry ${entryId}, which commit ${commitId} wrote, is missing`;
          found.push({ place: dispute, what, rank, entryId, partitions: [dispute, ...onCards] });
        } else if (entry && hash !== undefined && entry.hash !== hash) {
          const what = `entry ${entryId} is not what commit ${commitId} wrote`;
          found.push({ place: entry.partition, what, rank, entryId, partitions: [dispute, entry.partition] });
        }
      }
    }
  }
  for (const { entryId, partition, disputeId, reverses, points, percentBp } of standing.values()) {
    const partitions = [partition, `SCORING#${disputeId}`];
    if (!named.has(entryId))
      found.push({
        place: partition,
        what: `entry ${entryId} is named by no commit`,
        rank: RANK.committed,
        entryId,
        partitions,
      });
    const reversed = reverses === undefined ? undefined : standing.get(reverses);
    const back = reversed?.points === negative(points) && reversed.percentBp === negative(percentBp);
    if (reverses !== undefined && !back) {
      const what = `entry ${entryId} does not take back ${reverses}`;
      found.push({ place: partition, what, rank: RANK.item, entryId, partitions });
    }
  }
  return found;
}

function figuresOf(cards: ReadonlyMap<string, BookedCard>): BookedFigures {
  const standing = [...cards.values()].filter(({ entries, seals }) => entries.size > 0 || seals.length > 0);
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

function entriesOf(cards: ReadonlyMap<string, BookedCard>): readonly BookedEntry[] {
  return [...cards.values()].flatMap(({ entries }) => [...entries.values()]);
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
