import { Duration, Validations } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DeadLettersTold } from '../dead-letters.ts';
import { BusinessAlarm } from './alarm.ts';
import { kebab, tellDeadLetters } from './told-dead-letters.ts';

export interface WorkQueueProps {
  readonly alarmTopic: ITopic;
  /** What the business loses while messages are stuck here; printed in every alarm. */
  readonly failureImpact: string;
  /** Of the function that takes the messages. @default Duration.seconds(30) */
  readonly timeout?: Duration;
  /** Largest message in bytes. @default 262_144 */
  readonly maxMessageBytes?: number;
  /** Whether messages hold what customers wrote, whose dead letters no operator reads (I-8). @default false */
  readonly reports?: boolean;
}

/** How often a message comes before it is put aside. */
export const TRIES = 5;

/** A queue for one consumer, with its dead-letter queue and the alarms of both. EventBridge can write to it: SQS keeps the key. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const { alarmTopic, failureImpact, maxMessageBytes = 262_144 } = props;
    const dead = new DeadLetterQueue(this, 'DeadLetters', { alarmTopic, failureImpact, maxMessageBytes });
    this.deadLetters = dead.queue;
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      maxMessageSizeBytes: maxMessageBytes,
      retentionPeriod: Duration.days(14),
      visibilityTimeout: Duration.seconds((props.timeout ?? Duration.seconds(30)).toSeconds() * 6), // AWS advice for Lambda on SQS.
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: TRIES },
    });
    new BusinessAlarm(this, 'GettingOld', {
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5), statistic: 'Maximum' }),
      threshold: Duration.minutes(15).toSeconds(),
      symptom: 'Messages wait for over 15 minutes',
      failureImpact,
      topic: alarmTopic,
    });
    dead.tell(props.reports ? 'reports' : 'messages', this.queue);
  }
}

export type DeadLetterQueueProps = Omit<WorkQueueProps, 'reports'>;

/** Where messages end that nobody could work on; a single one wakes somebody. */
export class DeadLetterQueue extends Construct {
  readonly queue: Queue;
  readonly #loses: string;

  constructor(scope: Construct, id: string, props: DeadLetterQueueProps) {
    super(scope, id);
    this.#loses = props.failureImpact;
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      maxMessageSizeBytes: props.maxMessageBytes ?? 262_144,
      retentionPeriod: Duration.days(14),
      visibilityTimeout: Duration.seconds((props.timeout ?? Duration.seconds(30)).toSeconds() * 6),
    });
    Validations.of(this.queue).acknowledge({ id: 'AwsSolutions-SQS3', reason: 'This is a dead-letter queue itself.' });
    new BusinessAlarm(this, 'NotEmpty', {
      metric: this.queue.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 1,
      symptom: 'Dead letters wait for a person',
      failureImpact: props.failureImpact,
      topic: props.alarmTopic,
      runbook: kebab(id),
    });
  }

  /** Lets `npm run dlq` find it, with what it holds and where that came from. */
  tell(holds: DeadLettersTold['holds'], of?: Queue): void {
    tellDeadLetters(this, { queue: this.queue, of, holds, loses: this.#loses });
  }
}
