import * as z from 'zod';
import { AnchorV1 } from '../contracts/anchor.v1.ts';
import { EntriesPendingV1 } from '../contracts/events/entries-pending.v1.ts';
import { EntriesPostedV1 } from '../contracts/events/entries-posted.v1.ts';
import { EntriesVoidedV1 } from '../contracts/events/entries-voided.v1.ts';
import { CommitItem } from '../contracts/items/commit-item.ts';
import { EntryItem } from '../contracts/items/entry-item.ts';
import { HeadItem, HeadState, SealItem } from '../contracts/items/seal-item.ts';
import type { LedgerCommit, LedgerRecord, ToldGroup } from '../domain/performance/ledger-record.ts';
import type { Item } from '../domain/ports/tables.ts';
import { commitItem } from './commit-item.ts';
import { contentHash, derivedId } from './digest.ts';
import { entryItem } from './ledger-store.ts';
import { headItem, sealItem } from './seal-store.ts';

const GroupEvent = z.discriminatedUnion('type', [EntriesPendingV1, EntriesPostedV1, EntriesVoidedV1]);
type GroupEvent = z.output<typeof GroupEvent>;

const SCORING = 'SCORING#';

/**
 * An item of the scorecards table as the verifier takes it, by its key: whatever stands on a card, and the commits of
 * scoring; undefined for what is no part of the ledger.
 *
 * An item counts as it stands, and not as it would be read: whatever a contract would leave out is a difference, too.
 */
export function ledgerRecord(item: Item): LedgerRecord | undefined {
  const { pk: partition, sk: sortKey } = item;
  if (partition.startsWith(SCORING)) return sortKey.startsWith('COMMIT#') ? commitRecord(item) : undefined;
  if (!partition.startsWith('CARD#')) return undefined;
  if (sortKey.startsWith('ENTRY#')) return entryRecord(item);
  if (sortKey.startsWith('SEAL#')) {
    const seal = SealItem.safeParse(item).data?.seal;
    const exact = seal && contentHash(sealItem(seal)) === contentHash(item);
    return {
      is: 'seal',
      partition,
      sortKey,
      seal,
      ...(!exact && { fault: `seal ${Number(sortKey.slice(5))} was changed` }),
    };
  }
  if (sortKey === 'HEAD') {
    const head = HeadItem.safeParse(item).data?.head;
    const exact = head && contentHash(headItem(head)) === contentHash(item);
    return { is: 'head', partition, head, ...(!exact && { fault: 'the head was changed' }) };
  }
  return { is: 'stranger', partition, sortKey };
}

function entryRecord(item: Item): LedgerRecord {
  const { pk: partition, sk } = item;
  const [entryId, hash] = [sk.slice('ENTRY#'.length), contentHash(item.entry ?? null)];
  const parsed = EntryItem.safeParse(item);
  if (!parsed.success) return { is: 'entry', partition, entryId, hash, fault: 'was changed and cannot be read' };
  const { entry } = parsed.data;
  const exact = contentHash(entryItem(entry)) === contentHash(item);
  return { is: 'entry', partition, entryId, hash, entry, ...(!exact && { fault: 'was changed' }) };
}

function commitRecord(item: Item): LedgerRecord {
  const { pk: partition, sk: sortKey } = item;
  const parsed = CommitItem.safeParse(item);
  if (!parsed.success) return { is: 'commit', partition, sortKey, fault: 'was changed and cannot be read' };
  const events = z.array(GroupEvent).safeParse(parsed.data.commit.events);
  if (!events.success) return { is: 'commit', partition, sortKey, fault: 'was changed: its events cannot be read' };
  const { commitId, recordedAt } = parsed.data.commit;
  const { wrote = [] } = parsed.data;
  const commit: LedgerCommit = { commitId, recordedAt, wrote, groups: events.data.map(toldGroup) };
  const fault = commitFault(item, parsed.data, events.data);
  return { is: 'commit', partition, sortKey, commit, ...(fault !== undefined && { fault }) };
}

/** What of a commit does not follow from its dispute, its version and its time, in words. */
function commitFault(item: Item, { commit, wrote }: CommitItem, events: readonly GroupEvent[]): string | undefined {
  const disputeId = item.pk.slice(SCORING.length);
  const { commitId, aggregateId, aggregateVersion, recordedAt } = commit;
  if (aggregateId !== derivedId('scoring', disputeId)) return 'was written for another dispute';
  const exact = commitItem(item.pk, { ...commit, events }, wrote);
  if (contentHash(exact) !== contentHash(item)) return 'was changed';
  const derived =
    commitId === derivedId('commit', aggregateId, String(aggregateVersion)) &&
    events.every(
      (event, index) =>
        event.id === derivedId(commitId, String(index)) &&
        event.aggregateId === aggregateId &&
        event.aggregateVersion === aggregateVersion,
    );
  if (!derived) return 'has other ids than its dispute and version make';
  if (events.some(({ occurredAt }) => occurredAt !== recordedAt))
    return 'tells of another time than it was recorded at';
  if (events.some(({ data }) => data.dispute.disputeId !== disputeId)) return 'tells of another dispute';
  if (!wrote) return 'does not say what it wrote';
  const named = events.flatMap(({ data }) => data.entries).join();
  return wrote.map(({ entryId }) => entryId).join() === named ? undefined : 'names other entries than its events do';
}

const WORDS = { 'EntriesPending.v1': 'pending', 'EntriesPosted.v1': 'posted', 'EntriesVoided.v1': 'void' } as const;

function toldGroup({ type, data }: GroupEvent): ToldGroup {
  const reversals = 'reversals' in data ? data.reversals : [];
  const { groupId, entries, totals } = data;
  return { groupId, word: WORDS[type], entries, totals, reversals };
}

/** How the files of anchors are read. */
export const anchorFiles = {
  parseAnchor: (text: string) => AnchorV1.safeParse(jsonIn(text)).data,
  parseHead: (line: string) => HeadState.safeParse(jsonIn(line)).data,
} as const;

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
