import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import {
  ACCOUNT,
  AwsError,
  type Machine,
  type QueueMessage,
  type Queues,
  REGION,
  type Resource,
  type Service,
} from './cloud.ts';

/** What a queue is like. Defaults and limits are those of SQS. */
const Settings = z.strictObject({
  MaximumMessageSize: z.int().min(1024).max(1_048_576).default(1_048_576),
  VisibilityTimeout: z.int().min(0).max(43_200).default(30),
  RedrivePolicy: z
    .strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.int().min(1).max(1000) })
    .optional(),
});
/** Encryption means nothing here; and what lies long only because the clock was moved is not to be lost. */
const WITHOUT_EFFECT = { MessageRetentionPeriod: z.unknown().optional(), SqsManagedSseEnabled: z.unknown().optional() };

/** Told of the policies of queues that tools create; those of the templates are read by IAM itself. */
export interface QueuePolicies {
  put(queueArn: string, policyJson: string): void;
  remove(queueArn: string): void;
}

/** A message that somebody holds. That it is held is known in memory only. */
interface Held {
  /** When it is visible again, on the real clock. */
  readonly until: number;
  readonly receiveCount: number;
  readonly firstReceivedAt: number;
}

interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly settings: z.infer<typeof Settings>;
  /** Messages to take, oldest first. */
  readonly ready: Set<number>;
  readonly held: Map<number, Held>;
  /** Who waits for messages. */
  readonly wakes: (() => void)[];
  waking: boolean;
}

/** A message on its way into a queue. */
interface NewMessage {
  readonly queueArn: string;
  readonly body: string;
  readonly senderId: string;
  /** On the moved clock. */
  readonly delaySeconds?: number;
}

/**
 * Queues with delays, visibility timeouts and redrive, their messages durable in the machine's store.
 *
 * Which messages are held is not stored: when the machine ends, everything held is visible again at the next start, and
 * that receive does not count, for nobody failed with it. Delays run on the moved clock, visibility timeouts on the real.
 */
export class QueueStore implements Service, Queues {
  readonly carries = {
    'AWS::SQS::Queue': { properties: Object.keys(Settings.shape), withoutEffect: Object.keys(WITHOUT_EFFECT) },
    // IAM reads these policies itself, from the same templates.
    'AWS::SQS::QueuePolicy': { properties: ['PolicyDocument', 'Queues'] },
  };
  readonly #machine: Machine;
  readonly #policies: QueuePolicies | undefined;
  readonly #sql;
  readonly #byArn = new Map<string, Queue>();
  /** Names of messages in the store, never given twice. */
  #lastId: number;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(machine: Machine, policies?: QueuePolicies) {
    this.#machine = machine;
    this.#policies = policies;
    this.#sql = statementsOn(machine.store);
    this.#lastId = Number(this.#sql.lastId.get()?.id ?? 0);
    for (const { name, policy } of this.#sql.created.all()) {
      this.#stand(String(name), Settings.parse({}));
      if (policy !== null) policies?.put(arnOf(String(name)), String(policy));
    }
    machine.clock.onMove(() => this.#tick());
  }

  add(resource: Resource): void {
    if (resource.type !== 'AWS::SQS::Queue') return;
    this.#stand(resource.name, propertiesOf(Settings.extend(WITHOUT_EFFECT), resource));
  }

