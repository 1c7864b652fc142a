import { hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { type Functions, type Machine, type QueueMessage, type Queues, REGION, type Resource } from './cloud.ts';
import {
  atMost,
  Bell,
  FedFunction,
  LAST_BATCH_TIMEOUT,
  type Mapping,
  MappingProperties,
  REFUSED_PAUSE,
} from './event-source.ts';
import { systemAttributes } from './queues.ts';

/** Batches of one mapping at once: the machine is small. Beside another one, only full batches begin. */
export const CONCURRENT_BATCHES = Math.max(2, Math.floor(availableParallelism() / 2));

export const QueueMappingProperties = MappingProperties.extend({
  BatchSize: z.int().min(1).max(10_000),
  MaximumBatchingWindowInSeconds: z.int().min(0).max(300).default(0),
});

/** Feeds a function from a queue, in the name of its role. What fails is visible again when its timeout ends. */
export class QueueMapping implements Mapping {
  readonly #machine: Machine;
  readonly #queues: Queues;
  readonly #queueArn: string;
  readonly #batchSize: number;
  /** How long a batch may wait to become fuller, in real milliseconds. */
  readonly #window: number;
  readonly #fed: FedFunction;
  /** Rings for a batch that waits to become fuller. */
  readonly #more = new Bell();
  readonly #running = new Set<Promise<void>>();
  #gathering = false;
  #pause: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(machine: Machine, queues: Queues, functions: Functions, resource: Resource) {
    const properties = propertiesOf(QueueMappingProperties, resource);
    this.#machine = machine;
    this.#queues = queues;
    this.#queueArn = properties.EventSourceArn;
    this.#batchSize = properties.BatchSize;
    this.#window = properties.MaximumBatchingWindowInSeconds * 1000;
    this.#fed = new FedFunction(machine, functions, properties.FunctionName);
  }

  start(): void {
    this.#queues.onMessages(this.#queueArn, () => {
      this.#more.ring();
      this.#fill();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#pause);
    this.#more.ring();
    await atMost(LAST_BATCH_TIMEOUT, Promise.all(this.#running));
  }

  /** Begins batches while there are messages and places. Called again by whatever gives either. */
  #fill(): void {
    while (!this.#stopped && !this.#pause && !this.#gathering && this.#running.size < CONCURRENT_BATCHES) {
      if (this.#running.size > 0 && this.#queues.visible(this.#queueArn) < this.#batchSize) return;
      const first = this.#take(this.#batchSize);
      if (first.length === 0) return;
      const batch = this.#handle(first)
        .catch((error: unknown) => {
          if (!this.#stopped) this.#machine.say(`a batch of ${this.#queueArn} failed on this machine: ${error}`);
        })
        .then(() => {
          this.#running.delete(batch);
          this.#fill();
        });
      this.#running.add(batch);
    }
  }

  #take(most: number): readonly QueueMessage[] {
    const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
    if (this.#fed.allows(actions.map((action) => ({ action, resource: this.#queueArn }))))
      return this.#queues.receive(this.#queueArn, most);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#fill();
    }, REFUSED_PAUSE).unref();
    return [];
  }

  async #handle(first: readonly QueueMessage[]): Promise<void> {
    const messages = await this.#gather(first);
    const ids = messages.map(({ messageId }) => messageId);
    const records = messages.map((message) => recordOf(message, this.#queueArn));
    const failed = await this.#fed.failuresOf(records, ids);
    const done = messages.filter(({ messageId }) => !failed.has(messageId));
    this.#queues.delete(
      this.#queueArn,
      done.map(({ receiptHandle }) => receiptHandle),
    );
  }

  /** Waits for a fuller batch as long as the batching window is open. */
  async #gather(first: readonly QueueMessage[]): Promise<readonly QueueMessage[]> {
    const until = Date.now() + this.#window;
    const messages = [...first];
    this.#gathering = true;
    try {
      while (!this.#stopped && !this.#pause && messages.length < this.#batchSize && Date.now() < until) {
        await this.#more.wait(until - Date.now());
        if (!this.#stopped) messages.push(...this.#take(this.#batchSize - messages.length));
      }
    } finally {
      this.#gathering = false;
    }
    // A second batch may begin while this one is handled.
    setImmediate(() => this.#fill());
    return messages;
  }
}

function recordOf(message: QueueMessage, eventSourceARN: string): object {
  const { messageId, receiptHandle, body } = message;
  const from = { eventSource: 'aws:sqs', eventSourceARN, awsRegion: REGION };
  const attributes = systemAttributes(message);
  return { messageId, receiptHandle, body, attributes, messageAttributes: {}, md5OfBody: hash('md5', body), ...from };
}
