import * as z from 'zod';
import { RECEIPT_STATUSES, type Receipt } from '../domain/intake/arrival.ts';
import { type DeadEntry, type DeadMessage, entryOf, type ReturnedMessage } from '../domain/intake/dead-message.ts';
import { NOTHING_RECEIVED, sumOf, type Tally, tallyOf } from '../domain/intake/reconciliation.ts';
import type { IntakeDecision, IntakeStore, Known, OpenedDispute } from '../domain/ports/intake-store.ts';
import type { Item, Key, Tables, Write } from '../domain/ports/tables.ts';
import { ArrivalItem, arrivalKey, arrivalPartitions, arrivalWrite, ClaimItem, claimKey } from './arrival-item.ts';
import { commitWrite } from './commit-item.ts';
import { identityWrite, profileWrites, reportTextsWrite } from './customer-store.ts';
import { disputeWrites } from './dispute-store.ts';
import { allItems, pagesOf } from './pages.ts';
import { writeMissing } from './write-missing.ts';

const keys = {
  receipts: (receiptId: string) => `RECEIPT#${receiptId}`,
  receipt: (receiptId: string): Key => ({ pk: keys.receipts(receiptId), sk: 'STATE' }),
  receiptList: (source: string, externalId: string) => `RECEIPTS#${source}#${externalId}`,
  dead: (deadId: string) => `DEAD#${deadId}`,
  deadMessage: ({ deadId, messageId }: DeadMessage): Key => ({ pk: keys.dead(deadId), sk: `MESSAGE#${messageId}` }),
  returned: ({ deadId, messageId }: DeadMessage): Key => ({ pk: keys.dead(deadId), sk: `RETURNED#${messageId}` }),
  deadList: 'DEAD-MESSAGES',
  deadEntry: ({ deadId, messageId, sentAt }: DeadMessage): Key => ({
    pk: keys.deadList,
    sk: `${sentAt}#${deadId}#${messageId}`,
  }),
} as const;

/** Arrivals, receipts and claims in the cases table; dead messages and everything personal in the customers table. */
export function intakeStore(tables: Tables): IntakeStore {
  return {
    async known({ report, receiptId, arrival }) {
      const asked = [
        report && claimKey(report.source, report.externalId),
        receiptId === undefined ? undefined : keys.receipt(receiptId),
        arrival && arrivalKey(arrival),
      ].filter((key) => key !== undefined);
      const items = await tables.getMany('cases', asked);
      return knownOf(items.filter((item) => item !== undefined));
    },
    async note(arrival, receipt) {
      await writeMissing(tables, [
        arrivalWrite(arrival, undefined),
        ...(receipt ? [receiptWrite(receipt, undefined)] : []),
      ]);
    },
    async record(decision) {
      await tables.write(decisionWrites(decision));
    },
    receipt: (receiptId) => receiptIn(tables, receiptId),
    async receiptOf(source, externalId) {
      const claimed = await tables.get('cases', claimKey(source, externalId));
      if (claimed) return receiptIn(tables, ClaimItem.parse(claimed).receiptId);
      const partition = keys.receiptList(source, externalId);
      const query = { table: 'cases', index: 'byList', partition, limit: PAGE } as const;
      const receipts = await allItems(tables, query);
      return receipts.map((item): Receipt => ReceiptItem.parse(item)).sort(latestFirst)[0];
    },
    async tally(source, day) {
      const shards = arrivalPartitions(source, day).map((partition) => tallyIn(tables, partition));
      return (await Promise.all(shards)).reduce(sumOf, NOTHING_RECEIVED);
    },
    async dead(deadId) {
      const query = { table: 'customers', partition: keys.dead(deadId), limit: PAGE } as const;
      const items = await allItems(tables, query);
      const found = items.map((item) => KeptItem.parse(item));
      return {
        kept: found.filter((item) => item.kind === 'dead-message'),
        returned: found.filter((item) => item.kind === 'returned-message'),
      };
    },
    async deadEntries({ limit, cursor }) {
      const page = await tables.query({ table: 'customers', partition: keys.deadList, limit, cursor });
      return { items: page.items.map((item) => DeadEntryItem.parse(item)), next: page.next };
    },
    async forgetDead(message, { returnedAt, returnedBy }) {
      const { deadId, messageId, sentAt } = message;
      const returned: ReturnedMessage = { deadId, messageId, sentAt, returnedAt, returnedBy };
      await tables.write([
        { table: 'customers', remove: keys.deadMessage(message) },
        { table: 'customers', remove: keys.deadEntry(message) },
        { table: 'customers', put: { ...keys.returned(message), kind: 'returned-message', ...returned } },
      ]);
    },
  };
}

