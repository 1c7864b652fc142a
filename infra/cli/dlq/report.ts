import type { Message } from '@aws-sdk/client-sqs';
import type { DeadLettersTold } from '../../dead-letters.ts';
import { nameOf } from './dead-letter-queues.ts';
import { type Counted, sentAt } from './queue-access.ts';

/** Milliseconds for which a queue of dead letters keeps a message, counted from when it was sent first. */
const KEPT_MS = 14 * 24 * 3_600_000;

/** A queue of dead letters with what is known of what lies there. */
export interface Lying extends Counted {
  readonly queue: DeadLettersTold;
  /** When the oldest of those that were looked at was sent; undefined where nobody looked. */
  readonly oldest?: number;
  /** Whether all were looked at. */
  readonly all?: boolean;
}

/**
 * What `list` prints: queues with something in them first, in full; the names of all others.
 * @param now milliseconds since 1970, on the environment's clock
 * @param where the command's options that lead there, to print in what comes next: `--env prod`
 */
export function listing(queues: readonly Lying[], now: number, where: string): string {
  const full = queues.filter(({ visible, held }) => visible + held > 0);
  const empty = queues.filter((one) => !full.includes(one)).map(({ queue }) => queue.name);
  const blocks = full.map((one) => blockOf(one, now, where));
  if (empty.length > 0) blocks.push(`${full.length > 0 ? 'empty' : 'all are empty'}: ${empty.join(', ')}`);
  return blocks.join('\n\n');
}

function blockOf({ queue, visible, held, oldest, all }: Lying, now: number, where: string): string {
  const rows = [
    ['loses', `${queue.loses}`],
    ['from', queue.of === undefined ? sourceless[queue.holds] : nameOf(queue.of)],
  ];
  if (oldest !== undefined) {
    const until = `forgotten from ${instant(oldest + KEPT_MS)} on`;
    rows.unshift([`oldest`, `${all ? '' : 'at least as old as '}${instant(oldest)}, ${ago(now - oldest)}; ${until}`]);
  }
  rows.push(['next', nextStep(queue, where)]);
  const head = `${queue.name}: ${counted(visible)}${held > 0 ? `, ${held} more with somebody now` : ''}`;
  return [head, ...rows.map(([title = '', text]) => `  ${title.padEnd(7)}${text}`)].join('\n');
}

const sourceless = {
  messages: 'no queue',
  reports: 'no queue',
  turns: 'a schedule',
  places: "a table's stream",
} as const;

/** What an operator does with what lies in a queue, by what it holds. */
export function nextStep({ holds, name }: DeadLettersTold, where: string): string {
  const command = (action: string) => `npm run dlq -- ${action} ${name}${where && ` ${where}`}`;
  switch (holds) {
    case 'messages':
      return `${command('show')}, mend the cause, then ${command('redrive')}`;
    case 'reports':
      return 'a function keeps them in the customers table: GET /intake/dead-messages shows them, POST /intake/dead-messages/{deadId}/return puts one back';
    case 'turns':
      return `the next turn does their work; once one went well, ${command('discard')}`;
    case 'places':
      return `the records stand in their table: npm run republish publishes them again (docs/operations/alarms/given-up.md), then ${command('discard')}`;
  }
}

/** One message as `show` prints it: JSON laid out, anything else as it is. */
export function readable(message: Message, now: number): string {
  const { MessageId, Body = '', Attributes, MessageAttributes = {} } = message;
  const sent = sentAt(message);
  const attributes = Object.entries(MessageAttributes).map(
    ([name, { StringValue }]) => `${name}: ${StringValue ?? ''}`,
  );
  const received = Attributes?.ApproximateReceiveCount;
  return [
    `${MessageId}, sent ${instant(sent)} (${ago(now - sent)}), received ${received} times`,
    ...attributes,
    laidOut(Body),
  ].join('\n');
}

function laidOut(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body; // What is no JSON may be why it is here.
  }
}

export function counted(messages: number): string {
  return messages === 1 ? '1 message' : `${messages} messages`;
}

function instant(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** In the largest unit of which there are two: `47 hours ago`. */
export function ago(milliseconds: number): string {
  const units = [
    ['days', 86_400_000],
    ['hours', 3_600_000],
    ['minutes', 60_000],
  ] as const;
  const [unit, size] = units.find(([, each]) => milliseconds >= 2 * each) ?? ['seconds', 1_000];
  return `${Math.max(Math.floor(milliseconds / size), 0)} ${unit} ago`;
}