  /** @throws RangeError naming a queue whose dead-letter queue does not stand */
  start(): void {
    for (const { name, settings } of this.#byArn.values()) {
      const deadLetters = settings.RedrivePolicy?.deadLetterTargetArn;
      if (deadLetters && !this.#byArn.has(deadLetters))
        throw new RangeError(`${name}: the queue ${deadLetters} of its RedrivePolicy does not stand on this machine`);
    }
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  send(queueArn: string, message: Omit<NewMessage, 'queueArn'>): string {
    const [messageId = ''] = this.sendAll([{ queueArn, ...message }]);
    return messageId;
  }

  /** @returns their message ids, in order */
  sendAll(messages: readonly NewMessage[]): string[] {
    const now = this.#machine.clock.now();
    const rows = messages.map((message) => {
      const queue = this.at(message.queueArn);
      checkSize(queue, message.body);
      const delay = (message.delaySeconds ?? 0) * 1000;
      this.#lastId += 1;
      return { id: this.#lastId, queue, messageId: randomUUID(), message, dueAt: delay > 0 ? now + delay : 0 };
    });
    this.#atomically(() => {
      for (const { id, queue, messageId, message, dueAt } of rows)
        this.#sql.insert.run(id, queue.name, messageId, message.senderId, now, dueAt, message.body);
    });
    for (const { id, queue, dueAt } of rows) {
      if (dueAt > 0) this.#tickAt(Date.now() + dueAt - now);
      else this.#show(queue, id);
    }
    return rows.map(({ messageId }) => messageId);
  }

  visible(queueArn: string): number {
    return this.at(queueArn).ready.size;
  }

  /** @param visibilitySeconds instead of the queue's own; 0 looks at messages without hiding them, which counts too */
  receive(queueArn: string, most: number, visibilitySeconds?: number): readonly QueueMessage[] {
    const queue = this.at(queueArn);
    const { RedrivePolicy, VisibilityTimeout } = queue.settings;
    const now = this.#machine.clock.now();
    const hidden = (visibilitySeconds ?? VisibilityTimeout) * 1000;
    const until = Date.now() + hidden;
    const taken: QueueMessage[] = [];
    const dead: number[] = [];
    for (const id of queue.ready) {
      if (taken.length >= most) break;
      queue.ready.delete(id);
      const row = this.#sql.byId.get(id);
      if (!row) continue;
      const receiveCount = Number(row.receive_count) + 1;
      if (RedrivePolicy && receiveCount > RedrivePolicy.maxReceiveCount) {
        dead.push(id);
        continue;
      }
      const firstReceivedAt = Number(row.first_received_at) || now;
      const messageId = String(row.message_id);
      queue.held.set(id, { until, receiveCount, firstReceivedAt });
      taken.push({
        messageId,
        receiptHandle: `${id}.${receiveCount}.${messageId}`,
        body: String(row.body),
        senderId: String(row.sender_id),
        sentAt: Number(row.sent_at),
        firstReceivedAt,
        receiveCount,
      });
    }
    if (RedrivePolicy && dead.length > 0) this.#bury(dead, this.at(RedrivePolicy.deadLetterTargetArn));
    if (hidden === 0) this.#tick();
    else if (taken.length > 0) this.#tickAt(until);
    return taken;
  }

  /**
   * Hides a message that its receipt's owner holds for so long from now on; 0 shows it again.
   * @returns false where they hold it no longer
   */
  hold(queueArn: string, receiptHandle: string, visibilitySeconds: number): boolean {
    const queue = this.at(queueArn);
    const { id, receiveCount } = receiptOf(receiptHandle);
    const held = queue.held.get(id);
    if (held?.receiveCount !== receiveCount) return false;
    const until = Date.now() + visibilitySeconds * 1000;
    queue.held.set(id, { ...held, until });
    if (visibilitySeconds === 0) this.#tick();
    else this.#tickAt(until);
    return true;
  }

  delete(queueArn: string, receiptHandles: readonly string[]): void {
    const queue = this.at(queueArn);
    const receipts = receiptHandles.map(receiptOf);
    this.#atomically(() => {
      for (const { id, receiveCount, messageId } of receipts) {
        // Whoever holds it now is not to lose it to an older receipt.
        if ((queue.held.get(id)?.receiveCount ?? receiveCount) !== receiveCount) continue;
        if (this.#sql.delete.run(id, queue.name, messageId).changes === 0) continue;
        queue.held.delete(id);
        queue.ready.delete(id);
      }
    });
  }

