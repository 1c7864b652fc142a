import type { Instant } from '../calendar/civil-date.ts';
import { type BookedFigures, type LedgerBook, ledgerBook } from './ledger-book.ts';
import type { Difference, LedgerReader, LedgerRecord } from './ledger-record.ts';
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

/** How many suspects are looked at in parallel. */
const LANES = 16;

/**
 * Verifies the whole ledger against its seals, its anchors and its own commits (S-20), and its sums. The ledger may be
 * written to meanwhile: what does not fit is looked at once more, and told only when it stays so. Anchors are read first,
 * so that every card must have reached them.
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

/**
 * What does not fit, without what was merely under way. An act stands whole from one moment on, so that one further look
 * decides: a seal's entries stood when it was written, an entry's commit stands when the entry does, and so do all
 * entries of a commit. Nothing else is read again: however fast points are posted, what came later raises no question.
 */
async function settled(book: LedgerBook, reader: LedgerReader): Promise<readonly Difference[]> {
  if (book.differences().length === 0) return [];
  const suspects = (of: string) => book.suspects().filter((partition) => partition.startsWith(of));
  await inLanes(suspects('CARD#'), (card) => readChain(card, book, reader));
  await readUnmet(book, reader);
  await inLanes(suspects('SCORING#'), (dispute) => take(reader.partition(dispute, 'COMMIT#'), book));
  await readUnmet(book, reader);
  return book.differences();
}

/** The head first: seals that appear behind it while they are read are later than this look. */
async function readChain(card: string, book: LedgerBook, reader: LedgerReader): Promise<void> {
  let last = 0;
  for await (const record of reader.partition(card, 'HEAD')) {
    if (record.is === 'head') last = record.head?.seal ?? 0;
    book.take(record);
  }
  for await (const record of reader.partition(card, 'SEAL#')) {
    const later = record.is === 'seal' && record.seal && record.seal.number > last;
    if (!later) book.take(record);
  }
}

async function readUnmet(book: LedgerBook, reader: LedgerReader): Promise<void> {
  await inLanes(book.unmet(), ({ partition, entryId }) => take(reader.partition(partition, `ENTRY#${entryId}`), book));
}

async function take(records: AsyncIterable<LedgerRecord>, book: LedgerBook): Promise<void> {
  for await (const record of records) book.take(record);
}

async function inLanes<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
