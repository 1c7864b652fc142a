import { AnchorV1 } from '#shared/contracts/anchor.v1.ts';
import { dayIn, type Month, monthIn, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import {
  type Anchor,
  type AnchoredPeriod,
  anchoredPeriod,
  anchorKey,
  anchorsOfMonth,
  anchorText,
  furtherAnchorKey,
  hashedAnchor,
  headLine,
  monthsBetween,
} from '#shared/domain/performance/anchor.ts';
import type { Head } from '#shared/domain/performance/seal.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { ContentHash } from '#shared/domain/ports/digest.ts';
import type { Files } from '#shared/domain/ports/files.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { SealStore } from '#shared/domain/ports/seal-store.ts';

export interface AnchorPorts {
  readonly seals: SealStore;
  readonly files: Files;
  readonly reference: Pick<Reference, 'policies'>;
  readonly clock: Clock;
  readonly zone: TimeZone;
  readonly contentHash: ContentHash;
}

/** How often it starts over because another run was faster. */
const TRIES = 3;

/** A file as it was found. */
interface Found {
  readonly key: string;
  readonly anchor: Anchor;
}

/**
 * Anchors the heads of all cards (S-20): one list per month, written only when it is another one than before, and an
 * anchor that names them all and the anchor before. A day's second turn adds an anchor only when something was sealed
 * since; no file is ever written over. Holds the heads of one month at a time.
 *
 * @returns the key of the anchor that was written; undefined when the day's stands and nothing has changed
 * @throws Error when others were faster three times in a row, or the anchor before cannot be read
 */
export async function anchorHeads(ports: AnchorPorts): Promise<string | undefined> {
  const policies = await ports.reference.policies();
  const [first] = policies.map(({ effectiveFrom }) => effectiveFrom.slice(0, 7)).sort();
  if (first === undefined) return undefined;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const outcome = await anchorOnce(first, ports);
    if (outcome !== 'somebody was faster') return outcome.key;
  }
  throw new Error(`others anchored ${TRIES} times in a row at the same time`);
}

async function anchorOnce(first: Month, ports: AnchorPorts): Promise<{ key?: string } | 'somebody was faster'> {
  const { clock, zone, files, contentHash } = ports;
  const asOf = clock.now();
  const [day, month] = [dayIn(zone, asOf), monthIn(zone, asOf)];
  const months = monthsBetween(first, month);
  const latest = await latestAnchor(months, files);
  const periods: AnchoredPeriod[] = [];
  for (const period of months) {
    const heads = await headsOf(period, ports.seals);
    if (heads.length === 0) continue;
    const anchored = anchoredPeriod(period, heads, contentHash);
    periods.push(anchored);
    const known = latest?.anchor.periods.some(({ key }) => key === anchored.key);
    if (!known) await files.writeNew(anchored.key, 'application/x-ndjson', heads.map(headLine).join(''));
  }
  const again = latest?.anchor.day === day;
  if (again && contentHash(latest.anchor.periods) === contentHash(periods)) return {};
  const previous = latest ? { key: latest.key, hash: latest.anchor.hash } : null;
  const key = again ? furtherAnchorKey(day, asOf) : anchorKey(day);
  const text = anchorText(hashedAnchor({ day, asOf, previous, periods }, contentHash));
  return (await files.writeNew(key, 'application/json', text)) ? { key } : 'somebody was faster';
}

async function headsOf(period: Month, seals: SealStore): Promise<Head[]> {
  const heads: Head[] = [];
  for await (const page of seals.heads(period)) heads.push(...page);
  return heads;
}

/** The last anchor: the last of the last month that has any. */
async function latestAnchor(months: readonly Month[], files: Files): Promise<Found | undefined> {
  for (const month of months.toReversed()) {
    let key: string | undefined;
    for await (const version of files.versions(anchorsOfMonth(month))) key = version.key;
    if (key === undefined) continue;
    const bytes = await files.read(key);
    if (!bytes) throw new Error(`the anchor ${key} was removed; run: npm run verify -- ledger`);
    return { key, anchor: AnchorV1.parse(JSON.parse(new TextDecoder().decode(bytes))) };
  }
  return undefined;
}
