import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Operations, operation, operationOf, propertiesOf } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, REGION, type Service } from './cloud.ts';

/** A file of this size is put aside; the one put aside before it is forgotten. */
export const MOST_FILE_BYTES = 10 * 1024 * 1024;
/** Lines wait this long, or until they are this many, so that a burst is written at once. */
const WAIT_MS = 200;
const MOST_WAITING_CHARACTERS = 64 * 1024;
/** One page of lines is about as long as CloudWatch's. */
const PAGE_BYTES = 1024 * 1024;

/** What is logged on this machine. */
export interface Logs {
  /** Keeps a line without its end, at the moved clock's time. A new group comes to be by itself. */
  write(group: string, stream: string, line: string): void;
}

const GroupName = z.string().min(1);
const Properties = z.strictObject({ LogGroupName: GroupName.optional(), RetentionInDays: z.int().optional() });

/**
 * Log groups as files under `logs/` of the machine's folder: a line each of time, stream and message, tabs between
 * them. Each group keeps at most twice {@link MOST_FILE_BYTES}. Lines are written some at a time: `kill -9` loses the
 * last {@link WAIT_MS} milliseconds of them. Reading over the wire writes first what still waits.
 */
export function logs(machine: Machine): Service & Logs {
  const folder = join(machine.folder, 'logs');
  mkdirSync(folder, { recursive: true });
  const groups = new Map<string, LogFile>();
  const groupOf = (name: string): LogFile => {
    const known = groups.get(name) ?? new LogFile(join(folder, encodeURIComponent(name)), machine.say);
    groups.set(name, known);
    return known;
  };
  let waiting: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(waiting);
    waiting = undefined;
    for (const file of groups.values()) file.flush();
  };
  const operations = operationsOn(groups, flush);
  return {
    carries: {
      'AWS::Logs::LogGroup': { properties: ['LogGroupName'], withoutEffect: ['RetentionInDays', 'Tags'] },
    },
    add(resource) {
      propertiesOf(Properties, resource);
      groupOf(resource.name);
    },
    write(group, stream, line) {
      groupOf(group).append(`${new Date(machine.clock.now()).toISOString()}\t${stream}\t${line}\n`);
      waiting ??= setTimeout(flush, WAIT_MS).unref();
    },
    async stop() {
      flush();
    },
    wire: {
      kind: 'json',
      signingName: 'logs',
      targets: ['Logs_20140328'],
      demands(name, input) {
        operationOf(operations, name);
        const group = z.string().safeParse(input.logGroupName).data ?? '*';
        return [{ action: `logs:${name}`, resource: `${arnOf(group)}:*` }];
      },
      answer: ({ operation: name, input }) => ({ json: operationOf(operations, name)(input) }),
    },
  };
}

function operationsOn(groups: ReadonlyMap<string, LogFile>, flush: () => void): Operations {
  return {
    DescribeLogGroups: operation(
      z.strictObject({
        logGroupNamePrefix: z.string().default(''),
        limit: z.int().min(1).max(50).default(50),
        nextToken: z.string().default(''),
      }),
      ({ logGroupNamePrefix, limit, nextToken }) => {
        flush();
        const after = [...groups].filter(([name]) => name.startsWith(logGroupNamePrefix) && name > nextToken);
        after.sort(([a], [b]) => (a < b ? -1 : 1));
        const page = after.slice(0, limit);
        const logGroups = page.map(([name, file]) => ({
          logGroupName: name,
          arn: `${arnOf(name)}:*`,
          logGroupArn: arnOf(name),
          storedBytes: file.bytes,
        }));
        return { logGroups, nextToken: after.length > limit ? page.at(-1)?.[0] : undefined };
      },
      'InvalidParameterException',
    ),
    FilterLogEvents: operation(
      z.strictObject({
        logGroupName: GroupName,
        logStreamNames: z.array(z.string()).optional(),
        startTime: z.number().default(0),
        endTime: z.number().default(Number.POSITIVE_INFINITY),
        nextToken: z.string().regex(/^\d+$/).default('0'),
      }),
      ({ logGroupName, logStreamNames, startTime, endTime, nextToken }) => {
        flush();
        const file = groups.get(logGroupName);
        if (!file) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
        const { text, at, next } = file.page(Number(nextToken));
        const events = eventsIn(text, at).filter(
          ({ logStreamName, timestamp }) =>
            timestamp >= startTime &&
            timestamp < endTime &&
            (!logStreamNames || logStreamNames.includes(logStreamName)),
        );
        return { events, searchedLogStreams: [], nextToken: next === undefined ? undefined : String(next) };
      },
      'InvalidParameterException',
    ),
  };
}

