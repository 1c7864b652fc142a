import { customerKeys } from '#shared/adapters/customer-store.ts';
import { AlertsItem } from '#shared/contracts/items/alert-item.ts';
import { DisputeItem } from '#shared/contracts/items/dispute-item.ts';
import { EntryItem } from '#shared/contracts/items/entry-item.ts';
import { StakeItem } from '#shared/contracts/items/stake-item.ts';
import type { Dispute } from '#shared/domain/dispute/dispute.ts';
import type { Alert } from '#shared/domain/performance/alert.ts';
import { withStatus } from '#shared/domain/performance/entry.ts';
import type { Item } from '#shared/domain/ports/tables.ts';
import { OPERATOR } from '#test/e2e/people.ts';
import type { Run } from './run.ts';

/** What a run leaves behind, without what is generated: ids, instants, and how often something was sent. */
export interface Projection {
  readonly answers: readonly string[];
  readonly disputes: Readonly<Record<string, unknown>>;
  readonly customers: Readonly<Record<string, unknown>>;
  readonly alerts: Readonly<Record<string, unknown>>;
  readonly stakes: Readonly<Record<string, unknown>>;
  readonly entries: readonly unknown[];
  readonly counters: Readonly<Record<string, unknown>>;
  readonly receipts: readonly string[];
  readonly reconciliation: Readonly<Record<string, unknown>>;
}

/** Items of a kind, in a table's dump. */
export function itemsOf(items: readonly Item[], kind: string): readonly Item[] {
  return items.filter((item) => item.kind === kind);
}

/** The end state of a run in canonical form: equal for every order, repetition and fault that the run met. */
export async function projectionOf(run: Run): Promise<Projection> {
  const dump = run.world.memory.dump();
  const disputes = itemsOf(dump.cases, 'dispute').map((item) => DisputeItem.parse(item).state);
  const names = new Map(disputes.map((dispute) => [dispute.disputeId, nameOf(dispute)]));
  const named = (disputeId: string) => names.get(disputeId) ?? `unknown ${disputeId}`;
  const alerts = itemsOf(dump.scorecards, 'alerts').map((item) => AlertsItem.parse(item).state);
  const stakes = itemsOf(dump.scorecards, 'stake').map((item) => StakeItem.parse(item).state);
  return {
    answers: run.answers,
    disputes: byName(disputes.map((dispute) => [nameOf(dispute), disputeSeen(dispute, disputes)])),
    customers: byName(disputes.map((dispute) => [nameOf(dispute), wordsOn(dispute, dump.customers)])),
    alerts: byName(
      alerts.map(({ disputeId, alerts: all }) => [named(disputeId), all.map((each) => alertSeen(each, all))]),
    ),
    stakes: byName(
      stakes.map(({ disputeId, phase, standing, cost, grade }) => [
        named(disputeId),
        { phase, standing: { ...standing, at: undefined }, cost, nearestMiss: grade?.nearestMiss },
      ]),
    ),
    entries: entriesSeen(dump.scorecards, named),
    counters: await countersOf(run, dump.improvement),
    receipts: receiptsSeen(dump.cases),
    reconciliation: await reconciliationOf(run, dump.cases),
  };
}

function nameOf({ source, externalId }: Pick<Dispute, 'source' | 'externalId'>): string {
  return `${source} ${externalId}`;
}

