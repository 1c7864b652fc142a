import { v4 } from 'uuid';
import { z } from 'zod';
import { alertAnswers } from '#functions/alerts/answer-alerts.ts';
import { checkAlert } from '#functions/alerts/check-alert-clock.ts';
import { learnFilings } from '#functions/alerts/learn-filing.ts';
import { raiseAlertOf } from '#functions/alerts/raise-alert.ts';
import { sweepDue } from '#functions/clocks/sweep-due.ts';
import { disputeAnswers } from '#functions/disputes/answer-disputes.ts';
import { checkFiling } from '#functions/disputes/check-filing-clock.ts';
import { finishResponsibility } from '#functions/disputes/finish-responsibility.ts';
import { exportAnswers } from '#functions/exports/answer-exports.ts';
import { writeExport } from '#functions/exports/write-export.ts';
import { countBatch } from '#functions/insights/count-events.ts';
import { deadMessageAnswers } from '#functions/intake/answer-dead-messages.ts';
import { findReceipt, readReceipt, reconcile } from '#functions/intake/answer-intake.ts';
import { keepDeadMessage } from '#functions/intake/keep-dead-message.ts';
import { sourceAnswers } from '#functions/intake/manage-sources.ts';
import { receiveReport } from '#functions/intake/receive-report.ts';
import { takeMessage } from '#functions/intake/take-message.ts';
import { sealCardsOf } from '#functions/ledger/seal-cards.ts';
import { publishCommits } from '#functions/publisher/publish-commits.ts';
import { reviewAnswers } from '#functions/reviews/answer-reviews.ts';
import { scorecardAnswers } from '#functions/scorecards/answer-scorecards.ts';
import { postGroupOf } from '#functions/scoring/post-group.ts';
import { recordStake } from '#functions/scoring/record-stake.ts';
import { scoreDispute } from '#functions/scoring/score-dispute.ts';
import { alertStore } from '#shared/adapters/alert-store.ts';
import { checkStores, type GearTable } from '#shared/adapters/check-stores.ts';
import { commitLog } from '#shared/adapters/commit-log.ts';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { customerStore } from '#shared/adapters/customer-store.ts';
import { contentHash, keyedDigest } from '#shared/adapters/digest.ts';
import { disputeStore } from '#shared/adapters/dispute-store.ts';
import { dueStore } from '#shared/adapters/due-store.ts';
import { exportStore } from '#shared/adapters/export-store.ts';
import { filingStore } from '#shared/adapters/filing-store.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { ledgerStore } from '#shared/adapters/ledger-store.ts';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { reviewStore } from '#shared/adapters/review-store.ts';
import { snapshotPorts } from '#shared/adapters/score-snapshot.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { sourceRegister } from '#shared/adapters/source-register.ts';
import { stakeStore } from '#shared/adapters/stake-store.ts';
import { tallyStore } from '#shared/adapters/tally-store.ts';
import { DisputeFiledV1 } from '#shared/contracts/events/dispute-filed.v1.ts';
import { DisputeGradedV1 } from '#shared/contracts/events/dispute-graded.v1.ts';
import { EntriesPendingV1 } from '#shared/contracts/events/entries-pending.v1.ts';
import { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import { EntriesVoidedV1 } from '#shared/contracts/events/entries-voided.v1.ts';
import { AnyEvent } from '#shared/contracts/events/events.ts';
import { ScoringEventV1 } from '#shared/contracts/items/scoring-item.ts';
import { StakeEventV1 } from '#shared/contracts/items/stake-item.ts';
import { DueMessage } from '#shared/contracts/messages/due-message.ts';
import { ExportMessageV1 } from '#shared/contracts/messages/export-message.v1.ts';
import { plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import { checkCommits } from '#shared/domain/insights/check-commits.ts';
import type { AlertStore } from '#shared/domain/ports/alert-store.ts';
import type { CommitLog } from '#shared/domain/ports/commit-log.ts';
import type { CounterStore } from '#shared/domain/ports/counter-store.ts';
import type { CustomerStore } from '#shared/domain/ports/customer-store.ts';
import type { DisputeStore } from '#shared/domain/ports/dispute-store.ts';
import type { Files } from '#shared/domain/ports/files.ts';
import type { IntakeStore } from '#shared/domain/ports/intake-store.ts';
import type { Ledger } from '#shared/domain/ports/ledger.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { StakeStore } from '#shared/domain/ports/stake-store.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { apiHandler, rawApiHandler } from '#shared/runtime/api-handler.ts';
import { memorySourceSecrets } from '#test/support/memory-source-secrets.ts';
import { ZONE } from '#test/support/sample.ts';
import type { Consume, Message, Outage, Publish, World } from './world.ts';

/** The in-house queue's name, which a worker takes for its ARN. */
export const IN_HOUSE_QUEUE = 'in-house';
export const WEBHOOK_QUEUE = 'webhook';
/** What no worker could take, of each door. No message comes here by itself: a scenario puts it there. */
export const DEAD_LETTERS = { webhook: 'dead-webhook', 'in-house': 'dead-in-house' } as const;
/** Every queue of the system; none may hold a message at the end. */
export const QUEUES = [
  WEBHOOK_QUEUE,
  IN_HOUSE_QUEUE,
  DEAD_LETTERS.webhook,
  DEAD_LETTERS['in-house'],
  'alerts',
  'filings',
  'stakes',
  'scoring',
  'seals',
  'disputes',
  'insights',
  'filing',
  'alert',
  'group',
  'exports',
] as const;

/** The stores of the whole system. */
export interface Stores {
  readonly disputes: DisputeStore;
  readonly customers: CustomerStore;
  readonly intake: IntakeStore;
  readonly alerts: AlertStore;
  readonly ledger: Ledger;
  readonly stakes: StakeStore;
  readonly counters: CounterStore;
}
/** What a consumer does with one event, by queue. */
export type Consumers = Readonly<Record<string, (body: unknown, message: Message) => Promise<unknown>>>;

/** Mistakes that a test builds into the system to see whether they are caught. */
export interface Planted {
  readonly stores?: (stores: Stores, tables: Tables) => Stores;
  readonly consumers?: (consumers: Consumers, stores: Stores) => Consumers;
  readonly publish?: (publish: Publish) => Publish;
  readonly log?: (tables: Tables, gear: GearTable) => CommitLog;
}

export interface Wiring {
  /** Who puts messages on the in-house queue. @default somebody who is entitled to nothing */
  readonly senderId?: string;
  /** @default really random ones, with which a seed does not replay to the byte */
  readonly newId?: () => string;
  /** @default what stands in the world's own reference table */
  readonly reference?: Reference;
  /** Where exports and the inputs of reviews stand. @default files of its own */
  readonly files?: Files;
  readonly planted?: Planted;
  /** Runs the hourly checks of commits around these hours; without them, nothing is ever lost and none is needed. */
  readonly outage?: Outage;
}

const EntriesWritten = z.discriminatedUnion('type', [EntriesPendingV1, EntriesPostedV1, EntriesVoidedV1]);

/** How long before a deadline its sweeps matter, in seconds: more than they read ahead. */
const SWEEPS_AHEAD = 900;

/** The HTTP handlers and the consumers of the whole system, wired to a world as the stacks wire them to AWS. */
export function interlockIn(world: World, { senderId = 'nobody', newId = v4, planted = {}, ...given }: Wiring = {}) {
  const { clock, tables } = world;
  const digest = keyedDigest("the simulation's own digest key");
  const { id } = digest;
  const reference = given.reference ?? referenceStore(tables, clock);
  const real: Stores = {
    disputes: disputeStore(tables, clock),
    customers: customerStore(tables),
    intake: intakeStore(tables),
    alerts: alertStore(tables),
    ledger: ledgerStore(tables),
    stakes: stakeStore(tables),
    counters: counterStore(tables),
  };
  const stores = planted.stores?.(real, tables) ?? real;
  const { disputes, customers, intake, alerts, ledger, stakes, counters } = stores;
  const secrets = memorySourceSecrets(clock);
  const common = { reference, clock, digest, id, zone: ZONE };
  const worker = { ...common, intake, customers, newId, inHouseQueue: IN_HOUSE_QUEUE };

  const files = given.files ?? memoryFiles();
  const exporting = {
    ...common,
    newId,
    exports: exportStore(tables),
    seals: sealStore(tables),
    snapshot: snapshotPorts(files),
  };

  const take =
    (queueArn: string) =>
    (body: unknown, { messageId, sentAt }: Message) =>
      takeMessage(textOf(body), { messageId, senderId, sentAt, queueArn }, worker);
  const keep =
    (queueArn: string) =>
    (body: unknown, { messageId, sentAt }: Message) =>
      keepDeadMessage(
        textOf(body),
        { messageId, senderId, sentAt, queueArn },
        { ...worker, inHouseQueue: DEAD_LETTERS['in-house'] },
      );
  const consumers: Consumers = {
    [WEBHOOK_QUEUE]: take(WEBHOOK_QUEUE),
    [IN_HOUSE_QUEUE]: take(IN_HOUSE_QUEUE),
    [DEAD_LETTERS.webhook]: keep(DEAD_LETTERS.webhook),
    [DEAD_LETTERS['in-house']]: keep(DEAD_LETTERS['in-house']),
    alerts: (body) => raiseAlertOf(DisputeGradedV1.parse(body), { ...common, alerts }),
    filings: (body) => learnFilings([DisputeFiledV1.parse(body)], { ...common, filings: filingStore(tables) }),
    stakes: (body) => recordStake(StakeEventV1.parse(body), { stakes, reference }),
    scoring: (body) => scoreDispute(ScoringEventV1.parse(body), { ...common, ledger }),
    disputes: (body) =>
      finishResponsibility(z.union([EntriesPostedV1, EntriesVoidedV1]).parse(body), { disputes, clock, id }),
    filing: (body) => checkFiling(DueMessage.parse(body), { disputes, clock, id }),
    alert: (body) => checkAlert(DueMessage.parse(body), { alerts, clock, id }),
    group: (body) => postGroupOf(DueMessage.parse(body), { ledger, clock, id }),
    exports: (body) => writeExport(ExportMessageV1.parse(body), { receiveCount: 1 }, { ...exporting, tries: 2 }),
  };
  for (const [queue, handle] of Object.entries(planted.consumers?.(consumers, stores) ?? consumers)) {
    world.consumer(
      queue,
      oneByOne((message) => handle(message.body, message)),
    );
  }
  world.consumer('insights', async (messages) => {
    const batch = messages.map(({ messageId, body }) => ({ messageId, message: AnyEvent.parse(body) }));
    return countBatch(batch, counters);
  });
  world.consumer('seals', async (messages) => {
    const batch = messages.map(({ messageId, body }) => ({ messageId, message: EntriesWritten.parse(body) }));
    const failed = (_: unknown, error: unknown) => {
      if (!isPassing(error)) throw error;
    };
    return sealCardsOf(batch, { seals: sealStore(tables), clock, contentHash, failed });
  });
  const publish = planted.publish?.(publishCommits) ?? publishCommits;
  world.publisher('cases', 'interlock.disputes', publish);
  world.publisher('scorecards', 'interlock.performance', publish);
  const queueOf = (kind: string) => ({ [kind]: world.queue(kind) });
  const sweep = (table: 'cases' | 'scorecards', queues: object) =>
    world.schedule(
      `sweep of ${table}`,
      60,
      () => sweepDue({ due: dueStore(tables, table), clock, queues }),
      () => {
        const first = world.nextDue(table);
        return first === undefined ? undefined : plusSeconds(first, -SWEEPS_AHEAD);
      },
    );
  sweep('cases', queueOf('filing'));
  sweep('scorecards', { ...queueOf('alert'), ...queueOf('group') });
  if (given.outage) checkAround(given.outage, world, counters, planted);

  return {
    stores,
    handlers: {
      'intake/receive-report': rawApiHandler('intake/receive-report', (posted) =>
        receiveReport(posted, { ...common, intake, secrets, queue: world.queue(WEBHOOK_QUEUE), newId }),
      ),
      'intake/answer-intake': apiHandler('intake/answer-intake', {
        'GET /intake/receipts': (request) => findReceipt(request, { intake }),
        'GET /intake/receipts/{receiptId}': (request) => readReceipt(request, { intake }),
        'GET /intake/reconciliation': (request) => reconcile(request, { intake, reference }),
      }),
      'intake/answer-dead-messages': apiHandler(
        'intake/answer-dead-messages',
        deadMessageAnswers({ intake, queue: world.queue(WEBHOOK_QUEUE), clock }),
      ),
      'intake/manage-sources': apiHandler(
        'intake/manage-sources',
        sourceAnswers({ ...common, register: sourceRegister(tables), secrets }),
      ),
      'disputes/answer-disputes': apiHandler(
        'disputes/answer-disputes',
        disputeAnswers({ ...common, disputes, customers }),
      ),
      'alerts/answer-alerts': apiHandler('alerts/answer-alerts', alertAnswers({ ...common, alerts, customers })),
      'scorecards/answer-scorecards': apiHandler(
        'scorecards/answer-scorecards',
        scorecardAnswers({ ...common, ledger, stakes }),
      ),
      'reviews/answer-reviews': apiHandler(
        'reviews/answer-reviews',
        reviewAnswers({
          ...common,
          counters,
          intake,
          ledger,
          tallies: tallyStore(tables),
          reviews: reviewStore(tables, files, contentHash),
          hash: contentHash,
        }),
      ),
      'exports/answer-exports': apiHandler(
        'exports/answer-exports',
        exportAnswers({ ...exporting, queue: world.queue('exports') }),
      ),
    },
  };
}
export type Interlock = ReturnType<typeof interlockIn>;

/** Pages of two, so that an hour has several. */
const PAGE = 2;
/** How long the checks go on after an outage, in seconds: everything is found long before. */
const CHECKED_FOR = 86_400;

function checkAround({ from, to }: Outage, world: World, counters: CounterStore, planted: Planted): void {
  const { bus, clock, tables } = world;
  const over = plusSeconds(to, CHECKED_FOR);
  for (const gear of ['cases', 'scorecards'] as const) {
    const log = planted.log?.(tables, gear) ?? commitLog(tables, gear, PAGE);
    const ports = {
      ...checkStores(tables, gear),
      log,
      counters,
      bus,
      clock,
      missing() {},
      givenUp() {},
      unreadable() {},
    };
    world.schedule(
      `check of ${gear}`,
      3600,
      () => checkCommits(ports),
      () => (clock.now() < over ? from : undefined),
    );
  }
}

/** A body as the queue holds it: the world carries JSON, and a text is what somebody put there as it is. */
function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** As Lambda does with partial batch answers: what throws comes again alone. */
function oneByOne(handle: (message: Message) => Promise<unknown>): Consume {
  return async (messages) => {
    const failed: string[] = [];
    for (const message of messages) {
      try {
        await handle(message);
      } catch (error) {
        if (!isPassing(error)) throw error;
        failed.push(message.messageId);
      }
    }
    return failed;
  };
}

/** Injected faults and lost races pass with the next try; anything else is a mistake that a test has to see. */
function isPassing(error: unknown): boolean {
  return error instanceof Error && (error.name === 'InjectedFault' || error.name === 'WriteRefused');
}
