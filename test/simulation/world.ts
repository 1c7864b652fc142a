import {
  type PublisherPorts,
  publishCommits,
  type Stopped,
  type TableChange,
  type Tampering,
} from '#functions/publisher/publish-commits.ts';
import { type MemoryTables, memoryTables } from '#shared/adapters/memory-tables.ts';
import { shardOf } from '#shared/adapters/shard.ts';
import { SUBSCRIPTIONS } from '#shared/contracts/subscriptions.ts';
import { epochSeconds, type Instant, instantOf, plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { EventBus, PublishedEvent } from '#shared/domain/ports/event-bus.ts';
import type { MessageQueue, QueuedMessage } from '#shared/domain/ports/message-queue.ts';
import type { TableName, Tables } from '#shared/domain/ports/tables.ts';
import { type Chaos, type Ended, faults } from './chaos.ts';
import { seeded } from './random.ts';

/** A message as a consumer gets it: the JSON that was sent, or the detail of an event. */
export interface Message {
  readonly messageId: string;
  /** When it was put on its queue. */
  readonly sentAt: Instant;
  readonly body: unknown;
}
/** Publishes the changes of a shard; answers where it stopped. */
export type Publish = (changes: readonly TableChange[], ports: PublisherPorts) => Promise<Stopped | undefined>;
/** Handles one batch; answers the ids of the messages that have to come again. A throw sends all of them back. */
export type Consume = (messages: readonly Message[]) => Promise<readonly string[]>;

/**
 * The whole system in memory: stored items, streams, publishers, the bus with its subscriptions, queues, schedules and
 * a clock that stands until it is moved. What comes first, fails or comes twice follows from the seed alone.
 */
export interface World {
  readonly clock: Clock;
  /** What use cases work on; every call may race, and writes may fail. */
  readonly tables: Tables;
  /** The same items, to set up and to look at. */
  readonly memory: MemoryTables;
  readonly bus: EventBus;
  /** Every event that reached the bus, repeats too. */
  readonly published: readonly PublishedEvent[];
  /** What the publishers raised the alarm for. */
  readonly tamperings: readonly Tampering[];
  /** Faults injected so far. */
  readonly faults: number;
  /** Messages that came again although they had been handled. */
  readonly repeats: number;
  /** A queue to send to. Events of the bus are in the queues that {@link SUBSCRIPTIONS} names. */
  queue(name: string): MessageQueue;
  /** Messages on a queue: waiting, delayed, or coming again. */
  waiting(name: string): readonly Message[];
  consumer(name: string, handle: Consume): void;
  /** Publishes a gear's commits from its table's stream. */
  publisher(table: TableName, source: string, publish?: Publish): void;
  /**
   * Runs every so many seconds of the clock, from its start on. A turn that fails is not made up for.
   * @param idleUntil turns before it are known to have nothing to do and are left out; undefined for all of them
   */
  schedule(
    name: string,
    everySeconds: number,
    run: () => Promise<unknown>,
    idleUntil?: () => Instant | undefined,
  ): void;
  /** The earliest deadline that stands in a table's index. */
  nextDue(table: TableName): Instant | undefined;
  /** Somebody's call, which may die like any invocation; the system's own errors are thrown. */
  call<T>(run: () => Promise<T>): Promise<Ended<T>>;
  /** One round: some consumers and publishers at the same time. Answers whether there was anything to do. */
  step(): Promise<boolean>;
  /** Goes on until nothing is left to do now; delayed messages wait for their time. */
  settle(): Promise<void>;
  /** Settles, and moves the clock on from one message and schedule to the next. */
  advance(seconds: number): Promise<void>;
  /** Moves the clock on until no message is left that comes by itself. */
  drain(): Promise<void>;
  /** Moves the clock on while everything else stands still. */
  pass(seconds: number): void;
}

/** From its first second up to its last one, without it. */
export interface Outage {
  readonly from: Instant;
  readonly to: Instant;
}

/** A message or record that came this often will never be handled. */
const MOST_TRIES = 200;
const STREAM_SHARDS = 3;

interface Waiting extends Message {
  readonly at: number;
  /** All copies together: a copy that always fails must not breed. */
  readonly tries: { count: number };
}
interface Queue {
  readonly waiting: Waiting[];
  handle?: Consume;
}
interface Shard {
  readonly changes: TableChange[];
  readonly source: string;
  readonly publish: Publish;
  next: number;
  tries: number;
  busy: boolean;
}
interface Schedule {
  readonly name: string;
  readonly every: number;
  readonly run: () => Promise<unknown>;
  readonly idleUntil?: () => Instant | undefined;
  next: number;
}

/**
 * @param seed printed by the test that fails; the same seed and chaos replay the same run
 * @param outage when no publisher runs and the streams lose what is written
 */
export function simulatedWorld(seed: number, chaos: Chaos, start: Instant, outage?: Outage): World {
  const random = seeded(seed);
  const fault = faults(chaos, random, () => {
    now += 1;
  });
  const memory = memoryTables();
  const deadlines = deadlinesOf(memory);
  const queues = new Map<string, Queue>();
  const shards: Shard[] = [];
  const schedules: Schedule[] = [];
  const published: PublishedEvent[] = [];
  const tamperings: Tampering[] = [];
  let now = epochSeconds(start);
  let ids = 0;
  let repeats = 0;

  function queueNamed(name: string): Queue {
    const queue = queues.get(name) ?? { waiting: [] };
    queues.set(name, queue);
    return queue;
  }

  function put(name: string, messages: readonly QueuedMessage[]): void {
    for (const { body, delaySeconds = 0 } of messages) {
      ids += 1;
      const sent = { messageId: `${name}-${ids}`, sentAt: instantOf(now), body: copy(body) };
      const message = { ...sent, at: now + delaySeconds, tries: { count: 0 } };
      queueNamed(name).waiting.push(message);
    }
  }

  function route(events: readonly PublishedEvent[]): void {
    for (const event of events) {
      published.push({ ...event, detail: copy(event.detail) });
      for (const [name, types] of Object.entries(SUBSCRIPTIONS)) {
        const hears = types === 'everything' || types.some((type) => type === event.detailType);
        if (hears) put(name, [{ body: event.detail }]);
      }
    }
  }

  const tables: Tables = {
    get: (table, key) => fault.read(() => memory.get(table, key)),
    getMany: (table, keys) => fault.read(() => memory.getMany(table, keys)),
    query: (query) => fault.read(() => memory.query(query)),
    write: (writes) => fault.write(() => memory.write(writes)),
  };
  const bus: EventBus = { publish: (events) => fault.send(events, route) };

  function queue(name: string): MessageQueue {
    const sendMany = (messages: readonly QueuedMessage[]) => fault.send(messages, (sent) => put(name, sent));
    return { sendMany, send: (body, options) => sendMany([{ body, ...options }]) };
  }

  function comesAgain(): boolean {
    const again = random.chance(chaos.repeat);
    if (again) repeats += 1;
    return again;
  }

  const isReady = (message: Waiting) => message.at <= now;

  /** Takes a batch off a queue, has it handled, and puts back what failed or comes again. */
  async function consume(name: string, handle: Consume): Promise<void> {
    const { waiting } = queueNamed(name);
    const ready = waiting.filter(isReady);
    const size = random.int(1, random.int(1, chaos.batch));
    const batch = (chaos.shuffled ? random.shuffled(ready) : ready).slice(0, size);
    for (const message of batch) {
      waiting.splice(waiting.indexOf(message), 1);
      if (comesAgain()) waiting.push(message); // While the first copy is still in hand.
    }
    if (batch.length === 0) return;
    const result = await fault.invoke(() =>
      handle(batch.map(({ messageId, sentAt, body }) => ({ messageId, sentAt, body: copy(body) }))),
    );
    const failed = new Set(result.ended === 'answered' ? result.answer : batch.map(({ messageId }) => messageId));
    for (const message of batch) {
      message.tries.count += 1;
      if (failed.has(message.messageId) || comesAgain()) waiting.push(message);
      else if (random.chance(chaos.lateRepeat)) {
        repeats += 1;
        waiting.push({ ...message, at: now + random.int(1, chaos.lateSeconds) });
      }
      if (message.tries.count > MOST_TRIES) {
        const cause = result.ended === 'failed' ? result.error : 'its consumer gives it back';
        throw new Error(`seed ${seed}: ${name} cannot handle ${JSON.stringify(message.body)}`, { cause });
      }
    }
  }

  /** Hands the next changes of a shard to its publisher; the shard moves on to the first that failed. */
  async function stream(shard: Shard): Promise<void> {
    shard.busy = true;
    const { source, next, publish } = shard;
    const batch = shard.changes.slice(next, next + random.int(1, chaos.batch));
    const report = (tampering: Tampering) => tamperings.push(tampering);
    const result = await fault.invoke(() => publish(batch, { bus, source, tampered: report }));
    const failedAt = result.ended === 'failed' ? batch[0]?.sequenceNumber : result.answer?.sequenceNumber;
    const done =
      failedAt === undefined ? batch.length : batch.findIndex((change) => change.sequenceNumber === failedAt);
    shard.next += done > 0 && comesAgain() ? random.int(0, done - 1) : done;
    shard.tries = shard.next > next ? 0 : shard.tries + 1;
    shard.busy = false;
    if (shard.tries > MOST_TRIES) {
      const cause = result.ended === 'failed' ? result.error : result.answer?.error;
      throw new Error(`seed ${seed}: ${source} cannot publish ${JSON.stringify(batch[0])}`, { cause });
    }
  }

  /** Workers of one queue that may race each other. */
  const workers = chaos.concurrency > 1 ? 2 : 1;

  function work(): (() => Promise<void>)[] {
    const streams = shards.filter(({ busy, next, changes }) => !busy && next < changes.length);
    const consumers = [...queues].filter(([, { handle, waiting }]) => handle && waiting.some(isReady));
    return [
      ...streams.map((shard) => () => stream(shard)),
      ...consumers.flatMap(([name, { handle }]) =>
        handle ? Array.from({ length: workers }, () => () => consume(name, handle)) : [],
      ),
    ];
  }

  async function step(): Promise<boolean> {
    const open = chaos.shuffled ? random.shuffled(work()) : work();
    const turns = open.slice(0, random.int(1, chaos.concurrency));
    await Promise.all(turns.map((run) => run()));
    return turns.length > 0;
  }

  async function settle(): Promise<void> {
    while (await step());
  }

  /** When a schedule's next turn comes that may have something to do, on its own beat. */
  function nextTurn({ idleUntil, every, next }: Schedule): number {
    if (!idleUntil) return next;
    const until = idleUntil();
    return until === undefined
      ? Number.POSITIVE_INFINITY
      : next + Math.max(0, Math.ceil((epochSeconds(until) - next) / every)) * every;
  }

  async function runDueSchedules(): Promise<void> {
    for (const schedule of schedules.filter((each) => nextTurn(each) <= now)) {
      schedule.next += Math.ceil((now - schedule.next + 1) / schedule.every) * schedule.every;
      const result = await fault.invoke(schedule.run);
      if (result.ended === 'failed' && !result.injected) {
        throw new Error(`seed ${seed}: ${schedule.name} failed`, { cause: result.error });
      }
    }
  }

  /** Messages that somebody handles, sooner or later. */
  function handled(): readonly Waiting[] {
    return [...queues.values()].flatMap(({ handle, waiting }) => (handle ? waiting : []));
  }

  async function advance(seconds: number): Promise<void> {
    const until = epochSeconds(plusSeconds(instantOf(now), seconds));
    for (;;) {
      await runDueSchedules();
      await settle();
      if (now >= until) return;
      const times = [...handled().map(({ at }) => at), ...schedules.map(nextTurn)];
      now = Math.min(until, ...times.filter((time) => time > now));
    }
  }

  return {
    clock: { now: () => instantOf(now) },
    tables,
    memory,
    bus,
    published,
    tamperings,
    get faults() {
      return fault.injected;
    },
    get repeats() {
      return repeats;
    },
    queue,
    waiting: (name) => queueNamed(name).waiting,
    consumer(name, handle) {
      queueNamed(name).handle = handle;
    },
    publisher(table, source, publish = publishCommits) {
      const own = Array.from({ length: STREAM_SHARDS }, () => ({
        changes: [],
        source,
        publish,
        next: 0,
        tries: 0,
        busy: false,
      }));
      shards.push(...own);
      let sequence = 0;
      memory.onCommit((records) => {
        for (const { table: changed, ...record } of records) {
          if (changed !== table || (outage && outage.from <= instantOf(now) && instantOf(now) < outage.to)) continue;
          sequence += 1;
          const shard: Shard | undefined = own[shardOf(record.keys.pk, STREAM_SHARDS)];
          shard?.changes.push({ ...record, sequenceNumber: String(sequence) });
        }
      });
    },
    schedule(name, every, run, idleUntil) {
      schedules.push({ name, every, run, idleUntil, next: now });
    },
    nextDue: (table) => deadlines.first(table),
    async call(run) {
      const result = await fault.invoke(run);
      if (result.ended === 'failed' && !result.injected) throw result.error;
      return result;
    },
    step,
    settle,
    advance,
    async drain() {
      await settle();
      for (let messages = handled(); messages.length > 0; messages = handled()) {
        await advance(Math.max(1, Math.min(...messages.map(({ at }) => at)) - now));
      }
    },
    pass(seconds) {
      now += seconds;
    },
  };
}

/** The deadlines that stand in the tables' indexes, kept up to date by every write. */
function deadlinesOf(memory: MemoryTables): { first(table: TableName): Instant | undefined } {
  const open = new Map<string, Map<string, Instant>>();
  memory.onCommit((records) => {
    for (const { table, keys, newImage } of records) {
      const items = open.get(table) ?? new Map<string, Instant>();
      open.set(table, items);
      if (typeof newImage?.dueAt === 'string' && newImage.duePartition !== undefined) {
        items.set(JSON.stringify(keys), newImage.dueAt);
      } else items.delete(JSON.stringify(keys));
    }
  });
  return { first: (table) => [...(open.get(table)?.values() ?? [])].sort()[0] };
}

/** What a queue or a bus makes of a value: its JSON. */
function copy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
