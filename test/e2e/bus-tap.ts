import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';

/** One event as it stood on the bus. */
const BusEvent = z.looseObject({
  'detail-type': z.string(),
  source: z.string(),
  detail: z.looseObject({ occurredAt: z.string(), data: z.looseObject({}) }),
});
export type BusEvent = z.infer<typeof BusEvent>;

/** A queue of the suite's own that hears everything on the bus while the suite runs. */
export interface BusTap {
  /** Everything heard so far. */
  heard(): Promise<readonly BusEvent[]>;
  remove(): Promise<void>;
}

const events = new EventBridgeClient();
const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });

/** Listens to a bus with a rule and a queue of its own, both gone afterwards. */
export async function tapBus(EventBusName: string): Promise<BusTap> {
  const name = `interlock-suite-${Date.now()}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const attributes = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const Arn = attributes.Attributes?.QueueArn;
  const EventPattern = JSON.stringify({ source: [{ prefix: 'interlock.' }] });
  const { RuleArn } = await events.send(new PutRuleCommand({ Name: name, EventBusName, EventPattern }));
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: Arn,
        Condition: { ArnEquals: { 'aws:SourceArn': RuleArn } },
      },
    ],
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await events.send(new PutTargetsCommand({ Rule: name, EventBusName, Targets: [{ Id: 'suite', Arn }] }));
  const heard: BusEvent[] = [];
  return {
    async heard() {
      for (;;) {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
        if (Messages.length === 0) return heard;
        heard.push(...Messages.map(({ Body = '' }) => BusEvent.parse(JSON.parse(Body))));
        const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      }
    },
    async remove() {
      await events.send(new RemoveTargetsCommand({ Rule: name, EventBusName, Ids: ['suite'] }));
      await events.send(new DeleteRuleCommand({ Name: name, EventBusName }));
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    },
  };
}
