import { type EventPattern, type IEventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { LambdaFunction } from './lambda-function.ts';
import { QueueFunction, type QueueFunctionProps } from './queue-function.ts';
import { WorkQueue } from './work-queue.ts';

export interface QueuedFunctionProps extends Omit<QueueFunctionProps, 'queues'> {
  readonly bus: IEventBus;
  readonly eventPattern: EventPattern;
}

/** One function behind its own queue: bus rule, queue, dead-letter queue and alarms. */
export class QueuedFunction extends Construct {
  readonly work: WorkQueue;
  readonly consumer: LambdaFunction;

  constructor(scope: Construct, id: string, props: QueuedFunctionProps) {
    super(scope, id);
    const { bus, eventPattern, failureImpact, timeout } = props;
    this.work = new WorkQueue(this, 'Work', { failureImpact, timeout, alarmTopic: props.defaults.alarmTopic });
    this.consumer = new QueueFunction(this, 'Consumer', { ...props, queues: { Work: this.work.queue } });
    // What the bus cannot deliver joins what the function could not digest.
    const target = new SqsQueue(this.work.queue, { deadLetterQueue: this.work.deadLetters });
    new Rule(this, 'Rule', { eventBus: bus, eventPattern, targets: [target] });
  }
}