  onMessages(queueArn: string, wake: () => void): void {
    const queue = this.at(queueArn);
    queue.wakes.push(wake);
    this.#wake(queue);
  }

  /** Every queue with how much it holds, and for dead letters of which queue: the shape of `GET /_local/queues`. */
  overview() {
    const all = [...this.#byArn.values()];
    return all.map(({ name, arn, ready, held }) => {
      const source = all.find(({ settings }) => settings.RedrivePolicy?.deadLetterTargetArn === arn);
      const delayed = Number(this.#sql.delayed.get(name)?.delayed ?? 0);
      const deadLettersOf = source && { deadLettersOf: source.name };
      return { name, arn, visible: ready.size, inFlight: held.size, delayed, ...deadLettersOf };
    });
  }

  /** @throws AwsError QueueDoesNotExist */
  at(queueArn: string): Queue {
    const queue = this.#byArn.get(queueArn);
    if (!queue) throw new AwsError('QueueDoesNotExist', `The specified queue does not exist: ${queueArn}`);
    return queue;
  }

  /** Makes a queue of a tool stand, until it is removed. */
  create(name: string): void {
    if (this.#byArn.has(arnOf(name))) return;
    this.#sql.create.run(name);
    this.#stand(name, Settings.parse({}));
  }

  /** @throws AwsError for a queue of the templates: what is changed here would be undone at the next start */
  setPolicy(queueArn: string, policyJson: string): void {
    const { name } = this.at(queueArn);
    this.#atomically(() => {
      if (this.#sql.setPolicy.run(policyJson, name).changes === 0) throw ofTemplate(name);
      this.#policies?.put(queueArn, policyJson);
    });
  }

  /** @throws AwsError for a queue of the templates */
  remove(queueArn: string): void {
    const { name } = this.at(queueArn);
    this.#atomically(() => {
      if (this.#sql.remove.run(name).changes === 0) throw ofTemplate(name);
      this.#sql.empty.run(name);
    });
    this.#byArn.delete(queueArn);
    this.#policies?.remove(queueArn);
  }

  #stand(name: string, settings: Queue['settings']): void {
    const arn = arnOf(name);
    const ready = new Set(this.#sql.waiting.all(name).map(({ id }) => Number(id)));
    this.#byArn.set(arn, { name, arn, settings, ready, held: new Map(), wakes: [], waking: false });
  }

  #bury(ids: readonly number[], deadLetters: Queue): void {
    this.#atomically(() => {
      for (const id of ids) this.#sql.bury.run(deadLetters.name, id);
    });
    for (const id of ids) this.#show(deadLetters, id);
  }

  #show(queue: Queue, id: number): void {
    queue.ready.add(id);
    this.#wake(queue);
  }

  /** Once for all that comes in the same turn, so that a burst is taken as a batch. */
  #wake(queue: Queue): void {
    if (queue.waking || queue.wakes.length === 0 || queue.ready.size === 0) return;
    queue.waking = true;
    setImmediate(() => {
      queue.waking = false;
      for (const wake of queue.wakes) wake();
    });
  }

  /** Shows what is hidden no longer and what is due, and sets the timer for the next. */
  #tick(): void {
    if (this.#stopped) return;
    let next = Number.POSITIVE_INFINITY;
    this.#atomically(() => {
      for (const queue of this.#byArn.values()) next = Math.min(next, this.#showUnheld(queue));
      for (const { id, queue } of this.#sql.due.all(this.#machine.clock.now())) {
        const standing = this.#byArn.get(arnOf(String(queue)));
        if (standing) this.#show(standing, Number(id));
      }
    });
    const due = this.#sql.nextDue.get()?.due_at;
    if (due) next = Math.min(next, Date.now() + Number(due) - this.#machine.clock.now());
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#tickAt(next);
  }

  /** @returns when the next is hidden no longer, on the real clock */
  #showUnheld(queue: Queue): number {
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [id, { until, receiveCount, firstReceivedAt }] of queue.held) {
      if (until > now) {
        next = Math.min(next, until);
        continue;
      }
      queue.held.delete(id);
      this.#sql.count.run(receiveCount, firstReceivedAt, id);
      this.#show(queue, id);
    }
    return next;
  }

  /** @param instant on the real clock */
  #tickAt(instant: number): void {
    if (instant >= this.#timerAt || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timerAt = instant;
    this.#timer = setTimeout(() => this.#tick(), Math.max(instant - Date.now(), 1)).unref();
  }

  #atomically(work: () => void): void {
    const { store } = this.#machine;
    if (store.isTransaction) {
      work();
      return;
    }
    store.exec('begin immediate');
    try {
      work();
      store.exec('commit');
    } catch (error) {
      if (store.isTransaction) store.exec('rollback'); // A full disk has ended it already.
      throw error;
    }
  }
}