function eventsIn(text: string, at: number) {
  return text.split('\n').flatMap((line, index) => {
    const [time, logStreamName, ...message] = line.split('\t');
    const timestamp = Date.parse(time ?? '');
    if (logStreamName === undefined || Number.isNaN(timestamp)) return []; // The end of a line that a kill cut short.
    return {
      logStreamName,
      timestamp,
      ingestionTime: timestamp,
      message: message.join('\t'),
      eventId: `${at}-${index}`,
    };
  });
}

function arnOf(group: string): string {
  return `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${group}`;
}

/** The lines of one group: a file, the one before it, and what still waits to be written. */
class LogFile {
  readonly #current: string;
  readonly #before: string;
  readonly #say: (line: string) => void;
  #waiting = '';
  #size: number;
  #sizeBefore: number;
  /** Bytes forgotten since the start: places in the group are counted from its first line of this run. */
  #forgotten = 0;

  constructor(path: string, say: (line: string) => void) {
    this.#current = `${path}.log`;
    this.#before = `${path}.before.log`;
    this.#say = say;
    this.#size = sizeOf(this.#current);
    this.#sizeBefore = sizeOf(this.#before);
  }

  get bytes(): number {
    return this.#sizeBefore + this.#size;
  }

  append(line: string): void {
    this.#waiting += line;
    if (this.#waiting.length > MOST_WAITING_CHARACTERS) this.flush();
  }

  /** Lines that the disk does not take are lost and said: logging must not stop what is logged. */
  flush(): void {
    if (this.#waiting === '') return;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    try {
      if (this.#size > 0 && this.#size + bytes.length > MOST_FILE_BYTES) this.#putAside();
      appendFileSync(this.#current, bytes);
      this.#size += bytes.length;
    } catch (error) {
      this.#say(`${bytes.length} bytes of logs are lost: ${String(error)}`);
    }
  }

  #putAside(): void {
    renameSync(this.#current, this.#before);
    this.#forgotten += this.#sizeBefore;
    this.#sizeBefore = this.#size;
    this.#size = 0;
  }

  /** Whole lines from a place on, or from the first line kept, and the place after them if more follow. */
  page(from: number): { readonly text: string; readonly at: number; readonly next?: number } {
    const at = Math.max(from, this.#forgotten);
    const startOfCurrent = this.#forgotten + this.#sizeBefore;
    const inBefore = at < startOfCurrent;
    const [file, offset] = inBefore ? [this.#before, at - this.#forgotten] : [this.#current, at - startOfCurrent];
    const bytes = linesAt(file, offset);
    const text = bytes.toString('utf8');
    const next = at + bytes.length;
    const end = startOfCurrent + this.#size;
    if (bytes.length === 0) return inBefore ? { text, at, next: startOfCurrent } : { text, at };
    return next < end ? { text, at, next } : { text, at };
  }
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

/** Whole lines of at least one page from an offset on; at the file's end, whatever stands there. */
function linesAt(file: string, offset: number): Buffer {
  if (!existsSync(file)) return Buffer.alloc(0);
  const descriptor = openSync(file, 'r');
  try {
    const left = fstatSync(descriptor).size - offset;
    for (let most = PAGE_BYTES; left > 0; most *= 2) {
      const bytes = Buffer.alloc(Math.min(most, left));
      readSync(descriptor, bytes, 0, bytes.length, offset);
      const end = bytes.length === left ? bytes.length : bytes.lastIndexOf('\n') + 1;
      if (end > 0) return bytes.subarray(0, end);
    }
    return Buffer.alloc(0);
  } finally {
    closeSync(descriptor);
  }
}
