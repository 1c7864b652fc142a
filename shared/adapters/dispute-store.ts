import { CommitItem } from '../contracts/items/commit-item.ts';
import { DisputeItem } from '../contracts/items/dispute-item.ts';
import { epochSeconds } from '../domain/calendar/civil-date.ts';
import type { Dispute } from '../domain/dispute/dispute.ts';
import type { Commit } from '../domain/event.ts';
import type { Clock } from '../domain/ports/clock.ts';
import type { DisputeFilter, DisputeStore } from '../domain/ports/dispute-store.ts';
import type { Item, Tables, Write } from '../domain/ports/tables.ts';
import { ArrivalItem, arrivalKey, arrivalWrite, ClaimItem, claimKey } from './arrival-item.ts';
import { commitWrite } from './commit-item.ts';
import { profileWrites, textWrites } from './customer-store.ts';
import { dueAttributes } from './due-store.ts';
import { allItems, listed } from './pages.ts';

/** For how long a caller's key is remembered (`interface.md`: 24 hours), in seconds. */
const KEY_SECONDS = 86_400;
/** Pages that one call of a narrowed list reads at most; then it hands on the cursor. */
const PAGES_PER_CALL = 20;

export const disputeKeys = {
  partition: (disputeId: string) => `DISPUTE#${disputeId}`,
  state: (disputeId: string) => ({ pk: disputeKeys.partition(disputeId), sk: 'STATE' }),
  commandKey: (key: string) => ({ pk: `COMMAND-KEY#${key}`, sk: 'USED' }),
} as const;

/** A dispute's state under its old version, and its commit: the writes of one decision. */
export function disputeWrites(dispute: Dispute, expectedVersion: number, commit: Commit): Write[] {
  const { disputeId, version, status, openedAt, filingBreached, filingDueAt } = dispute;
  const pk = disputeKeys.partition(disputeId);
  const waits = status === 'received' && !filingBreached;
  return [
    {
      table: 'cases',
      put: {
        pk,
        sk: 'STATE',
        kind: 'dispute',
        version,
        state: dispute,
        listPartition: 'DISPUTES',
        listSort: `${openedAt}#${disputeId}`,
        ...(waits ? dueAttributes('cases', pk, filingDueAt, 'filing') : {}),
      },
      if: expectedVersion === 0 ? { absent: true } : { attribute: 'version', equals: expectedVersion },
    },
    commitWrite('cases', pk, commit),
  ];
}

/** Disputes in the cases table; their texts go to the customers table in the same transaction. */
export function disputeStore(tables: Tables, clock: Clock): DisputeStore {
  return {
    async load(disputeId) {
      const item = await tables.get('cases', disputeKeys.state(disputeId));
      return item && DisputeItem.parse(item).state;
    },
    async save(dispute, commit, { texts = {}, customer, key, completed } = {}) {
      const writes = disputeWrites(dispute, dispute.version - 1, commit);
      writes.push(...textWrites(dispute.customer, dispute.disputeId, dispute.version, texts));
      if (customer) writes.push(...profileWrites(dispute.customer, customer));
      if (key) writes.push(commandKeyWrite(key, epochSeconds(clock.now())));
      if (completed) writes.push(arrivalWrite({ ...completed, awaited: undefined }, completed));
      await tables.write(writes);
    },
    async awaitedArrival({ source, externalId }, day) {
      const claim = await tables.get('cases', claimKey(source, externalId));
      if (!claim) return undefined;
      const { arrivalId } = ClaimItem.parse(claim);
      const item = await tables.get('cases', arrivalKey({ source, day, arrivalId }));
      const arrival = item && ArrivalItem.parse(item);
      return arrival?.awaited ? arrival : undefined;
    },
    async usedKey(key) {
      const item = await tables.get('cases', disputeKeys.commandKey(key));
      const alive = item && Number(item.expiresAt) > epochSeconds(clock.now());
      return alive ? { body: String(item.body) } : undefined;
    },
    async list(filter, { limit, cursor }) {
      const items: Dispute[] = [];
      let next = cursor;
      for (let pages = 0; pages < PAGES_PER_CALL && items.length < limit; pages += 1) {
        const page = await listed(tables, {
          table: 'cases',
          partition: 'DISPUTES',
          descending: true,
          limit: limit - items.length,
          cursor: next,
        });
        items.push(...page.items.map(stateOf).filter((dispute) => matches(dispute, filter)));
        next = page.next;
        if (next === undefined) break;
      }
      return { items, next };
    },
    async timeline(disputeId) {
      const query = {
        table: 'cases',
        partition: disputeKeys.partition(disputeId),
        range: { prefix: 'COMMIT#' },
      } as const;
      const items = await allItems(tables, query);
      return items.map((item) => CommitItem.parse(item).commit);
    },
  };
}

/** Takes a key that is free or has expired; DynamoDB removes expired ones only after a while. */
function commandKeyWrite({ key, body }: { key: string; body: string }, now: number): Write {
  return {
    table: 'cases',
    put: { ...disputeKeys.commandKey(key), kind: 'command-key', body, expiresAt: now + KEY_SECONDS },
    if: { attribute: 'expiresAt', absentOrBelow: now + 1 },
  };
}

function stateOf(item: Item): Dispute {
  return DisputeItem.parse(item).state;
}

function matches(dispute: Dispute, filter: DisputeFilter): boolean {
  const { notEvaluable, level, ...rest } = filter;
  if (level !== undefined && dispute.grade.level !== level) return false;
  if (notEvaluable !== undefined && dispute.grade.notEvaluable.length > 0 !== notEvaluable) return false;
  const { status, responsibility, department, type, concerning } = rest;
  return (
    (concerning === undefined || [dispute.department, dispute.determination?.department].includes(concerning)) &&
    (status === undefined || dispute.status === status) &&
    (responsibility === undefined || dispute.responsibility === responsibility) &&
    (department === undefined || dispute.department === department) &&
    (type === undefined || dispute.type === type)
  );
}