/** `arn:aws:sqs:us-east-1:000000000000:NAME` */
export function arnOf(name: string): string {
  return `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
}

function checkSize({ settings: { MaximumMessageSize: most } }: Queue, body: string): void {
  if (body.length * 3 > most && Buffer.byteLength(body) > most)
    throw new AwsError('InvalidParameterValue', `Message must be shorter than ${most} bytes.`);
}

function receiptOf(receiptHandle: string) {
  const [, id, receiveCount, messageId] = /^(\d+)\.(\d+)\.([\da-f-]{36})$/.exec(receiptHandle) ?? [];
  if (!messageId) throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
  return { id: Number(id), receiveCount: Number(receiveCount), messageId };
}

function ofTemplate(name: string): AwsError {
  return new AwsError('UnsupportedOperation', `The queue ${name} stands in a template and is changed there only.`);
}

function statementsOn(store: DatabaseSync) {
  store.exec(`
    create table if not exists created_queues (name text primary key, policy text);
    create table if not exists queue_messages (
      id integer primary key autoincrement, queue text not null, message_id text not null, sender_id text not null,
      sent_at integer not null, due_at integer not null, receive_count integer not null default 0,
      first_received_at integer not null default 0, body text not null);
    create index if not exists queue_messages_by_queue on queue_messages (queue);
    create index if not exists queue_messages_by_due on queue_messages (due_at, queue) where due_at > 0;`);
  return {
    lastId: store.prepare("select seq as id from sqlite_sequence where name = 'queue_messages'"),
    created: store.prepare('select name, policy from created_queues order by rowid'),
    create: store.prepare('insert into created_queues (name) values (?)'),
    setPolicy: store.prepare('update created_queues set policy = ? where name = ?'),
    remove: store.prepare('delete from created_queues where name = ?'),
    empty: store.prepare('delete from queue_messages where queue = ?'),
    insert: store.prepare(`insert into queue_messages (id, queue, message_id, sender_id, sent_at, due_at, body)
      values (?, ?, ?, ?, ?, ?, ?)`),
    waiting: store.prepare('select id from queue_messages where queue = ? and due_at = 0 order by id'),
    byId: store.prepare('select * from queue_messages where id = ?'),
    delete: store.prepare('delete from queue_messages where id = ? and queue = ? and message_id = ?'),
    count: store.prepare('update queue_messages set receive_count = ?, first_received_at = ? where id = ?'),
    bury: store.prepare('update queue_messages set queue = ?, receive_count = 0, first_received_at = 0 where id = ?'),
    due: store.prepare('update queue_messages set due_at = 0 where due_at > 0 and due_at <= ? returning id, queue'),
    nextDue: store.prepare('select min(due_at) as due_at from queue_messages where due_at > 0'),
    delayed: store.prepare('select count(*) as delayed from queue_messages where due_at > 0 and queue = ?'),
  };
}
