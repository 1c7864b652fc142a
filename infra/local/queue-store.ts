import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import {
  ACCOUNT,
  AwsError,
  type Machine,
  type QueueMessage,
  type QueueOverview,
  type Queues,
  REGION,
  type Resource,
  type Service,
} from './cloud.ts';

/** How often messages are looked for that nobody takes any more, in real milliseconds. */
const EXPIRY_INTERVAL = 60_000;

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
/** Encryption at rest, names and tags mean nothing on one machine. */
const WITHOUT_EFFECT = ['SqsManagedSseEnabled', 'KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds', 'Tags'] as const;
/** What a queue is like; the same names in a template and over the wire. Defaults and limits are those of SQS. */
const Settings = z.strictObject({
  DelaySeconds: whole(0, 900).default(0),
  MaximumMessageSize: whole(1024, 1_048_576).default(1_048_576),
  MessageRetentionPeriod: whole(60, 1_209_600).default(345_600),
  ReceiveMessageWaitTimeSeconds: whole(0, 20).default(0),
  RedrivePolicy: z.strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: whole(1, 1000) }).optional(),
  VisibilityTimeout: whole(0, 43_200).default(30),
  ...Object.fromEntries(WITHOUT_EFFECT.map((name) => [name, z.unknown().optional()])),
});
type Settings = z.infer<typeof Settings>;
/** What was said when a queue was created over the wire: all values are texts, two of them hold JSON. */
const Attributes = z.record(z.string(), z.string());
type Attributes = z.infer<typeof Attributes>;

/** Told of the policies of queues that are created over the wire; those of the templates are read by IAM itself. */
export interface QueuePolicies {
  put(queueArn: string, policyJson: string): void;
  remove(queueArn: string): void;
}

/** A message that somebody holds. That it is held is known in memory only. */
interface Held {
  /** When it is visible again, on the real clock. */
  until: number;
  readonly receiveCount: number;
  readonly firstReceivedAt: number;
}

interface Queue {
  readonly id: number;
  readonly name: string;
  readonly arn: string;
  settings: Settings;
  /** Undefined for a queue of a template. */
  attributes: Attributes | undefined;
  /** Where the template names it, for messages about it. */
  readonly from: string;
  /** Messages to take, oldest first. */
  readonly ready: Set<number>;
  readonly held: Map<number, Held>;
  /** Who waits for messages. */
  readonly wakes: Set<() => void>;
  waking: boolean;
  /** Whether a function is fed from it. */
  consumed: boolean;
}

/** A message on its way into a queue. */
interface NewMessage {
  readonly queueArn: string;
  readonly body: string;
  readonly senderId: string;
  /** On the moved clock. The queue's own delay when left out. */
  readonly delaySeconds?: number;
}

/** What came of moving dead letters back. */
export interface Moved {
  readonly sourceArn: string;
  readonly destinationArn: string | undefined;
  readonly messages: number;
  readonly startedAt: number;
}

/**
 * Queues with delays, visibility timeouts, redrive and retention, their messages durable in the machine's store.
 *
 * Which messages are held is not stored: when the machine ends, everything held is visible again at the next start, and
 * that receive does not count, for nobody failed with it. Delays and retention run on the moved clock, visibility
 * timeouts on the real one. Retention is for queues of the templates that no function is fed from, dead letters: elsewhere
 * only a jump of the clock makes messages old, and they would have been taken in that time.
 */
export class QueueStore implements Service, Queues {
  readonly carries = {
    'AWS::SQS::Queue': {
      properties: Object.keys(Settings.shape).filter((name) => !WITHOUT_EFFECT.some((other) => other === name)),
      withoutEffect: WITHOUT_EFFECT,
    },
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
  #expiry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(machine: Machine, policies?: QueuePolicies) {
    this.#machine = machine;
    this.#policies = policies;
    this.#sql = statementsOn(machine.store);
    this.#lastId = Number(this.#sql.lastId.get()?.id ?? 0);
    for (const { name, attributes } of this.#sql.created.all()) {
      const said = Attributes.parse(JSON.parse(String(attributes)));
      this.#stand(String(name), settingsFrom(said), said);
      if (said.Policy) policies?.put(arnOf(String(name)), said.Policy);
    }
    machine.clock.onMove(() => {
      this.#tick();
      this.#expire();
    });
  }

  add(resource: Resource): void {
    if (resource.type !== 'AWS::SQS::Queue') return;
    this.#stand(resource.name, propertiesOf(Settings, resource), undefined, `${resource.stack}/${resource.logicalId}`);
  }

