import type { Instant } from '../calendar/civil-date.ts';
import type { ContentHash } from '../ports/digest.ts';
import type { Files, FileVersion } from '../ports/files.ts';
import { ANCHORS, type Anchor, type AnchoredPeriod, anchorText, headLine, headsHash, isAnchorKey } from './anchor.ts';
import type { LedgerBook } from './ledger-book.ts';
import type { Difference } from './ledger-record.ts';
import { cardPartition, type Head } from './seal.ts';

/** Where anchors lie, and how their files are read. */
export interface AnchorReading {
  readonly files: Pick<Files, 'read' | 'versions'>;
  /** Undefined for what is no anchor. */
  readonly parseAnchor: (text: string) => Anchor | undefined;
  /** Undefined for what is no head. */
  readonly parseHead: (line: string) => Head | undefined;
  readonly contentHash: ContentHash;
}

/** The anchors as they were first written, and what happened to their files since. */
export interface ReadAnchors {
  /** In the order of their keys, which is that of time. */
  readonly anchors: readonly { readonly key: string; readonly anchor: Anchor }[];
  /** How many anchors there are or should be. */
  readonly count: number;
  readonly differences: readonly Difference[];
  readonly versions: ReadonlyMap<string, readonly FileVersion[]>;
}

/** Differences of files: nothing has to be read again for them. */
const IN_FILES = { rank: 1, partitions: [] } as const;

/**
 * Reads every anchor with all the versions of its file. What was first written counts: a later version or a removal is
 * a difference, and so is an anchor that does not follow the one before it.
 */
export async function readAnchors(reading: AnchorReading): Promise<ReadAnchors> {
  const versions = new Map<string, FileVersion[]>();
  for await (const version of reading.files.versions(ANCHORS))
    versions.set(version.key, [...(versions.get(version.key) ?? []), version]);
  const anchors: { key: string; anchor: Anchor }[] = [];
  const differences: Difference[] = [];
  const before = new Map<string, string | undefined>();
  for (const key of [...versions.keys()].filter(isAnchorKey).sort()) {
    const { text, faults } = await firstWritten(key, versions, reading);
    const anchor = text === undefined ? undefined : soundAnchor(text, reading);
    if (text !== undefined && !anchor) faults.push('was changed');
    if (anchor) {
      const fault = linkFault(anchor, before);
      if (fault !== undefined) faults.push(fault);
      anchors.push({ key, anchor });
    }
    differences.push(...faults.map((what) => ({ place: key, what, ...IN_FILES })));
    before.set(key, anchor?.hash);
  }
  return { anchors, count: [...versions.keys()].filter(isAnchorKey).length, differences, versions };
}

/**
 * Whether the lists that anchors name stand unchanged, and every card still reaches each head that was anchored of it.
 * Holds one list at a time.
 */
export async function anchoredDifferences(
  { anchors, versions }: ReadAnchors,
  book: Pick<LedgerBook, 'seal'>,
  reading: AnchorReading,
): Promise<readonly Difference[]> {
  const lists = new Map<string, { list: AnchoredPeriod; anchor: string; asOf: Instant }>();
  for (const {
    key: anchor,
    anchor: { periods, asOf },
  } of anchors)
    for (const list of periods) if (!lists.has(list.key)) lists.set(list.key, { list, anchor, asOf });
  const found: Difference[] = [];
  const told = new Set<string>();
  for (const [key, { list, anchor, asOf }] of lists) {
    const { text, faults } = await firstWritten(key, versions, reading);
    if (!versions.has(key)) faults.push(`is missing, and ${anchor} names it`);
    const heads = text === undefined ? undefined : soundHeads(text, list, reading);
    if (text !== undefined && !heads) faults.push('was changed');
    found.push(...faults.map((what) => ({ place: key, what, ...IN_FILES })));
    for (const head of heads ?? []) {
      const place = cardPartition(head.subject, head.period);
      const what = headFault(head, asOf, book);
      const id = `${place} ${head.seal} ${head.entries} ${head.hash}`;
      if (what !== undefined && !told.has(id)) found.push({ place, what, rank: 1, partitions: [place] });
      told.add(id);
    }
  }
  return found;
}

/** A file's text as it was first written, and what became of it. */
async function firstWritten(
  key: string,
  versions: ReadonlyMap<string, readonly FileVersion[]>,
  { files }: AnchorReading,
): Promise<{ text?: string; faults: string[] }> {
  const own = versions.get(key) ?? [];
  const faults: string[] = [];
  if (own.some(({ removed }) => removed)) faults.push(own[0]?.removed ? 'was removed' : 'was removed and put back');
  const texts: string[] = [];
  for (const { versionId, removed } of own) {
    const bytes = removed ? undefined : await files.read(key, versionId);
    if (bytes) texts.push(exactText(bytes));
  }
  const text = texts.at(-1);
  if (texts.some((each) => each !== text)) faults.push('was written over by another version');
  // Files of anchors are written once: a second version is somebody's, whatever it says.
  else if (texts.length > 1 && faults.length === 0) faults.push('was written again');
  return { ...(text !== undefined && { text }), faults };
}

/** With the byte order mark, if there is one: other bytes are another text. */
function exactText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** The anchor of a file, when nothing of it was changed. */
function soundAnchor(text: string, { parseAnchor, contentHash }: AnchorReading): Anchor | undefined {
  const anchor = parseAnchor(text);
  if (!anchor || anchorText(anchor) !== text) return undefined;
  const { hash, ...content } = anchor;
  return contentHash(content) === hash ? anchor : undefined;
}

/**
 * Whether the anchor that another one follows stands as it was followed. Turns that came at the same time may follow the
 * same one: nothing is lost by that.
 */
function linkFault({ previous }: Anchor, before: ReadonlyMap<string, string | undefined>): string | undefined {
  if (!previous) return undefined;
  if (!before.has(previous.key)) return `follows ${previous.key}, which does not stand before it`;
  const hash = before.get(previous.key);
  const other = hash !== undefined && previous.hash !== hash;
  return other ? `follows another ${previous.key} than the one that stands` : undefined;
}

/** The heads of a list, when it is the one that its anchor names. */
function soundHeads(
  text: string,
  { hash, heads: count }: AnchoredPeriod,
  { parseHead, contentHash }: AnchorReading,
): readonly Head[] | undefined {
  const heads: Head[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const head = parseHead(line);
    if (!head || headLine(head) !== `${line}\n`) return undefined;
    heads.push(head);
  }
  const whole = text.endsWith('\n') && heads.length === count;
  return whole && headsHash(heads, contentHash) === hash ? heads : undefined;
}

function headFault(
  { subject, period, seal: number, entries, hash }: Head,
  asOf: Instant,
  book: Pick<LedgerBook, 'seal'>,
): string | undefined {
  const seal = book.seal(subject, period, number);
  if (!seal) return `no longer reaches seal ${number} with entry ${entries}, which was anchored at ${asOf}`;
  if (seal.hash !== hash || seal.to !== entries) return `has another seal ${number} than was anchored at ${asOf}`;
  return undefined;
}
