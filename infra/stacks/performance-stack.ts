import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { ApiFunction } from '../constructs/api-function.ts';
import { grantFiles } from '../constructs/file-grant.ts';
import { QueueFunction } from '../constructs/queue-function.ts';
import { QueuedFunction } from '../constructs/queued-function.ts';
import { ScheduledFunction } from '../constructs/scheduled-function.ts';
import { StreamFunction } from '../constructs/stream-function.ts';
import { DECIDE } from '../constructs/table.ts';
import { TRIES, WorkQueue } from '../constructs/work-queue.ts';
import { eventsFor, ServiceStack, type ServiceStackProps } from './service-stack.ts';

/** Megabytes of memory with which a function has a whole processor: sealing and hashing wait for nothing else. */
const ONE_PROCESSOR = 1_769;

/** The second gear: from a graded dispute to an alert, to points, to a card. Owns the scorecards table. */
export class PerformanceStack extends ServiceStack {
  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const alertClock = this.#addAlerts();
    const groupClock = this.#addScoring();
    this.#addScorecards();
    this.#addExports();
    this.#addLedger(props.config.timeZone);
    this.#addSweep(props.config.timeZone, alertClock, groupClock);
    this.#addPublisher();
  }

  #addAlerts(): WorkQueue {
    const { api, defaults, data, names } = this;
    const raise = new QueuedFunction(this, 'RaiseAlert', {
      defaults,
      environment: { ...names.scorecards, ...names.reference },
      bus: data.bus,
      eventPattern: eventsFor('alerts'),
      step: 'alerts/raise-alert',
      failureImpact: 'grave disputes reach nobody in performance, and their alert clock does not start',
    });
    const learn = new QueuedFunction(this, 'LearnFiling', {
      defaults,
      environment: { ...names.scorecards, ...names.reference },
      bus: data.bus,
      eventPattern: eventsFor('filings'),
      step: 'alerts/learn-filing',
      failureImpact: 'performance does not learn of filings, and how long they took to arrive is not measured',
    });
    for (const { consumer } of [raise, learn]) data.reference.grant(consumer.fn, 'dynamodb:GetItem');
    data.scorecards.grant(learn.consumer.fn, 'dynamodb:PutItem');
    const answer = new ApiFunction(this, 'AnswerAlerts', {
      defaults,
      api,
      environment: { ...names.scorecards, ...names.customers },
      step: 'alerts/answer-alerts',
      failureImpact: 'alerts cannot be seen or acknowledged, so every one of them counts as breached',
    });
    data.scorecards.grantLists(answer.fn);
    // The customer's demand stands beside the alert; it is read where personal data lies and copied nowhere.
    data.customers.grant(answer.fn, 'dynamodb:Query');

    const failureImpact = 'alerts that nobody acknowledged in time are not recorded as breached';
    const clock = new WorkQueue(this, 'AlertClock', { alarmTopic: defaults.alarmTopic, failureImpact });
    const check = new QueueFunction(this, 'CheckAlertClock', {
      defaults,
      environment: names.scorecards,
      step: 'alerts/check-alert-clock',
      queues: { Clock: clock.queue },
      failureImpact,
    });
    for (const { fn } of [answer, check]) data.scorecards.grant(fn, ...DECIDE);
    // The alerts of a dispute and its stake are read at once.
    data.scorecards.grant(raise.consumer.fn, 'dynamodb:BatchGetItem', 'dynamodb:PutItem');
    return clock;
  }

  #addScoring(): WorkQueue {
    const { defaults, data, names } = this;
    const common = { defaults, bus: data.bus };
    const stake = new QueuedFunction(this, 'RecordStake', {
      ...common,
      environment: { ...names.scorecards, ...names.reference },
      eventPattern: eventsFor('stakes'),
      step: 'scoring/record-stake',
      failureImpact: 'departments do not see what an open dispute may cost them',
    });
    const score = new QueuedFunction(this, 'ScoreDispute', {
      ...common,
      environment: { ...names.scorecards, ...names.reference, ...names.zone },
      eventPattern: eventsFor('scoring'),
      step: 'scoring/score-dispute',
      failureImpact: 'decided points do not reach the cards, and the appeal window runs unseen',
    });
    data.reference.grant(stake.consumer.fn, 'dynamodb:GetItem');
    data.reference.grant(score.consumer.fn, 'dynamodb:Query');

    const failureImpact =
      'pending points whose appeal window ended are not posted, and their disputes do not become final';
    const clock = new WorkQueue(this, 'GroupClock', { alarmTopic: defaults.alarmTopic, failureImpact });
    const post = new QueueFunction(this, 'PostGroup', {
      defaults,
      environment: names.scorecards,
      step: 'scoring/post-group',
      queues: { Clock: clock.queue },
      failureImpact,
    });
    for (const { fn } of [stake.consumer, score.consumer, post]) data.scorecards.grant(fn, ...DECIDE);
    return clock;
  }

  #addScorecards(): void {
    const { api, defaults, data, names } = this;
    const answer = new ApiFunction(this, 'AnswerScorecards', {
      defaults,
      api,
      environment: { ...names.scorecards, ...names.reference, ...names.zone },
      step: 'scorecards/answer-scorecards',
      failureImpact: 'people who are scored can see neither their card nor why it stands as it does',
    });
    data.scorecards.grant(answer.fn, 'dynamodb:Query');
    data.scorecards.grantLists(answer.fn);
    data.reference.grant(answer.fn, 'dynamodb:Query');
  }

  #addExports(): void {
    const { api, defaults, data, names } = this;
    const environment = { ...names.scorecards, ...names.reference, ...names.files, ...names.zone };
    const timeout = Duration.minutes(15);
    const failureImpact = 'exports of scores that were asked for are not written, and payroll waits for them';
    const asked = new WorkQueue(this, 'Exports', { alarmTopic: defaults.alarmTopic, failureImpact, timeout });
    const { queueUrl, queueArn } = asked.queue;
    const answer = new ApiFunction(this, 'AnswerExports', {
      defaults,
      api,
      environment: { ...environment, EXPORTS_QUEUE_URL: queueUrl },
      step: 'exports/answer-exports',
      timeout: Duration.seconds(29), // The API waits no longer than 30.
      memoryMegabytes: ONE_PROCESSOR,
      failureImpact: 'nobody gets scores out of the system, or can prove those that they have',
    });
    answer.fn.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queueArn] }));
    const write = new QueueFunction(this, 'WriteExport', {
      defaults,
      environment: { ...environment, TRIES: String(TRIES) },
      step: 'exports/write-export',
      timeout,
      memoryMegabytes: ONE_PROCESSOR,
      queues: { Exports: asked.queue },
      batch: { size: 1, window: Duration.seconds(0) }, // One may take all of the time.
      failureImpact,
    });
    for (const { fn } of [answer, write]) {
      data.scorecards.grantWithin(fn, ['CARD#*', 'EXPORT#*'], 'dynamodb:Query', ...DECIDE);
      data.reference.grant(fn, 'dynamodb:Query');
      grantFiles(data.files, fn, 'exports/', 'read', 'write');
    }
  }

  #addLedger(timeZone: string): void {
    const { defaults, data, names } = this;
    const seal = new QueuedFunction(this, 'SealCards', {
      defaults,
      bus: data.bus,
      environment: names.scorecards,
      eventPattern: eventsFor('seals'),
      step: 'ledger/seal-cards',
      batch: { size: 100, window: Duration.seconds(2) }, // A card that many events name is read once for all.
      failureImpact:
        'what stands on the cards is not fixed in its order: a change of it can be proven by its commit alone',
    });
    data.scorecards.grantWithin(seal.consumer.fn, ['CARD#*'], 'dynamodb:Query', 'dynamodb:PutItem');
    const anchor = new ScheduledFunction(this, 'AnchorHeads', {
      defaults,
      step: 'ledger/anchor-heads',
      schedule: 'cron(20 0 * * ? *)',
      timeZone,
      longestSilence: Duration.hours(26),
      timeout: Duration.minutes(5),
      environment: { ...names.scorecards, ...names.reference, ...names.files, ...names.zone },
      failureImpact: 'the ledger is not anchored: who cuts a card together with its commits is not found out',
    });
    data.scorecards.grantLists(anchor.fn);
    data.reference.grant(anchor.fn, 'dynamodb:Query');
    grantFiles(data.files, anchor.fn, 'anchors/', 'read', 'write', 'list-versions');
  }

  #addSweep(timeZone: string, alertClock: WorkQueue, groupClock: WorkQueue): void {
    const { defaults, data, names } = this;
    const queues = { alert: alertClock.queue.queueUrl, group: groupClock.queue.queueUrl };
    const sweep = new ScheduledFunction(this, 'Sweep', {
      defaults,
      step: 'clocks/sweep',
      schedule: 'cron(* * * * ? *)',
      timeZone,
      timeout: Duration.seconds(50), // Over before the next one starts.
      environment: { ...names.scorecards, TABLE: 'scorecards', CLOCK_QUEUES: Stack.of(this).toJsonString(queues) },
      failureImpact: 'late alerts are not recorded as breached, and points whose appeal window ended stay pending',
    });
    data.scorecards.grantIndex(sweep.fn, 'byDue');
    const resources = [alertClock.queue.queueArn, groupClock.queue.queueArn];
    sweep.fn.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources }));
  }

  #addPublisher(): void {
    const { defaults, data } = this;
    const { consumer } = new StreamFunction(this, 'Publish', {
      defaults,
      table: data.scorecards.table,
      step: 'publisher/publish-commits',
      environment: { BUS_NAME: data.bus.eventBusName, EVENT_SOURCE: 'interlock.performance' },
      failureImpact: 'nobody hears of alerts and points: disputes do not become final, nothing is counted',
    });
    data.bus.grantPutEventsTo(consumer.fn);
  }
}
