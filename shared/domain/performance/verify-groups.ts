import type { BookedEntry, Difference, LedgerCommit, ToldGroup } from './ledger-record.ts';
import type { EntryTotal } from './performance-events.ts';

/**
 * What of the posting groups does not add up: a commit's totals against the entries of its group, a group that no
 * commit tells of, and one that counts on some of its cards only, or in two ways (S-12, S-13).
 *
 * @param commits by the partition of their dispute
 * @param rank of what is found
 */
export function groupDifferences(
  entries: readonly BookedEntry[],
  commits: readonly (readonly [dispute: string, ofDispute: ReadonlyMap<string, LedgerCommit>])[],
  rank: number,
): Difference[] {
  const groups = Map.groupBy(entries, ({ groupId }) => groupId);
  const found: Difference[] = [];
  for (const [place, ofDispute] of commits) {
    for (const { commitId, groups: told } of ofDispute.values()) {
      for (const group of told) {
        const own = groups.get(group.groupId) ?? [];
        const fault = sumFault(group, own);
        if (fault === undefined) continue;
        const what = `commit ${commitId} says that group ${group.groupId} moves ${fault}`;
        found.push({ place, what, rank, partitions: [place] });
      }
    }
  }
  const told = new Set(commits.flatMap(([, ofDispute]) => [...ofDispute.values()].flatMap(groupIdsOf)));
  for (const [groupId, own] of groups) {
    const fault = told.has(groupId) ? wordFault(own) : 'is told of by no commit';
    const place = `SCORING#${own[0]?.disputeId}`;
    if (fault !== undefined) found.push({ place, what: `group ${groupId} ${fault}`, rank, partitions: [place] });
  }
  return found;
}

function groupIdsOf({ groups }: LedgerCommit): readonly string[] {
  return groups.map(({ groupId }) => groupId);
}

function moves({ kind }: BookedEntry): boolean {
  return kind === 'points' || kind === 'percent';
}

function sumFault({ word, totals, reversals }: ToldGroup, entries: readonly BookedEntry[]): string | undefined {
  const lines = entries.filter((entry) => moves(entry) && entry.reverses === undefined);
  const back = entries.filter((entry) => moves(entry) && entry.reverses !== undefined);
  return differing(totals, lines) ?? (word === 'posted' ? differing(reversals, back) : undefined);
}

/** The first card and rule whose sums differ, in words. */
function differing(totals: readonly EntryTotal[], lines: readonly BookedEntry[]): string | undefined {
  const told = new Map(
    totals.map(({ subject, period, rule, points, percentBp = 0 }) => [
      `${subject.id} ${period} ${rule}`,
      { points, percentBp },
    ]),
  );
  const found = new Map<string, { points: number; percentBp: number }>();
  for (const { subject, period, rule, points, percentBp } of lines) {
    const key = `${subject} ${period} ${rule}`;
    const sum = found.get(key) ?? { points: 0, percentBp: 0 };
    found.set(key, { points: sum.points + points, percentBp: sum.percentBp + percentBp });
  }
  const text = (sum: { points: number; percentBp: number } | undefined) =>
    sum ? `${sum.points} hundredths and ${sum.percentBp} bp` : 'nothing';
  const keys = [...new Set([...told.keys(), ...found.keys()])].sort();
  const wrong = keys.find((key) => text(told.get(key)) !== text(found.get(key)));
  return wrong && `${text(told.get(wrong))} on ${wrong}, and its entries move ${text(found.get(wrong))}`;
}

/** A group counts on all of its cards or on none, and in one way. */
function wordFault(entries: readonly BookedEntry[]): string | undefined {
  const on = (kinds: readonly string[]) =>
    [...new Set(entries.filter(({ kind }) => kinds.includes(kind)).map(({ partition }) => partition))].sort();
  const cards = on(['points', 'percent']);
  const [posted, voided] = [on(['posted']), on(['void'])];
  if (posted.length > 0 && voided.length > 0) return 'is both posted and void';
  const word = posted.length > 0 ? posted : voided;
  if (word.length === 0 || word.join() === cards.join()) return undefined;
  return `is settled on ${word.join(', ')}, and its points stand on ${cards.join(', ') || 'no card'}`;
}