  /** @throws RangeError naming a queue whose dead-letter queue does not stand */
  start(): void {
    for (const { from, settings } of this.#byArn.values()) {
      const deadLetters = settings.RedrivePolicy?.deadLetterTargetArn;
      if (deadLetters && !this.#byArn.has(deadLetters))
        throw new RangeError(`${from}: the queue ${deadLetters} of its RedrivePolicy does not stand on this machine`);
    }
    this.#tick();
    this.#expiry = setInterval(() => this.#expire(), EXPIRY_INTERVAL).unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#expiry);
    for (const { wakes } of this.#byArn.values()) for (const wake of wakes) wake();
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
      this.check(message);
      const delay = (message.delaySeconds ?? queue.settings.DelaySeconds) * 1000;
      this.#lastId += 1;
      return { id: this.#lastId, queue, messageId: randomUUID(), message, dueAt: delay > 0 ? now + delay : 0 };
    });
    this.#atomically(() => {
      for (const { id, queue, messageId, message, dueAt } of rows)
        this.#sql.insert.run(id, queue.id, messageId, message.senderId, now, dueAt, message.body);
    });
    for (const { id, queue, dueAt } of rows) {
      if (dueAt > 0) this.#tickAt(Date.now() + dueAt - now);
      else this.#show(queue, id);
    }
    return rows.map(({ messageId }) => messageId);
  }

  /** @throws AwsError for a message over the queue's limit */
  check({ queueArn, body }: Pick<NewMessage, 'queueArn' | 'body'>): void {
    const most = this.at(queueArn).settings.MaximumMessageSize;
    if (body.length * 3 > most && Buffer.byteLength(body) > most)
      throw new AwsError(
        'InvalidParameterValue',
        `One or more parameters are invalid. Reason: Message must be shorter than ${most} bytes.`,
      );
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
      const row = this.#sql.byId.get(id, queue.id);
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
    if (RedrivePolicy && dead.length > 0) this.#bury(queue, dead, this.at(RedrivePolicy.deadLetterTargetArn));
    if (hidden === 0) this.#tick();
    else if (taken.length > 0) this.#tickAt(until);
    return taken;
  }

  /** As {@link receive}, but waits for a first message at most so many real seconds. */
  async poll(queueArn: string, most: number, options: { waitSeconds?: number; visibilitySeconds?: number }) {
    const queue = this.at(queueArn);
    const until = Date.now() + (options.waitSeconds ?? queue.settings.ReceiveMessageWaitTimeSeconds) * 1000;
    for (;;) {
      const taken = this.receive(queueArn, most, options.visibilitySeconds);
      const left = until - Date.now();
      if (taken.length > 0 || left <= 0 || this.#stopped) return taken;
      await new Promise<void>((resolve) => {
        const wake = () => {
          queue.wakes.delete(wake);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(wake, left);
        queue.wakes.add(wake);
      });
    }
  }

  delete(queueArn: string, receiptHandles: readonly string[]): void {
    const queue = this.at(queueArn);
    const receipts = receiptHandles.map(receiptOf);
    this.#atomically(() => {
      for (const { id, receiveCount, messageId } of receipts) {
        // Whoever holds it now is not to lose it to an older receipt.
        if ((queue.held.get(id)?.receiveCount ?? receiveCount) !== receiveCount) continue;
        this.#sql.delete.run(id, queue.id, messageId);
        queue.held.delete(id);
        queue.ready.delete(id);
      }
    });
  }

  release(queueArn: string, receiptHandles: readonly string[]): void {
    for (const receipt of receiptHandles) this.hide(queueArn, receipt, 0);
  }

  /**
   * Hides a message that is held for so many seconds from now; 0 makes it visible at once.
   * @throws AwsError when it is held no longer
   */
  hide(queueArn: string, receiptHandle: string, seconds: number): void {
    const { id, receiveCount } = receiptOf(receiptHandle);
    const held = this.at(queueArn).held.get(id);
    if (held?.receiveCount !== receiveCount)
      throw new AwsError('MessageNotInflight', 'The message referred to is not in flight.');
    held.until = Date.now() + seconds * 1000;
    if (seconds === 0) this.#tick();
    else this.#tickAt(held.until);
  }

  onMessages(queueArn: string, wake: () => void): void {
    const queue = this.at(queueArn);
    queue.consumed = true;
    queue.wakes.add(wake);
    this.#wake(queue);
  }

  overview(): readonly QueueOverview[] {
    const all = [...this.#byArn.values()];
    return all.map((queue) => {
      const source = all.find(({ settings }) => settings.RedrivePolicy?.deadLetterTargetArn === queue.arn);
      return {
        name: queue.name,
        arn: queue.arn,
        visible: queue.ready.size,
        inFlight: queue.held.size,
        delayed: Number(this.#sql.delayed.get(queue.id)?.delayed ?? 0),
        ...(source && { deadLettersOf: source.name }),
      };
    });
  }

  /** @throws AwsError QueueDoesNotExist */
  at(queueArn: string): Queue {
    const queue = this.#byArn.get(queueArn);
    if (!queue) throw new AwsError('QueueDoesNotExist', `The specified queue does not exist: ${queueArn}`);
    return queue;
  }

  /**
   * Creates a queue over the wire, or gives one new attributes; it stands until it is removed.
   * @throws AwsError for attributes that are not supported, and for a queue of the templates
   */
  create(name: string, attributes: Attributes): void {
    const settings = settingsFrom(attributes);
    const standing = this.#byArn.get(arnOf(name));
    if (standing) refuseOfTemplate(standing);
    if (attributes.Policy) this.#policies?.put(arnOf(name), attributes.Policy);
    else this.#policies?.remove(arnOf(name));
    this.#stand(name, settings, attributes);
  }

  remove(queueArn: string): void {
    const queue = this.at(queueArn);
    refuseOfTemplate(queue);
    this.purge(queueArn);
    this.#sql.forget.run(queue.name);
    this.#byArn.delete(queueArn);
    this.#policies?.remove(queueArn);
  }

  purge(queueArn: string): void {
    const queue = this.at(queueArn);
    this.#sql.purge.run(queue.id);
    queue.ready.clear();
    queue.held.clear();
  }

  /** Moves dead letters that nobody holds back to where they came from, as new messages, or to another queue. */
  redrive(sourceArn: string, destinationArn: string | undefined): Moved {
    const source = this.at(sourceArn);
    const startedAt = this.#machine.clock.now();
    const byId = new Map([...this.#byArn.values()].map((queue) => [queue.id, queue]));
    const moves = [...source.ready].flatMap((id) => {
      const to = destinationArn
        ? this.at(destinationArn)
        : byId.get(Number(this.#sql.byId.get(id, source.id)?.came_from));
      return to ? [{ id, to }] : [];
    });
    this.#atomically(() => {
      for (const { id, to } of moves) this.#sql.move.run(to.id, randomUUID(), startedAt, id);
    });
    for (const { id, to } of moves) {
      source.ready.delete(id);
      this.#show(to, id);
    }
    return { sourceArn, destinationArn, messages: moves.length, startedAt };
  }

  #stand(name: string, settings: Settings, attributes: Attributes | undefined, from = name): void {
    const known = this.#byArn.get(arnOf(name));
    this.#sql.stand.run(name, attributes ? JSON.stringify(attributes) : null);
    if (known) return void Object.assign(known, { settings, attributes });
    const id = Number(this.#sql.idOf.get(name)?.id);
    this.#byArn.set(arnOf(name), {
      ...{ id, name, arn: arnOf(name), settings, attributes, from },
      ready: new Set(this.#sql.waiting.all(id).map((row) => Number(row.id))),
      ...{ held: new Map(), wakes: new Set(), waking: false, consumed: false },
    });
  }

  #bury(queue: Queue, ids: readonly number[], deadLetters: Queue): void {
    this.#atomically(() => {
      for (const id of ids) this.#sql.bury.run(deadLetters.id, queue.id, id);
    });
    for (const id of ids) this.#show(deadLetters, id);
  }

  #show(queue: Queue, id: number): void {
    queue.ready.add(id);
    this.#wake(queue);
  }

  /** Once for all that comes in the same turn, so that a burst is taken as a batch. */
  #wake(queue: Queue): void {
    if (queue.waking || queue.wakes.size === 0 || queue.ready.size === 0) return;
    queue.waking = true;
    setImmediate(() => {
      queue.waking = false;
      for (const wake of [...queue.wakes]) wake();
    });
  }

  /** Shows what is hidden no longer and what is due, and sets the timer for the next. */
  #tick(): void {
    if (this.#stopped) return;
    const now = Date.now();
    const byId = new Map<number, Queue>();
    let next = Number.POSITIVE_INFINITY;
    this.#atomically(() => {
      for (const queue of this.#byArn.values()) {
        byId.set(queue.id, queue);
        for (const [id, { until, receiveCount, firstReceivedAt }] of queue.held) {
          if (until > now) {
            next = Math.min(next, until);
            continue;
          }
          queue.held.delete(id);
          this.#sql.count.run(receiveCount, firstReceivedAt, id);
          this.#show(queue, id);
        }
      }
      for (const { id, queue } of this.#sql.due.all(this.#machine.clock.now())) {
        const standing = byId.get(Number(queue));
        if (standing) this.#show(standing, Number(id));
      }
    });
    const due = this.#sql.nextDue.get()?.due_at;
    if (due) next = Math.min(next, now + Number(due) - this.#machine.clock.now());
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#tickAt(next);
  }

  /** @param instant on the real clock */
  #tickAt(instant: number): void {
    if (instant >= this.#timerAt || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timerAt = instant;
    this.#timer = setTimeout(() => this.#tick(), Math.max(instant - Date.now(), 1)).unref();
  }

  #expire(): void {
    for (const { id, settings, attributes, consumed, ready, held } of this.#byArn.values()) {
      if (consumed || attributes) continue;
      const before = this.#machine.clock.now() - settings.MessageRetentionPeriod * 1000;
      for (const row of this.#sql.expire.all(id, before)) {
        ready.delete(Number(row.id));
        held.delete(Number(row.id));
      }
    }
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
      store.exec('rollback');
      throw error;
    }
  }
}

