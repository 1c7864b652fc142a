import { v4 } from 'uuid';
import { z } from 'zod';
import { alertAnswers } from '#functions/alerts/answer-alerts.ts';
import { checkAlert } from '#functions/alerts/check-alert-clock.ts';
import { raiseAlertOf } from '#functions/alerts/raise-alert.ts';
import { sweepDue } from '#functions/clocks/sweep-due.ts';
import { disputeAnswers } from '#functions/disputes/answer-disputes.ts';
import { checkFiling } from '#functions/disputes/check-filing-clock.ts';
import { finishResponsibility } from '#functions/disputes/finish-responsibility.ts';
import { countBatch } from '#functions/insights/count-events.ts';
import { findReceipt, readReceipt, reconcile } from '#functions/intake/answer-intake.ts';
import { rotateSecret } from '#functions/intake/manage-sources.ts';
import { receiveReport } from '#functions/intake/receive-report.ts';
import { takeMessage } from '#functions/intake/take-message.ts';
import { scorecardAnswers } from '#functions/scorecards/answer-scorecards.ts';
import { postGroupOf } from '#functions/scoring/post-group.ts';
import { recordStake } from '#functions/scoring/record-stake.ts';
import { scoreDispute } from '#functions/scoring/score-dispute.ts';
import { alertStore } from '#shared/adapters/alert-store.ts';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { customerStore } from '#shared/adapters/customer-store.ts';
import { keyedDigest } from '#shared/adapters/digest.ts';
import { disputeStore } from '#shared/adapters/dispute-store.ts';
import { dueStore } from '#shared/adapters/due-store.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { ledgerStore } from '#shared/adapters/ledger-store.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { stakeStore } from '#shared/adapters/stake-store.ts';
import { DisputeGradedV1 } from '#shared/contracts/events/dispute-graded.v1.ts';
import { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import { EntriesVoidedV1 } from '#shared/contracts/events/entries-voided.v1.ts';
import { AnyEvent } from '#shared/contracts/events/events.ts';
import { ScoringEventV1 } from '#shared/contracts/items/scoring-item.ts';
import { StakeEventV1 } from '#shared/contracts/items/stake-item.ts';
import { DueMessage } from '#shared/contracts/messages/due-message.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { apiHandler, rawApiHandler } from '#shared/runtime/api-handler.ts';
import { memorySourceSecrets } from '#test/support/memory-source-secrets.ts';
import { ZONE } from '#test/support/sample.ts';
import type { Consume, Message, World } from './world.ts';

/** The in-house queue's name, which a worker takes for its ARN. */
export const IN_HOUSE_QUEUE = 'in-house';
export const WEBHOOK_QUEUE = 'webhook';

/** Everything that a test may replace to see whether it is caught. */
export interface Parts {
  /** What consumers do with one event, by queue: a planted bug wraps one of them. */
  readonly consumers: Record<string, (body: unknown, message: Message, tables: Tables) => Promise<unknown>>;
}

/** The HTTP handlers and the consumers of the whole system, wired to a world as the stacks wire them to AWS. */
export function interlockIn(world: World, senderId = 'nobody', planted: (parts: Parts) => Parts = (parts) => parts) {
  const { clock, tables } = world;
  const digest = keyedDigest("the simulation's own digest key");
  const { id } = digest;
  const reference = referenceStore(tables, clock);
  const disputes = disputeStore(tables, clock);
  const customers = customerStore(tables);
  const intake = intakeStore(tables);
  const alerts = alertStore(tables);
  const ledger = ledgerStore(tables);
  const stakes = stakeStore(tables);
  const counters = counterStore(tables);
  const secrets = memorySourceSecrets(clock);
  const common = { reference, clock, digest, id, zone: ZONE };
  const worker = { ...common, intake, customers, newId: v4, inHouseQueue: IN_HOUSE_QUEUE };

  const take =
    (queueArn: string) =>
    (body: unknown, { messageId, sentAt }: Message) =>
      takeMessage(JSON.stringify(body), { messageId, senderId, sentAt, queueArn }, worker);
  const { consumers } = planted({
    consumers: {
      [WEBHOOK_QUEUE]: take(WEBHOOK_QUEUE),
      [IN_HOUSE_QUEUE]: take(IN_HOUSE_QUEUE),
      alerts: (body) => raiseAlertOf(DisputeGradedV1.parse(body), { ...common, alerts }),
      stakes: (body) => recordStake(StakeEventV1.parse(body), { stakes, reference }),
      scoring: (body) => scoreDispute(ScoringEventV1.parse(body), { ...common, ledger }),
      disputes: (body) =>
        finishResponsibility(z.union([EntriesPostedV1, EntriesVoidedV1]).parse(body), { disputes, clock, id }),
      filing: (body) => checkFiling(DueMessage.parse(body), { disputes, clock, id }),
      alert: (body) => checkAlert(DueMessage.parse(body), { alerts, clock, id }),
      group: (body) => postGroupOf(DueMessage.parse(body), { ledger, clock, id }),
    },
  });
  for (const [queue, handle] of Object.entries(consumers)) {
    world.consumer(
      queue,
      oneByOne((message) => handle(message.body, message, tables)),
    );
  }
  world.consumer('insights', async (messages) => {
    const batch = messages.map(({ messageId, body }) => ({ messageId, message: AnyEvent.parse(body) }));
    return countBatch(batch, counters);
  });
  world.publisher('cases', 'interlock.disputes');
  world.publisher('scorecards', 'interlock.performance');
  const queueOf = (kind: string) => ({ [kind]: world.queue(kind) });
  const sweep = (table: 'cases' | 'scorecards', queues: object) => () =>
    sweepDue({ due: dueStore(tables, table), clock, queues });
  world.schedule('sweep of cases', 60, sweep('cases', queueOf('filing')));
  world.schedule('sweep of scorecards', 60, sweep('scorecards', { ...queueOf('alert'), ...queueOf('group') }));

  return {
    reference,
    counters,
    handlers: {
      'intake/receive-report': rawApiHandler('intake/receive-report', (posted) =>
        receiveReport(posted, { ...common, intake, secrets, queue: world.queue(WEBHOOK_QUEUE), newId: v4 }),
      ),
      'intake/answer-intake': apiHandler('intake/answer-intake', {
        'GET /intake/receipts': (request) => findReceipt(request, { intake }),
        'GET /intake/receipts/{receiptId}': (request) => readReceipt(request, { intake }),
        'GET /intake/reconciliation': (request) => reconcile(request, { intake, reference }),
      }),
      'intake/manage-sources': apiHandler('intake/manage-sources', {
        'POST /sources/{source}/secret': (request) => rotateSecret(request, { ...common, secrets }),
      }),
      'disputes/answer-disputes': apiHandler(
        'disputes/answer-disputes',
        disputeAnswers({ ...common, disputes, customers }),
      ),
      'alerts/answer-alerts': apiHandler(
        'alerts/answer-alerts',
        alertAnswers({ ...common, alerts, disputes, customers }),
      ),
      'scorecards/answer-scorecards': apiHandler(
        'scorecards/answer-scorecards',
        scorecardAnswers({ ...common, ledger, stakes }),
      ),
    },
  };
}
export type Interlock = ReturnType<typeof interlockIn>;

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
