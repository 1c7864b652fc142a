import { hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { type Functions, type Machine, type QueueMessage, type Queues, REGION, type Resource } from './cloud.ts';
import {
  atMost,
  Bell,
  failuresIn,
  filterOf,
  functionArnOf,
  LAST_BATCH_TIMEOUT,
  type Mapping,
  MappingProperties,
  REFUSED_PAUSE,
  RoleCheck,
} from './event-source.ts';
import { systemAttributes } from './queues.ts';

/** Batches of one mapping at once where its ScalingConfig says nothing: the machine is small. Beside another one, only full batches begin. */
export const CONCURRENT_BATCHES = Math.max(1, Math.floor(availableParallelism() / 2));

export const QueueMappingProperties = MappingProperties.extend({
  BatchSize: z.int().min(1).max(10_000).default(10),
  MaximumBatchingWindowInSeconds: z.int().min(0).max(300).default(0),
  ScalingConfig: z.strictObject({ MaximumConcurrency: z.int().min(2).max(1000).optional() }).default({}),
}).refine(({ BatchSize, MaximumBatchingWindowInSeconds }) => BatchSize <= 10 || MaximumBatchingWindowInSeconds > 0, {
  path: ['BatchSize'],
  message: 'over 10 it needs a MaximumBatchingWindowInSeconds',
});

/** Feeds a function from a queue, in the name of its role. What fails is visible again when its timeout ends. */
export function queueMapping(
  machine: Machine,
  { queues, functions }: { readonly queues: Queues; readonly functions: Functions },
  resource: Resource,
): Mapping {
  return new QueueMapping(machine, queues, functions, resource);
}

class QueueMapping implements Mapping {
  readonly #machine: Machine;
  readonly #queues: Queues;
  readonly #functions: Functions;
  readonly #queueArn: string;
  readonly #functionArn: string;
  readonly #properties: z.infer<typeof QueueMappingProperties>;
  readonly #wanted: (record: unknown) => boolean;
  readonly #role: RoleCheck;
  /** Rings for a batch that waits to become fuller. */
  readonly #more = new Bell();
  readonly #running = new Set<Promise<void>>();
  #gathering = false;
  #pause: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(machine: Machine, queues: Queues, functions: Functions, resource: Resource) {
    this.#machine = machine;
    this.#queues = queues;
    this.#functions = functions;
    this.#properties = propertiesOf(QueueMappingProperties, resource);
    this.#queueArn = this.#properties.EventSourceArn;
    this.#functionArn = functionArnOf(this.#properties.FunctionName);
    this.#wanted = filterOf(this.#properties.FilterCriteria, resource);
    this.#role = new RoleCheck(machine, functions, this.#functionArn);
  }

  start(): void {
    this.#queues.onMessages(this.#queueArn, () => {
      this.#more.ring();
      this.#fill();
    });
    this.#fill();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#pause);
    this.#more.ring();
    await atMost(LAST_BATCH_TIMEOUT, Promise.all(this.#running));
  }

  /** Begins batches while there are messages and places. Called again by whatever gives either. */
  #fill(): void {
    const places = this.#properties.ScalingConfig.MaximumConcurrency ?? CONCURRENT_BATCHES;
    const { BatchSize } = this.#properties;
    while (!this.#stopped && !this.#pause && !this.#gathering && this.#running.size < places) {
      if (this.#running.size > 0 && this.#queues.visible(this.#queueArn) < BatchSize) return;
      const first = this.#take(BatchSize);
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
    if (this.#role.allows(actions.map((action) => ({ action, resource: this.#queueArn }))))
      return this.#queues.receive(this.#queueArn, most);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#fill();
    }, REFUSED_PAUSE).unref();
    return [];
  }

  async #handle(first: readonly QueueMessage[]): Promise<void> {
    const messages = await this.#gather(first);
    const records = new Map(messages.map((message) => [message.messageId, this.#recordOf(message)]));
    const filtered = this.#properties.FilterCriteria.Filters.length > 0;
    const wanted = filtered ? new Map([...records].filter(([, record]) => this.#wanted(forFilter(record)))) : records;
    const failed = wanted.size > 0 ? await this.#failuresOf([...wanted.values()], [...wanted.keys()]) : new Set();
    const done = messages.filter(({ messageId }) => !failed.has(messageId));
    this.#queues.delete(
      this.#queueArn,
      done.map(({ receiptHandle }) => receiptHandle),
    );
  }

  /** Waits for a fuller batch as long as the batching window is open. */
  async #gather(first: readonly QueueMessage[]): Promise<readonly QueueMessage[]> {
    const { BatchSize, MaximumBatchingWindowInSeconds } = this.#properties;
    const until = Date.now() + MaximumBatchingWindowInSeconds * 1000;
    const messages = [...first];
    this.#gathering = true;
    while (!this.#stopped && !this.#pause && messages.length < BatchSize && Date.now() < until) {
      await this.#more.wait(until - Date.now());
      if (!this.#stopped) messages.push(...this.#take(BatchSize - messages.length));
    }
    this.#gathering = false;
    // A second batch may begin while this one is handled.
    setImmediate(() => this.#fill());
    return messages;
  }

  async #failuresOf(Records: readonly object[], ids: readonly string[]): Promise<ReadonlySet<string>> {
    const invocation = await this.#functions.invoke(this.#functionArn, { Records }, 'background');
    if (!invocation.ok) return new Set(ids);
    const partial = this.#properties.FunctionResponseTypes.includes('ReportBatchItemFailures');
    return partial ? failuresIn(invocation.result, ids) : new Set();
  }

  #recordOf(message: QueueMessage) {
    const { messageId, receiptHandle, body } = message;
    return {
      messageId,
      receiptHandle,
      body,
      attributes: systemAttributes(message),
      messageAttributes: {},
      md5OfBody: hash('md5', body),
      eventSource: 'aws:sqs',
      eventSourceARN: this.#queueArn,
      awsRegion: REGION,
    };
  }
}

/** Filters look into a body that holds JSON, and take any other as text. */
function forFilter(record: { readonly body: string }): object {
  try {
    const body: unknown = JSON.parse(record.body);
    return typeof body === 'object' && body !== null ? { ...record, body } : record;
  } catch {
    return record;
  }
}
