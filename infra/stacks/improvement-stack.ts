import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { BusinessAlarm } from '../constructs/alarm.ts';
import { ApiFunction } from '../constructs/api-function.ts';
import { grantFiles } from '../constructs/file-grant.ts';
import { QueuedFunction } from '../constructs/queued-function.ts';
import { ScheduledFunction } from '../constructs/scheduled-function.ts';
import { eventsFor, ServiceStack, type ServiceStackProps } from './service-stack.ts';

/** The third gear: what the other two teach. Owns the improvement table. */
export class ImprovementStack extends ServiceStack {
  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    this.#addCounting();
    this.#addChecks(props.config.timeZone);
    this.#addReviews(props.config.timeZone);
  }

  #addCounting(): void {
    const { defaults, data, names } = this;
    const { consumer } = new QueuedFunction(this, 'Count', {
      defaults,
      bus: data.bus,
      eventPattern: eventsFor('insights'),
      step: 'insights/count',
      environment: names.improvement,
      batch: { size: 100, window: Duration.seconds(2) }, // A transaction of sums: the more in one, the fewer items.
      failureImpact: 'the cockpit and the reviews show too few disputes, and lost events go unnoticed',
    });
    data.improvement.grant(consumer.fn, 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
  }

  /** What the other gears have published is compared with what was counted here (architecture 3.6): once for each. */
  #addChecks(timeZone: string): void {
    const { data, defaults, names } = this;
    const common = {
      defaults,
      timeZone,
      step: 'publisher/check-commits',
      schedule: 'cron(15 * * * ? *)', // When the last hour is settled.
      longestSilence: Duration.hours(2),
      timeout: Duration.minutes(5), // Two days of hours after an outage; what it does not reach, the next turn does.
      failureImpact: 'commits whose publication was lost stay unheard: no alert, no points, no counts',
    };
    const checks = [
      { id: 'CheckCases', of: data.cases, own: { ...names.cases, TABLE: 'cases' } },
      { id: 'CheckScorecards', of: data.scorecards, own: { ...names.scorecards, TABLE: 'scorecards' } },
    ];
    for (const { id, of, own } of checks) {
      const environment = { ...own, ...names.improvement, BUS_NAME: data.bus.eventBusName };
      const check = new ScheduledFunction(this, id, { ...common, environment });
      of.grantIndex(check.fn, 'byHour');
      of.grant(check.fn, 'dynamodb:BatchGetItem');
      data.improvement.grant(check.fn, 'dynamodb:BatchGetItem');
      data.improvement.grantWithin(check.fn, ['COMMIT-CHECK'], 'dynamodb:GetItem', 'dynamodb:PutItem');
      data.bus.grantPutEventsTo(check.fn);
    }
    this.#watch('EventsMissing', 'Events were never counted, and are published again');
    this.#watch('EventsGivenUp', 'Events were published again several times and are still not counted');
    this.#watch('CommitsUnreadable', 'Commits cannot be read, so nobody can tell whether their events were counted');
  }

  /** On the first of every month the one before, and any month by hand. */
  #addReviews(timeZone: string): void {
    const { api, data, defaults, names } = this;
    const { cases, scorecards, improvement, reference, files, zone } = names;
    const environment = { ...cases, ...scorecards, ...improvement, ...reference, ...files, ...zone };
    const failureImpact = 'executives see no review of the month, and nobody proves that its figures are all of it';
    const answer = new ApiFunction(this, 'AnswerReviews', {
      defaults,
      api,
      step: 'reviews/answer-reviews',
      environment,
      timeout: Duration.seconds(29), // As long as the gateway waits.
      failureImpact,
    });
    const run = new ScheduledFunction(this, 'RunMonth', {
      defaults,
      step: 'reviews/run-month',
      schedule: 'cron(0 3 1 * ? *)',
      timeZone,
      longestSilence: Duration.days(32),
      timeout: Duration.minutes(5),
      environment,
      failureImpact,
    });
    for (const { fn } of [answer, run]) {
      data.cases.grantWithin(fn, ['TALLIES'], 'dynamodb:GetItem');
      data.cases.grantWithin(fn, ['TALLY#*', 'ARRIVALS#*'], 'dynamodb:Query');
      data.scorecards.grantWithin(fn, ['CARD#*'], 'dynamodb:Query');
      data.improvement.grantWithin(fn, ['COUNTERS#*', 'REVIEW#*'], 'dynamodb:Query');
      data.improvement.grantWithin(fn, ['REVIEW#*'], 'dynamodb:PutItem');
      data.reference.grant(fn, 'dynamodb:Query');
    }
    data.improvement.grantWithin(answer.fn, ['REVIEW#*'], 'dynamodb:GetItem');
    grantFiles(data.files, answer.fn, 'reviews/', 'read', 'write');
    grantFiles(data.files, run.fn, 'reviews/', 'write');
  }

  /** What the checks of both gears count. */
  #watch(metricName: string, symptom: string): void {
    const { environmentName, alarmTopic } = this.defaults;
    new BusinessAlarm(this, metricName, {
      metric: new Metric({
        namespace: 'Interlock',
        metricName,
        dimensionsMap: { service: 'publisher', environment: environmentName },
        period: Duration.minutes(5),
        statistic: 'Sum',
      }),
      threshold: 1,
      symptom,
      failureImpact: 'until they are heard, no alert, no points and no counts come of them',
      topic: alarmTopic,
    });
  }
}