function byName(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A dispute without ids and instants; the version counts its decisions, and the customer is who shares theirs. */
function disputeSeen(dispute: Dispute, all: readonly Dispute[]): object {
  const { disputeId: _, number, openedAt, receivedAt, filingDueAt, filedAt, resolvedAt, closedAt, ...rest } = dispute;
  const { grade, customer, determination, lastNoticed, investigation, causeReport, rating, notice, ...kept } = rest;
  const { gradedAt, ...graded } = grade;
  return {
    ...kept,
    reports: kept.reports.length,
    grade: graded,
    filed: filedAt !== undefined,
    resolved: resolvedAt !== undefined,
    closed: closedAt !== undefined,
    noticed: notice !== undefined,
    sameCustomer: all
      .filter((other) => other.customer === customer)
      .map(nameOf)
      .sort(),
    investigation: investigation && {
      ...investigation,
      startedAt: undefined,
      dueAt: investigation.dueAt !== undefined,
    },
    causeReport: causeReport && { ...causeReport, reportedAt: undefined },
    determination: determination && { ...determination, determinationId: undefined, decidedAt: undefined },
    lastNoticed: lastNoticed && { ...lastNoticed, determinationId: undefined },
    rating: rating && { ...rating, ratedAt: undefined },
  };
}

function alertSeen({ dispute, ...alert }: Alert, all: readonly Alert[]): object {
  const { level, previousLevel, colour, state, breached, indicators, supersededBy } = alert;
  const { acknowledgedBy, specialIndicators, policyVersion } = alert;
  const { category, type, department } = dispute;
  const successor = all.findIndex(({ alertId }) => alertId === supersededBy);
  const graded = { level, previousLevel, colour, indicators, policyVersion, category, type, department };
  return { ...graded, state, breached, successor, acknowledgedBy, specialIndicators };
}

/** Who the customer is and what was said about one dispute, in the customers table. */
function wordsOn({ customer, disputeId }: Dispute, items: readonly Item[]): object {
  const own = items.filter(({ pk }) => pk === customerKeys.partition(customer));
  const profile = own.filter(({ kind }) => kind === 'profile').map(({ pk, sk, pseudonym, ...details }) => details);
  const words = own
    .filter((item) => item.disputeId === disputeId)
    .map(({ pk, sk, disputeId: _, receiptId, receivedAt, ...said }) => JSON.stringify(said));
  return { profile, words: words.sort() };
}

/** Entries by subject, period, rule, points and state, each as often as it is there. */
function entriesSeen(items: readonly Item[], named: (disputeId: string) => string): readonly string[] {
  const entries = itemsOf(items, 'entry').map((item) => EntryItem.parse(item).entry);
  const cards = Map.groupBy(entries, ({ subject, period }) => `${subject.id} ${period}`);
  const kept = [...cards.values()].flatMap((card) => withStatus(card));
  return kept
    .map((entry) => {
      const { subject, period, rule, kind, status, points, percentBp, share, indicator, reverses, inputs } = entry;
      const { department, basis, policyVersion, decidedBy, noticedBy, ratedBy, disputeId } = entry;
      const who = { subject, department, period, rule, kind, status, points, percentBp, share, indicator, inputs };
      const why = { basis, policyVersion, decidedBy, noticedBy, ratedBy, reverses: reverses !== undefined };
      return JSON.stringify({ dispute: named(disputeId), ...who, ...why });
    })
    .sort();
}

async function countersOf({ interlock }: Run, items: readonly Item[]): Promise<Record<string, unknown>> {
  const months = new Set(items.flatMap(({ pk }) => (pk.startsWith('COUNTERS#') ? [pk.split('#')[1] ?? ''] : [])));
  const counted = [...months].map(async (month) => {
    const cells = await interlock.stores.counters.counters(month);
    return [month, cells.map((cell) => ({ ...cell, counters: byName(Object.entries(cell.counters)) }))] as const;
  });
  return byName(await Promise.all(counted));
}

/** Of in-house messages that could not be read, the queue's own ids are left out. */
function receiptsSeen(items: readonly Item[]): readonly string[] {
  return itemsOf(items, 'receipt')
    .map(({ source, externalId, status, reasons }) =>
      JSON.stringify([source, source === 'in-house' ? '' : externalId, status, reasons]),
    )
    .sort();
}

/** Every figure per day and source but `received` and `duplicate`, which tell how often something was sent. */
async function reconciliationOf({ calls }: Run, items: readonly Item[]): Promise<Record<string, unknown>> {
  const days = new Set(itemsOf(items, 'arrival').map(({ day }) => String(day)));
  const tables = [...days].map(async (day) => {
    const { body } = await calls.call('GET', `/intake/reconciliation?day=${day}`, OPERATOR);
    const { sources, total } = body;
    for (const each of [...sources, total]) {
      const { received, opened, joined, duplicate, rejected, deadLettered, inFlight } = each;
      const sum = opened + joined + duplicate + rejected + deadLettered + inFlight;
      if (received !== sum) throw new Error(`reconciliation: ${day} does not balance: ${JSON.stringify(each)}`);
      if (inFlight !== 0 || deadLettered !== 0)
        throw new Error(`reconciliation: ${day} is open: ${JSON.stringify(each)}`);
      each.received = undefined;
      each.duplicate = undefined;
    }
    return [day, JSON.parse(JSON.stringify({ sources, total }))] as const;
  });
  return byName(await Promise.all(tables));
}
