import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Operations, operation, wireOf } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, REGION, type Service } from './cloud.ts';

/** A file of this size is put aside; the one put aside before it is forgotten. */
export const MOST_FILE_BYTES = 10 * 1024 * 1024;
/** Lines wait this long, or until they are this many, so that a burst is written at once. */
const WAIT_MS = 200;
const MOST_WAITING_CHARACTERS = 64 * 1024;

/** What is logged on this machine. */
export interface Logs {
  /** Keeps a line without its end, at the moved clock's time. A new group comes to be by itself. */
  write(group: string, stream: string, line: string): void;
}

/**
 * Log groups as files under `logs/` of the machine's folder: a line each of time, stream and message, tabs between
 * them. Each group keeps at most twice {@link MOST_FILE_BYTES}. Lines are written some at a time: `kill -9` loses the
 * last {@link WAIT_MS} milliseconds of them. Reading over the wire writes first what still waits.
 */
export function logs(machine: Machine): Service & Logs {
  const folder = join(machine.folder, 'logs');
  mkdirSync(folder, { recursive: true });
  /** What waits to be written, by group. */
  const groups = new Map<string, string>();
  const fileOf = (group: string) => join(folder, `${encodeURIComponent(group)}.log`);
  /** Lines that the disk does not take are lost and said: logging must not stop what is logged. */
  const flush = (group: string, lines: string) => {
    groups.set(group, '');
    try {
      if (lines !== '') append(fileOf(group), lines);
    } catch (error) {
      machine.say(`${lines.length} characters of logs are lost: ${String(error)}`);
    }
  };
  const flushAll = () => {
    for (const [group, lines] of groups) flush(group, lines);
  };
  let timer: NodeJS.Timeout | undefined;
  // Both answer everything on one page.
  const operations: Operations = {
    DescribeLogGroups: operation(z.strictObject({}), () => ({
      logGroups: [...groups.keys()].map((logGroupName) => ({ logGroupName })),
    })),
    FilterLogEvents: operation(z.strictObject({ logGroupName: z.string() }), ({ logGroupName: group }) => {
      if (!groups.has(group))
        throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
      flushAll();
      const files = [`${fileOf(group)}.before`, fileOf(group)].filter((each) => existsSync(each));
      return { events: files.flatMap((each) => readFileSync(each, 'utf8').split('\n')).flatMap(eventIn) };
    }),
  };
  return {
    carries: { 'AWS::Logs::LogGroup': { properties: [], withoutEffect: ['RetentionInDays'] } },
    add({ name }) {
      groups.set(name, '');
    },
    write(group, stream, line) {
      machine.count('logs', 'PutLogEvents', group, { bytes: Buffer.byteLength(line) });
      const time = new Date(machine.clock.now()).toISOString();
      const lines = `${groups.get(group) ?? ''}${time}\t${stream}\t${line}\n`;
      groups.set(group, lines);
      if (lines.length > MOST_WAITING_CHARACTERS) flush(group, lines);
    },
    start() {
      timer = setInterval(flushAll, WAIT_MS).unref();
    },
    async stop() {
      clearInterval(timer);
      flushAll();
    },
    wire: wireOf(
      'logs',
      'Logs_20140328',
      operations,
      (_, { logGroupName = '*' }) => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${logGroupName}:*`,
    ),
  };
}

function eventIn(line: string) {
  const [time, logStreamName, ...message] = line.split('\t');
  const timestamp = Date.parse(time ?? '');
  if (logStreamName === undefined || Number.isNaN(timestamp)) return []; // The end of a line that a kill cut short.
  return [{ logStreamName, timestamp, message: message.join('\t') }];
}

/** Puts a full file aside. */
function append(file: string, lines: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0 && size + Buffer.byteLength(lines) > MOST_FILE_BYTES) renameSync(file, `${file}.before`);
  appendFileSync(file, lines);
}