/** All writes of one decision, each under the condition that what was known still stands. */
function decisionWrites({ before, arrival, receipt, commit, opened, dead }: IntakeDecision): Write[] {
  return [
    ...(opened ? openingWrites(opened) : []),
    ...(receipt ? [receiptWrite(receipt, before.receipt)] : []),
    ...(receipt && commit ? [commitWrite('cases', keys.receipts(receipt.receiptId), commit)] : []),
    ...(arrival ? [arrivalWrite(arrival, before.arrival)] : []),
    ...(dead ? deadWrites(dead) : []),
  ];
}

/** The message with its words, and beside it what the list shows. */
function deadWrites(dead: DeadMessage): Write[] {
  return [
    { table: 'customers', put: { ...keys.deadMessage(dead), kind: 'dead-message', ...dead } },
    { table: 'customers', put: { ...keys.deadEntry(dead), kind: 'dead-entry', ...entryOf(dead) } },
  ];
}

function openingWrites({ dispute, commit, claim, texts, details, newIdentity }: OpenedDispute): Write[] {
  const { customer, disputeId } = dispute;
  const put = { ...claimKey(claim.source, claim.externalId), kind: 'claim', ...claim };
  return [
    ...disputeWrites(dispute, 0, commit),
    { table: 'cases', put, if: { absent: true } },
    reportTextsWrite(customer, disputeId, texts),
    ...(details ? profileWrites(customer, details) : []),
    ...(newIdentity === undefined ? [] : [identityWrite(customer, newIdentity)]),
  ];
}

function receiptWrite(receipt: Receipt, before: Receipt | undefined): Write {
  const { receiptId, source, externalId } = receipt;
  const list = { listPartition: keys.receiptList(source, externalId), listSort: receiptId };
  const put = { ...keys.receipt(receiptId), kind: 'receipt', ...list, ...receipt };
  const unchanged = before ? ({ attribute: 'version', equals: before.version } as const) : ({ absent: true } as const);
  return { table: 'cases', put, if: unchanged };
}

async function receiptIn(tables: Tables, receiptId: string): Promise<Receipt | undefined> {
  const item = await tables.get('cases', keys.receipt(receiptId));
  return item && ReceiptItem.parse(item);
}

/** Only one page of arrivals is held at a time. */
async function tallyIn(tables: Tables, partition: string): Promise<Tally> {
  let tally = NOTHING_RECEIVED;
  const query = { table: 'cases', partition, limit: PAGE } as const;
  for await (const items of pagesOf(tables, query))
    tally = sumOf(tally, tallyOf(items.map((item) => ArrivalItem.parse(item))));
  return tally;
}

/** Items of one page; a page of small items stays far below what one answer may hold. */
const PAGE = 1_000;

function latestFirst(a: Receipt, b: Receipt): number {
  return a.changedAt < b.changedAt ? 1 : a.changedAt > b.changedAt ? -1 : 0;
}

function knownOf(items: readonly Item[]): Known {
  return Object.assign({}, ...items.map((item) => asKnown(KnownItem.parse(item))));
}

function asKnown(item: z.output<typeof KnownItem>): Known {
  switch (item.kind) {
    case 'claim':
      return { claim: item };
    case 'receipt':
      return { receipt: item };
    case 'arrival':
      return { arrival: item };
  }
}

const Kind = <const K extends string>(kind: K) => ({ kind: z.literal(kind) });
const Reasons = z.array(z.object({ path: z.string(), message: z.string() }));
const ReceiptItem = z.object({
  ...Kind('receipt'),
  receiptId: z.string(),
  source: z.string(),
  externalId: z.string(),
  status: z.enum(RECEIPT_STATUSES),
  version: z.int().min(1),
  changedAt: z.string(),
  disputeId: z.string().optional(),
  reasons: Reasons.optional(),
}) satisfies z.ZodType<Receipt>;
const KnownItem = z.discriminatedUnion('kind', [ClaimItem, ReceiptItem, ArrivalItem]);
const kept = {
  deadId: z.string(),
  messageId: z.string(),
  sentAt: z.string(),
  keptAt: z.string(),
  receiptId: z.string().optional(),
  source: z.string().optional(),
  reasons: Reasons,
};
const KeptItem = z.discriminatedUnion('kind', [
  z.object({ ...Kind('dead-message'), ...kept, body: z.string() }) satisfies z.ZodType<DeadMessage>,
  z.object({
    ...Kind('returned-message'),
    deadId: z.string(),
    messageId: z.string(),
    sentAt: z.string(),
    returnedAt: z.string(),
    returnedBy: z.string(),
  }) satisfies z.ZodType<ReturnedMessage>,
]);
const DeadEntryItem = z.object({ ...Kind('dead-entry'), ...kept, bytes: z.int() }) satisfies z.ZodType<DeadEntry>;
