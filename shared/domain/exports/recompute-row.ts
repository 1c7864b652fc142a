import { chainFaults, entryHash, headAfter, partBySeals, type StoredCard } from '../performance/seal.ts';
import type { Policy } from '../policy/policy.ts';
import type { ContentHash } from '../ports/digest.ts';
import { type FrozenRow, type ScoreRow, scoreRow } from './score-row.ts';
import { COLUMNS } from './table-cells.ts';
import { leftOut } from './whole-writes.ts';

/**
 * Why a row is not what its card says up to the row's head, in words; undefined when it is. What came to the card
 * since does not matter. The name and the department are the directory's, not the ledger's: they are taken as they are.
 *
 * @param stored the card's entries and seals as they stand now
 * @param policy the version that the row names
 */
export function rowFault(
  { row, head }: FrozenRow,
  stored: StoredCard,
  policy: Policy,
  contentHash: ContentHash,
): string | undefined {
  const card = { subject: row.subjectId, period: row.period };
  const seals = stored.seals.filter(({ number }) => number <= (head?.seal ?? 0));
  const last = seals.at(-1);
  const [broken] = chainFaults(card, seals, last && headAfter(last), contentHash);
  if (broken !== undefined) return broken;
  if (last?.number !== head?.seal) return `seal ${head?.seal} is missing`;
  if (last?.hash !== head?.hash || last?.to !== head?.entries) return `seal ${head?.seal} is not the one of the export`;
  const { sealed, missing } = partBySeals({ entries: stored.entries, seals });
  if (missing.length > 0) return `the entry ${missing[0]} is missing`;
  const hashes = new Map(seals.flatMap(({ entries }) => entries).map(({ entryId, hash }) => [entryId, hash]));
  const changed = sealed.find((entry) => entryHash(entry, contentHash) !== hashes.get(entry.entryId));
  if (changed) return `the entry ${changed.entryId} was changed`;
  const left = leftOut(stored.entries, seals, row);
  if (left) return `the entry ${left.entryId} stood there before the export began, and the row leaves it out`;
  const subject = { kind: row.subjectType, id: row.subjectId, name: row.subjectName, department: row.departmentId };
  const again = scoreRow(subject, row.period, sealed, policy, row.asOf);
  const field = differingField(row, again);
  return field && `${field} is ${JSON.stringify(row[field])}, and the ledger says ${JSON.stringify(again[field])}`;
}

/** The first field in which two rows differ. */
function differingField(one: ScoreRow, other: ScoreRow): keyof ScoreRow | undefined {
  return COLUMNS.find((column) => JSON.stringify(one[column]) !== JSON.stringify(other[column]));
}
