import type { Day, Instant, Month } from '../calendar/civil-date.ts';
import type { ContentHash } from '../ports/digest.ts';
import type { Head } from './seal.ts';

/** Where anchors and their lists of heads lie. */
export const ANCHORS = 'anchors/';

/** The heads of one month's cards at one time, as a file that is written once: what it holds is in its name. */
export interface AnchoredPeriod {
  readonly period: Month;
  readonly key: string;
  /** Over all heads, in their order. */
  readonly hash: string;
  readonly heads: number;
}

/** What the whole ledger stood at on one day (S-20). */
export interface Anchor {
  /** Of the organisation's zone. */
  readonly day: Day;
  readonly asOf: Instant;
  /** The anchor before, null in the first. */
  readonly previous: { readonly key: string; readonly hash: string } | null;
  readonly periods: readonly AnchoredPeriod[];
  /** Of all the other fields. */
  readonly hash: string;
}

/** The months from the one to the other, both included. */
export function monthsBetween(first: Month, last: Month): readonly Month[] {
  const months: Month[] = [];
  for (let month = first; month <= last; month = monthAfter(month)) months.push(month);
  return months;
}

function monthAfter(month: Month): Month {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${month.slice(0, 4)}-${String(number + 1).padStart(2, '0')}`;
}

/** Under which a day's first anchor lies. */
export function anchorKey(day: Day): string {
  return `${ANCHORS}${day}.json`;
}

/** Under which a further anchor of the same day lies: behind the first one and in the order of time. */
export function furtherAnchorKey(day: Day, asOf: Instant): string {
  return `${ANCHORS}${day}T${asOf.replace(/[-:]/g, '')}.json`;
}

/** What the keys of a month's anchors start with, and those of no list. */
export function anchorsOfMonth(month: Month): string {
  return `${ANCHORS}${month}-`;
}

/** Whether a key is an anchor's, and not that of a list of heads. */
export function isAnchorKey(key: string): boolean {
  return /^anchors\/\d{4}-\d\d-\d\d(T\d{8}T\d{6}Z)?\.json$/.test(key);
}

/** The hash of a list of heads: each one with all before it, so that no list has to be held as one text. */
export function headsHash(heads: Iterable<Head>, contentHash: ContentHash): string {
  let hash = '';
  for (const head of heads) hash = contentHash([hash, head]);
  return hash;
}

/** A month's heads as an anchor names them. @param heads in the order of their subjects */
export function anchoredPeriod(period: Month, heads: readonly Head[], contentHash: ContentHash): AnchoredPeriod {
  const hash = headsHash(heads, contentHash);
  return { period, key: `${ANCHORS}${period}/${hash}.ndjson`, hash, heads: heads.length };
}

/** An anchor with the hash over all that it says. */
export function hashedAnchor(content: Omit<Anchor, 'hash'>, contentHash: ContentHash): Anchor {
  return { ...content, hash: contentHash(content) };
}

/** The very bytes of an anchor's file: a file that says the same in another way is another file. */
export function anchorText(anchor: Anchor): string {
  return `${JSON.stringify(anchor, null, 2)}\n`;
}

/** One line of a list of heads. */
export function headLine({ subject, period, seal, entries, hash }: Head): string {
  return `${JSON.stringify({ subject, period, seal, entries, hash })}\n`;
}
