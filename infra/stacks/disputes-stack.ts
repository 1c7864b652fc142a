import { ArnFormat, CfnOutput, Duration, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { BusinessAlarm } from '../constructs/alarm.ts';
import { ApiFunction } from '../constructs/api-function.ts';
import type { LambdaFunction } from '../constructs/lambda-function.ts';
import { QueueFunction } from '../constructs/queue-function.ts';
import { QueuedFunction } from '../constructs/queued-function.ts';
import { ScheduledFunction } from '../constructs/scheduled-function.ts';
import { StreamFunction } from '../constructs/stream-function.ts';
import { DECIDE, LOOK_UP } from '../constructs/table.ts';
import { WorkQueue } from '../constructs/work-queue.ts';
import { eventsFor, ServiceStack, type ServiceStackProps } from './service-stack.ts';

/** A report of 262,144 bytes with its wrapper exceeds SQS's old limit. */
const ONE_MEBIBYTE = 1_048_576;

/** Partitions of the customers table that hold what no worker could take, and the list of it. */
const DEAD_MESSAGES = ['DEAD#*', 'DEAD-MESSAGES'];
/** Partitions of the reference table that hold sources and their changes. */
const SOURCES = ['SOURCES', 'SOURCE-CHANGES'];

/** The first gear: from a report at the door to a dispute that is closed. Owns the cases table. */
export class DisputesStack extends ServiceStack {
  /** What the names of the sources' secrets start with; they are made while the system runs. */
  readonly #secretsPrefix: string;

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    this.#secretsPrefix = `interlock/${props.defaults.environmentName}`;
    this.#addIntake();
    this.#addTallies(props.config.timeZone);
    this.#addDisputes();
    this.#addClocks(props.config.timeZone);
    this.#addPublisher();
    new CfnOutput(this, 'SecretsPrefix', { value: this.#secretsPrefix });
  }

  #addIntake(): void {
    const { api, defaults, data, names } = this;
    const timeout = Duration.seconds(30);
    const queueProps = { alarmTopic: defaults.alarmTopic, timeout, maxMessageBytes: ONE_MEBIBYTE, reports: true };
    const webhook = new WorkQueue(this, 'Webhook', {
      ...queueProps,
      failureImpact: 'accepted complaints do not become disputes',
    });
    const inHouse = new WorkQueue(this, 'InHouse', {
      ...queueProps,
      failureImpact: 'complaints of our own service desk do not become disputes',
    });
    new CfnOutput(this, 'WebhookQueueUrl', { value: webhook.queue.queueUrl });
    new CfnOutput(this, 'InHouseQueueUrl', { value: inHouse.queue.queueUrl });
    new CfnOutput(this, 'WebhookDeadLettersUrl', { value: webhook.deadLetters.queueUrl });
    new CfnOutput(this, 'InHouseDeadLettersUrl', { value: inHouse.deadLetters.queueUrl });

    const receive = new ApiFunction(this, 'ReceiveReport', {
      defaults,
      api,
      step: 'intake/receive-report',
      environment: {
        ...names.cases,
        ...names.reference,
        ...names.digestKey,
        ...names.zone,
        WEBHOOK_QUEUE_URL: webhook.queue.queueUrl,
        SECRETS_PREFIX: this.#secretsPrefix,
      },
      failureImpact: 'channels cannot hand in complaints; senders repeat for a while, then customers are not heard',
    });
    data.cases.grant(receive.fn, 'dynamodb:BatchGetItem', 'dynamodb:PutItem');
    data.reference.grant(receive.fn, ...LOOK_UP);
    this.#grantDigestKey(receive);
    this.#grantSecrets(receive, 'secretsmanager:GetSecretValue');
    receive.fn.addToRolePolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [webhook.queue.queueArn] }),
    );

    const worker = { ...names.cases, ...names.customers, ...names.reference, ...names.digestKey, ...names.zone };
    const open = new QueueFunction(this, 'OpenDispute', {
      defaults,
      step: 'intake/open-dispute',
      timeout,
      queues: { Webhook: webhook.queue, InHouse: inHouse.queue },
      environment: { ...worker, IN_HOUSE_QUEUE_ARN: inHouse.queue.queueArn },
      failureImpact: 'accepted complaints wait and do not become disputes, so no clock starts and nobody is alerted',
    });
    const keep = new QueueFunction(this, 'KeepDeadMessage', {
      defaults,
      step: 'intake/keep-dead-message',
      timeout,
      queues: { DeadWebhook: webhook.deadLetters, DeadInHouse: inHouse.deadLetters },
      environment: { ...worker, IN_HOUSE_QUEUE_ARN: inHouse.deadLetters.queueArn },
      failureImpact: 'complaints that nobody could read lie in a queue that forgets them after 14 days',
    });
    for (const taking of [open, keep]) {
      data.cases.grant(taking.fn, 'dynamodb:BatchGetItem', 'dynamodb:PutItem');
      data.reference.grant(taking.fn, ...LOOK_UP);
      this.#grantDigestKey(taking);
    }
    data.customers.grant(open.fn, ...DECIDE, 'dynamodb:UpdateItem');
    data.customers.grantWithin(keep.fn, DEAD_MESSAGES, 'dynamodb:PutItem');
    // The function clears the queue before its alarm sees a message: a turn of the function is the sign.
    new BusinessAlarm(this, 'ReportDied', {
      metric: keep.fn.metricInvocations({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 1,
      symptom: 'A report could not be worked on and was put aside',
      failureImpact: 'a complaint that we accepted is no dispute until a person looks at it',
      topic: defaults.alarmTopic,
    });
    this.#addDeadMessageAnswers(webhook);
    this.#addIntakeAnswers();
  }

  #addDeadMessageAnswers({ queue }: WorkQueue): void {
    const { api, defaults, data, names } = this;
    const { fn } = new ApiFunction(this, 'AnswerDeadMessages', {
      defaults,
      api,
      step: 'intake/answer-dead-messages',
      environment: { ...names.customers, WEBHOOK_QUEUE_URL: queue.queueUrl },
      failureImpact: 'complaints that were put aside cannot be looked at or put back, and become no disputes',
    });
    data.customers.grantWithin(fn, DEAD_MESSAGES, 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem');
    fn.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] }));
  }

  #addIntakeAnswers(): void {
    const { api, defaults, data, names } = this;
    const answer = new ApiFunction(this, 'AnswerIntake', {
      defaults,
      api,
      step: 'intake/answer-intake',
      environment: { ...names.cases, ...names.reference },
      failureImpact: 'senders cannot see what became of a report, and nobody can prove that none was lost',
    });
    data.cases.grant(answer.fn, ...LOOK_UP);
    data.cases.grantLists(answer.fn);
    data.reference.grant(answer.fn, 'dynamodb:Query');

    const sources = new ApiFunction(this, 'ManageSources', {
      defaults,
      api,
      step: 'intake/manage-sources',
      environment: { ...names.reference, ...names.zone, SECRETS_PREFIX: this.#secretsPrefix },
      failureImpact: 'no channel can be added or closed, or given a new secret, not even one whose secret leaked',
    });
    data.reference.grant(sources.fn, ...LOOK_UP);
    data.reference.grantWithin(sources.fn, SOURCES, 'dynamodb:PutItem');
    this.#grantSecrets(
      sources,
      'secretsmanager:CreateSecret',
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
    );
  }

  /** What arrived on each day, counted once it is over: a review reads these, and not one item per report. */
  #addTallies(timeZone: string): void {
    const { defaults, data, names } = this;
    const { fn } = new ScheduledFunction(this, 'TallyDays', {
      defaults,
      step: 'intake/tally-days',
      schedule: 'cron(30 1 * * ? *)', // Before the first of a month is reviewed, at 03:00.
      timeZone,
      longestSilence: Duration.hours(26),
      timeout: Duration.minutes(15),
      environment: { ...names.cases, ...names.reference, ...names.zone },
      failureImpact: 'reviews read every single arrival, take too long in the end, and no month can be reviewed',
    });
    data.cases.grantWithin(fn, ['TALLIES'], 'dynamodb:GetItem');
    data.cases.grantWithin(fn, ['TALLIES', 'TALLY#*'], 'dynamodb:PutItem');
    data.cases.grantWithin(fn, ['ARRIVALS#*'], 'dynamodb:Query');
    data.reference.grant(fn, 'dynamodb:Query');
  }

  #addDisputes(): void {
    const { api, defaults, data, names } = this;
    const answer = new ApiFunction(this, 'AnswerDisputes', {
      defaults,
      api,
      step: 'disputes/answer-disputes',
      environment: { ...names.cases, ...names.customers, ...names.reference, ...names.digestKey, ...names.zone },
      failureImpact: 'officers cannot file, investigate, resolve or close disputes while their clocks run',
    });
    data.cases.grant(answer.fn, ...DECIDE, 'dynamodb:Query');
    data.cases.grantLists(answer.fn);
    data.customers.grant(answer.fn, ...DECIDE, 'dynamodb:Query', 'dynamodb:UpdateItem');
    data.reference.grant(answer.fn, ...LOOK_UP);
    this.#grantDigestKey(answer);

    const { consumer } = new QueuedFunction(this, 'FinishResponsibility', {
      defaults,
      bus: data.bus,
      eventPattern: eventsFor('disputes'),
      step: 'disputes/finish-responsibility',
      environment: names.cases,
      failureImpact: 'disputes whose points are posted stay open on the responsibility track',
    });
    data.cases.grant(consumer.fn, ...DECIDE);
  }

  #addClocks(timeZone: string): void {
    const { defaults, data, names } = this;
    const failureImpact = 'missed filing deadlines are not noticed, and disputes wait without anybody being told';
    const { queue } = new WorkQueue(this, 'FilingClock', { alarmTopic: defaults.alarmTopic, failureImpact });
    const check = new QueueFunction(this, 'CheckFilingClock', {
      defaults,
      step: 'disputes/check-filing-clock',
      queues: { Clock: queue },
      environment: names.cases,
      failureImpact,
    });
    data.cases.grant(check.fn, ...DECIDE);

    const sweep = new ScheduledFunction(this, 'Sweep', {
      defaults,
      step: 'clocks/sweep',
      schedule: 'cron(* * * * ? *)',
      timeZone,
      timeout: Duration.seconds(50), // Over before the next one starts.
      environment: {
        ...names.cases,
        TABLE: 'cases',
        CLOCK_QUEUES: Stack.of(this).toJsonString({ filing: queue.queueUrl }),
      },
      failureImpact,
    });
    data.cases.grantIndex(sweep.fn, 'byDue');
    sweep.fn.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] }));
  }

  #addPublisher(): void {
    const { defaults, data } = this;
    const { consumer } = new StreamFunction(this, 'Publish', {
      defaults,
      table: data.cases.table,
      step: 'publisher/publish-commits',
      environment: { BUS_NAME: data.bus.eventBusName, EVENT_SOURCE: 'interlock.disputes' },
      failureImpact: 'nobody hears of what happens to disputes: no alert, no points, no counts',
    });
    data.bus.grantPutEventsTo(consumer.fn);
  }

  #grantDigestKey({ fn }: LambdaFunction): void {
    const resources = [this.data.digestKey.secretArn];
    fn.addToRolePolicy(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources }));
  }

  /** Secrets are made while the system runs, so that only the start of their names is known. */
  #grantSecrets(to: LambdaFunction, ...actions: readonly string[]): void {
    const arn = this.formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      resourceName: `${this.#secretsPrefix}/sources/*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    to.fn.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [arn] }));
    Validations.of(to).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${arn}]`,
      reason:
        "One secret per source, made while the system runs; the prefix holds the sources' secrets of this environment alone.",
    });
  }
}
