import type { Instant, Month } from '../calendar/civil-date.ts';
import { untilCommitted } from '../lost-race.ts';
import type { ContentHash } from '../ports/digest.ts';
import type { SealStore } from '../ports/seal-store.ts';
import type { Entry } from './entry.ts';
import { BrokenSeal, changedEntries, type Head, headAfter, type PartedCard, partBySeals, sealOf } from './seal.ts';

/** What sealing needs. */
export interface SealPorts {
  readonly seals: SealStore;
  readonly now: Instant;
  readonly contentHash: ContentHash;
}

/** A card of which everything is sealed. */
export interface SealedCard {
  /** Absent on a card without entries. */
  readonly head?: Head;
  /** All entries up to the head, in the order of their numbers. */
  readonly entries: readonly Entry[];
}

/** How often a card is read again for an entry that was sealed while it was being read. */
const READS = 3;

/**
 * Seals everything that stands on a card and is not sealed yet (S-20): the one sealer, whoever calls it. Several at a
 * time take turns by the head's version; a repeat finds nothing to do and costs one read.
 *
 * @throws BrokenSeal when an entry that a seal names is gone or changed: such a card is told of and never sealed over
 */
export function sealCard(subject: string, period: Month, ports: SealPorts): Promise<SealedCard> {
  const { seals, now, contentHash } = ports;
  return untilCommitted(async () => {
    const read = await readCard(subject, period, ports);
    let { head } = read;
    let { sealed, unsealed } = read;
    while (unsealed.length > 0) {
      const seal = sealOf({ subject, period }, head, unsealed, now, contentHash);
      await seals.append(seal, head);
      head = headAfter(seal);
      const added = partBySeals({ entries: unsealed, seals: [seal] });
      sealed = [...sealed, ...added.sealed];
      unsealed = added.unsealed;
    }
    return { ...(head && { head }), entries: sealed };
  });
}

async function readCard(
  subject: string,
  period: Month,
  { seals, contentHash }: SealPorts,
): Promise<PartedCard & { readonly head: Head | undefined }> {
  for (let reads = 1; ; reads += 1) {
    const stored = await seals.card(subject, period);
    const [changed] = changedEntries(stored, contentHash);
    if (changed !== undefined) throw brokenSeal(subject, period, changed, 'was changed');
    const parted = partBySeals(stored);
    if (parted.missing.length === 0) return { ...parted, head: stored.head };
    if (reads === READS) throw brokenSeal(subject, period, `${parted.missing[0]}`, 'is missing');
  }
}

function brokenSeal(subject: string, period: Month, entryId: string, what: string): BrokenSeal {
  const where = `on the card of ${subject} for ${period}`;
  return new BrokenSeal(`${where} the sealed entry ${entryId} ${what}; run: npm run verify -- ledger`);
}
