import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { BusinessAlarm } from './alarm.ts';
import { LambdaFunction, type LambdaFunctionProps } from './lambda-function.ts';
import { DeadLetterQueue } from './work-queue.ts';

export interface StreamFunctionProps extends LambdaFunctionProps {
  readonly table: Table;
}

/** New commits of a table, and every change or removal of what is only ever added: IAM cannot forbid it, so it is watched. */
const commitsAndTampering = [
  FilterCriteria.filter({ eventName: ['INSERT'], dynamodb: { NewImage: { kind: { S: ['commit'] } } } }),
  FilterCriteria.filter({
    eventName: FilterRule.or('MODIFY', 'REMOVE'),
    dynamodb: { OldImage: { kind: { S: FilterRule.or('commit', 'entry', 'seal') } } },
  }),
  // An export is written to until it is ready, and never again.
  FilterCriteria.filter({
    eventName: FilterRule.or('MODIFY', 'REMOVE'),
    dynamodb: {
      OldImage: { kind: { S: ['export'] }, state: { M: { progress: { M: { state: { S: ['ready'] } } } } } },
    },
  }),
];

/** One function on a table's stream: a poison record is split off, tried ten times and put aside. */
export class StreamFunction extends Construct {
  readonly consumer: LambdaFunction;
  /** Says which records of the stream were given up; the records themselves stay in the table. */
  readonly givenUp: DeadLetterQueue;

  constructor(scope: Construct, id: string, props: StreamFunctionProps) {
    super(scope, id);
    const { failureImpact } = props;
    const { alarmTopic } = props.defaults;
    this.givenUp = new DeadLetterQueue(this, 'GivenUp', { failureImpact, alarmTopic });
    this.givenUp.tell('places');
    this.consumer = new LambdaFunction(this, 'Consumer', props);
    props.table.grantStreamRead(this.consumer.fn);
    this.consumer.fn.addEventSourceMapping('FromStream', {
      eventSourceArn: props.table.tableStreamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      bisectBatchOnError: true,
      retryAttempts: 10,
      reportBatchItemFailures: true,
      onFailure: new SqsDlq(this.givenUp.queue),
      filters: commitsAndTampering,
    });
    new BusinessAlarm(this, 'FallingBehind', {
      metric: this.consumer.fn.metric('IteratorAge', { period: Duration.minutes(5), statistic: 'Maximum' }),
      threshold: Duration.minutes(15).toMilliseconds(),
      symptom: `${props.step} is over 15 minutes behind; a stream forgets after 24 hours`,
      failureImpact,
      topic: alarmTopic,
    });
  }
}
