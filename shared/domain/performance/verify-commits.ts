import { negative } from './entry.ts';
import {
  type BookedCard,
  type BookedCommits,
  type BookedEntry,
  type Difference,
  type LedgerCommit,
  RANK,
} from './ledger-record.ts';
import { cardPartition } from './seal.ts';

/** Where an entry should stand. */
export interface EntryPlace {
  readonly partition: string;
  readonly entryId: string;
}

type Cards = ReadonlyMap<string, BookedCard>;

/** A commit that names an entry, and how. */
interface Writer {
  /** The partition of its dispute. */
  readonly place: string;
  readonly commit: LedgerCommit;
  readonly hash: string;
}

/** Every entry is the one that its commit wrote, and stands once; every one that a commit names stands. */
export function commitDifferences(cards: Cards, commits: BookedCommits): Difference[] {
  const found: Difference[] = [];
  const standing = Map.groupBy(
    [...cards.values()].flatMap(({ entries }) => [...entries.values()]),
    ({ entryId }) => entryId,
  );
  const unreadable = new Set([...cards.values()].flatMap((card) => [...card.unreadable.keys()]));
  const writers = writersOf(commits);
  for (const [entryId, of] of writers) {
    if (standing.has(entryId) || unreadable.has(entryId)) continue;
    for (const { place, commit } of of) {
      const what = `entry ${entryId}, which commit ${commit.commitId} wrote, is missing`;
      found.push({ place, what, rank: RANK.committed, entryId, partitions: [place] });
    }
  }
  for (const [entryId, copies] of standing) {
    const named = writers.get(entryId) ?? [];
    for (const entry of copies) {
      const { partition: place, disputeId } = entry;
      const partitions = [`SCORING#${disputeId}`];
      const fault = originFault(entry, copies, named);
      if (fault !== undefined)
        found.push({ place, what: `entry ${entryId} ${fault}`, rank: RANK.committed, entryId, partitions });
      const what = `entry ${entryId} does not take back ${entry.reverses}`;
      if (!takesBack(entry, cards)) found.push({ place, what, rank: RANK.item, entryId, partitions });
    }
  }
  return found;
}

/** Where to look for entries that commits name and that stand nowhere: on the cards that their group moves. */
export function unmetByCommits(cards: Cards, commits: BookedCommits): readonly EntryPlace[] {
  const standing = new Set(
    [...cards.values()].flatMap(({ entries, unreadable }) => [...entries.keys(), ...unreadable.keys()]),
  );
  const groups = [...commits.values()].flatMap((ofDispute) =>
    [...ofDispute.values()].flatMap((commit) => commit.groups),
  );
  return groups.flatMap(({ entries, totals, reversals }) => {
    const onCards = new Set([...totals, ...reversals].map(({ subject, period }) => cardPartition(subject.id, period)));
    const unmet = entries.filter((entryId) => !standing.has(entryId));
    return unmet.flatMap((entryId) => [...onCards].map((partition) => ({ partition, entryId })));
  });
}

function writersOf(commits: BookedCommits): ReadonlyMap<string, readonly Writer[]> {
  const writers = new Map<string, Writer[]>();
  for (const [place, ofDispute] of commits)
    for (const commit of ofDispute.values())
      for (const { entryId, hash } of commit.wrote) {
        const known = writers.get(entryId);
        if (known) known.push({ place, commit, hash });
        else writers.set(entryId, [{ place, commit, hash }]);
      }
  return writers;
}

/** Why an entry is not the one that one commit wrote, in words. */
function originFault(entry: BookedEntry, copies: readonly BookedEntry[], named: readonly Writer[]): string | undefined {
  const [first, second] = named;
  if (!first) return 'is named by no commit';
  const writer = named.find(({ hash }) => hash === entry.hash);
  if (!writer) return `is not what commit ${first.commit.commitId} wrote`;
  if (second) return `is named by commit ${first.commit.commitId} and by commit ${second.commit.commitId}`;
  if (copies.filter(({ hash }) => hash === entry.hash).length > 1)
    return `stands on ${copies
      .map(({ partition }) => partition)
      .sort()
      .join(' and ')}`;
  const { place, commit } = writer;
  const told = commit.groups.some(
    ({ groupId, entries }) => groupId === entry.groupId && entries.includes(entry.entryId),
  );
  const own = told && place === `SCORING#${entry.disputeId}` && commit.recordedAt === entry.recordedAt;
  return own ? undefined : `has another dispute, group or time than commit ${commit.commitId}, which wrote it`;
}

/** Whether a reversing entry takes all of one back that stands on the same card (D-3). */
function takesBack({ partition, reverses, points, percentBp }: BookedEntry, cards: Cards): boolean {
  if (reverses === undefined) return true;
  const reversed = cards.get(partition)?.entries.get(reverses);
  return reversed?.points === negative(points) && reversed.percentBp === negative(percentBp);
}
