import type { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { LambdaFunction, type LambdaFunctionProps } from './lambda-function.ts';

/** What a mapping does in the function's name; the grant of the library names two more. */
const TAKE = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

export interface QueueFunctionProps extends LambdaFunctionProps {
  /** What it takes messages from, by the name that becomes the mapping's id: a contract, and the same in every environment. */
  readonly queues: Readonly<Record<string, IQueue>>;
  /** How many messages one call takes at most, and how long the first of them may wait for others. @default 10, without waiting */
  readonly batch?: { readonly size: number; readonly window: Duration };
}

/** One function that takes messages from queues that stand elsewhere, a batch at a time, each failing alone. */
export class QueueFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: QueueFunctionProps) {
    super(scope, id, props);
    for (const [name, queue] of Object.entries(props.queues)) {
      const eventSourceArn = queue.queueArn;
      this.fn.addToRolePolicy(new PolicyStatement({ actions: TAKE, resources: [eventSourceArn] }));
      this.fn.addEventSourceMapping(`From${name}`, {
        eventSourceArn,
        batchSize: props.batch?.size ?? 10,
        maxBatchingWindow: props.batch?.window,
        reportBatchItemFailures: true,
      });
    }
  }
}