/** `arn:aws:sqs:us-east-1:000000000000:NAME` */
export function arnOf(name: string): string {
  return `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
}

/** @throws AwsError for a receipt that no queue here has given */
export function receiptOf(receiptHandle: string) {
  const [, id, receiveCount, messageId] = /^(\d+)\.(\d+)\.([\da-f-]{36})$/.exec(receiptHandle) ?? [];
  if (!messageId) throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
  return { id: Number(id), receiveCount: Number(receiveCount), messageId };
}

/** @throws AwsError naming the attribute that is not supported */
function settingsFrom({ Policy, RedrivePolicy, ...others }: Attributes): Settings {
  const parsed = Settings.safeParse({ ...others, ...(RedrivePolicy && { RedrivePolicy: json(RedrivePolicy) }) });
  if (parsed.success && (!Policy || json(Policy) !== undefined)) return parsed.data;
  const unknown = parsed.error?.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  if (unknown && unknown.length > 0)
    throw new AwsError('InvalidAttributeName', `Unknown Attribute ${unknown.join(', ')}.`);
  const wrong = parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? ['Policy'];
  throw new AwsError('InvalidAttributeValue', `Invalid value for the parameter ${wrong.join('; ')}`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is changed here would be undone at the next start, from the template. */
function refuseOfTemplate({ name, attributes }: Queue): void {
  if (!attributes)
    throw new AwsError('UnsupportedOperation', `The queue ${name} stands in a template and is changed there only.`);
}

function statementsOn(store: DatabaseSync) {
  store.exec(`
    create table if not exists sqs_queues (id integer primary key, name text not null unique, attributes text);
    create table if not exists sqs_messages (
      id integer primary key, queue integer not null, came_from integer, message_id text not null,
      sender_id text not null, sent_at integer not null, due_at integer not null, receive_count integer not null,
      first_received_at integer not null, body text not null);
    create index if not exists sqs_messages_by_queue on sqs_messages (queue, sent_at);
    create index if not exists sqs_messages_by_due on sqs_messages (due_at, queue) where due_at > 0;`);
  return {
    lastId: store.prepare('select max(id) as id from sqs_messages'),
    created: store.prepare('select name, attributes from sqs_queues where attributes is not null order by id'),
    stand: store.prepare(`insert into sqs_queues (name, attributes) values (?, ?)
      on conflict (name) do update set attributes = excluded.attributes`),
    idOf: store.prepare('select id from sqs_queues where name = ?'),
    forget: store.prepare('delete from sqs_queues where name = ?'),
    insert: store.prepare(`insert into sqs_messages
      (id, queue, message_id, sender_id, sent_at, due_at, receive_count, first_received_at, body)
      values (?, ?, ?, ?, ?, ?, 0, 0, ?)`),
    waiting: store.prepare('select id from sqs_messages where queue = ? and due_at = 0 order by id'),
    byId: store.prepare('select * from sqs_messages where id = ? and queue = ?'),
    delete: store.prepare('delete from sqs_messages where id = ? and queue = ? and message_id = ?'),
    purge: store.prepare('delete from sqs_messages where queue = ?'),
    count: store.prepare('update sqs_messages set receive_count = ?, first_received_at = ? where id = ?'),
    bury: store.prepare(`update sqs_messages
      set queue = ?, came_from = ?, receive_count = 0, first_received_at = 0 where id = ?`),
    move: store.prepare(`update sqs_messages
      set queue = ?, came_from = null, message_id = ?, sent_at = ?, receive_count = 0, first_received_at = 0
      where id = ?`),
    expire: store.prepare('delete from sqs_messages where queue = ? and sent_at < ? returning id'),
    due: store.prepare('update sqs_messages set due_at = 0 where due_at > 0 and due_at <= ? returning id, queue'),
    nextDue: store.prepare('select min(due_at) as due_at from sqs_messages where due_at > 0'),
    delayed: store.prepare('select count(*) as delayed from sqs_messages where due_at > 0 and queue = ?'),
  };
}
