import type { ManifestLine } from './manifest.ts';

/** A row as a file has it: whose it is, and the hash of its canonical JSON. */
export type SeenRow = Pick<ManifestLine, 'subject' | 'hash'>;

/**
 * The first place at which a file's rows are not those of its export, in words; undefined when they are.
 *
 * @param lines of the manifest
 * @param seen of the file, in its order
 * @param whole whether the file is the whole export; else its rows only have to stand in it without a gap
 */
export function firstDifference(
  lines: readonly ManifestLine[],
  seen: readonly SeenRow[],
  whole: boolean,
): string | undefined {
  const start = whole ? 0 : lines.findIndex(({ subject }) => subject === seen[0]?.subject);
  if (start < 0) return seen[0] ? `row 1 (${seen[0].subject}) is none of the export's` : undefined;
  for (const [index, row] of seen.entries()) {
    if (lines[start + index]?.hash !== row.hash) return differenceAt(index, { lines, start }, seen, row);
  }
  const missing = whole ? lines[seen.length] : undefined;
  return missing && `${missing.subject} is missing: there are ${seen.length} rows of ${lines.length}`;
}

function differenceAt(
  index: number,
  { lines, start }: { readonly lines: readonly ManifestLine[]; readonly start: number },
  seen: readonly SeenRow[],
  row: SeenRow,
): string {
  const place = `row ${index + 1}`;
  const expected = lines[start + index];
  if (expected?.subject === row.subject) return `${place} (${row.subject}) was changed`;
  const earlier = seen.findIndex(({ subject }) => subject === row.subject);
  if (earlier < index) return `${place} repeats ${row.subject}, who is in row ${earlier + 1}`;
  if (!lines.some(({ subject }) => subject === row.subject)) return `${place} (${row.subject}) is none of the export's`;
  const later = seen.findIndex(({ subject }) => subject === expected?.subject);
  if (later < 0) return `${expected?.subject} is missing before ${place} (${row.subject})`;
  if (lines[start + later]?.subject === row.subject)
    return `rows ${index + 1} and ${later + 1} (${row.subject} and ${expected?.subject}) are swapped`;
  return `${place} is of ${row.subject}, where ${expected?.subject} should stand`;
}
