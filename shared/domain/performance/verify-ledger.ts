import type { Instant } from '../calendar/civil-date.ts';
import { type BookedFigures, type LedgerBook, ledgerBook } from './ledger-book.ts';
import type { Difference, LedgerReader } from './ledger-record.ts';
import { type AnchorReading, anchoredDifferences, readAnchors } from './verify-anchors.ts';

/** What verifying reads. */
export interface VerifyPorts extends AnchorReading {
  readonly reader: LedgerReader;
}

/** What came out. All is well when nothing differs. */
export interface Verified extends BookedFigures {
  readonly anchors: number;
  /** The last anchor: what was removed with its commit since then is outside what can be proven. */
  readonly anchoredAt?: Instant;
  /** In a stable order. */
  readonly differences: readonly Difference[];
}

/** How often suspects are read again, and how many at most: so many are no act that was under way. */
const READS_AGAIN = 3;
const MOST_SUSPECTS = 1_000;

/**
 * Verifies the whole ledger against its seals, its anchors and its own commits (S-20), and its sums. The ledger may be
 * written to meanwhile: what does not fit is read again, and told only when it stays so. Anchors are read first, so
 * that every card must have reached them.
 */
export async function verifyLedger(ports: VerifyPorts): Promise<Verified> {
  const anchors = await readAnchors(ports);
  const book = ledgerBook(ports.contentHash);
  for await (const record of ports.reader.all()) book.take(record);
  const inBook = await settled(book, ports.reader);
  const ofHeads = await anchoredDifferences(anchors, book, ports);
  const last = anchors.anchors.at(-1);
  const differences = [...inBook, ...anchors.differences, ...ofHeads].toSorted(byPlace);
  return {
    ...book.figures(),
    anchors: anchors.count,
    ...(last && { anchoredAt: last.anchor.asOf }),
    differences,
  };
}

/** Stable: differences of one place keep their order. */
function byPlace(a: Difference, b: Difference): number {
  if (a.place === b.place) return a.rank - b.rank;
  return a.place < b.place ? -1 : 1;
}

async function settled(book: LedgerBook, reader: LedgerReader): Promise<readonly Difference[]> {
  let found = book.differences();
  for (let reads = 0; reads < READS_AGAIN && found.length > 0; reads += 1) {
    const suspects = new Set(found.flatMap(({ partitions }) => partitions));
    if (suspects.size > MOST_SUSPECTS) break;
    for (const partition of suspects) {
      book.forget(partition);
      for await (const record of reader.partition(partition)) book.take(record);
    }
    const again = book.differences();
    const same = again.map(textOf).join('\n') === found.map(textOf).join('\n');
    found = again;
    if (same) break;
  }
  return found;
}

function textOf({ place, what }: Difference): string {
  return `${place} ${what}`;
}
