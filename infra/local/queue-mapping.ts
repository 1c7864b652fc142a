import { hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { type Machine, type QueueMessage, REGION, type Resource } from './cloud.ts';
import { bell, type Fed, fedFunction, type Mapping, MappingProperties, REFUSED_PAUSE } from './event-source.ts';
import { systemAttributes } from './queues.ts';

/** Batches of one mapping at once: the machine is small. Beside another one, only full batches begin. */
export const CONCURRENT_BATCHES = Math.max(2, Math.floor(availableParallelism() / 2));
const ACTIONS = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

export const QueueMappingProperties = MappingProperties.extend({
  BatchSize: z.int().min(1).max(10_000),
  MaximumBatchingWindowInSeconds: z.int().min(0).max(300).default(0),
});

/** Feeds a function from a queue, in the name of its role. What fails is visible again when its timeout ends. */
export function queueMapping(machine: Machine, { queues, functions }: Fed, resource: Resource): Mapping {
  const properties = propertiesOf(QueueMappingProperties, resource);
  const { EventSourceArn: queueArn, BatchSize } = properties;
  const fed = fedFunction(machine, functions, properties.FunctionName);
  const demands = ACTIONS.map((action) => ({ action, resource: queueArn }));
  const running = new Set<Promise<void>>();
  /** Rings for a batch that waits to become fuller. */
  const more = bell();
  let gathering = false;
  let pause: NodeJS.Timeout | undefined;
  let stopped = false;

  const count = (operation: string, messages: number) => machine.count('sqs', operation, 'mappings', { messages });
  const take = (most: number): readonly QueueMessage[] => {
    if (fed.allows(demands)) {
      const messages = queues.receive(queueArn, most);
      // Looks that find nothing are no measure: on AWS a mapping polls all day long, here it is woken.
      if (messages.length > 0) count('ReceiveMessage', messages.length);
      return messages;
    }
    pause = setTimeout(() => {
      pause = undefined;
      fill();
    }, REFUSED_PAUSE).unref();
    return [];
  };
  /** Waits for a fuller batch as long as the batching window is open. */
  const gather = async (messages: QueueMessage[]) => {
    const until = Date.now() + properties.MaximumBatchingWindowInSeconds * 1000;
    gathering = true;
    try {
      while (!stopped && !pause && messages.length < BatchSize && Date.now() < until) {
        await more.wait(until - Date.now());
        if (!stopped) messages.push(...take(BatchSize - messages.length));
      }
    } finally {
      gathering = false;
    }
    setImmediate(fill); // A second batch may begin while this one is handled.
  };
  const handle = async (messages: QueueMessage[]) => {
    await gather(messages);
    const records = messages.map((message) => recordOf(message, queueArn));
    const failed = await fed.failuresOf(
      records,
      messages.map(({ messageId }) => messageId),
    );
    const done = messages.filter(({ messageId }) => !failed.has(messageId));
    if (done.length > 0) count('DeleteMessageBatch', done.length);
    queues.delete(
      queueArn,
      done.map(({ receiptHandle }) => receiptHandle),
    );
  };
  /** Begins batches while there are messages and places. Called again by whatever gives either. */
  const fill = () => {
    while (!stopped && !pause && !gathering && running.size < CONCURRENT_BATCHES) {
      if (running.size > 0 && queues.visible(queueArn) < BatchSize) return;
      const first = take(BatchSize);
      if (first.length === 0) return;
      const batch = handle([...first])
        .catch((error) => {
          if (!stopped) machine.say(`a batch of ${queueArn} failed on this machine: ${error}`);
        })
        .then(() => {
          running.delete(batch);
          fill();
        });
      running.add(batch);
    }
  };
  return {
    start: () =>
      queues.onMessages(queueArn, () => {
        more.ring();
        fill();
      }),
    stop() {
      stopped = true;
      clearTimeout(pause);
      more.ring();
      return Promise.all(running);
    },
  };
}

function recordOf(message: QueueMessage, eventSourceARN: string): object {
  const { messageId, receiptHandle, body } = message;
  const from = { eventSource: 'aws:sqs', eventSourceARN, awsRegion: REGION };
  const attributes = systemAttributes(message);
  return { messageId, receiptHandle, body, attributes, messageAttributes: {}, md5OfBody: hash('md5', body), ...from };
}
