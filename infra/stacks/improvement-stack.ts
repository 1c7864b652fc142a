import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { QueuedFunction } from '../constructs/queued-function.ts';
import { eventsFor, ServiceStack, type ServiceStackProps } from './service-stack.ts';

/** The third gear: what the other two teach. Owns the improvement table. */
export class ImprovementStack extends ServiceStack {
  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
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
}
