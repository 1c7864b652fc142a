import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { commandLine, runCommand, TEXT, WHERE } from './command-line.ts';
import { discard, list, redrive, type Scene, show } from './dlq/actions.ts';
import { deadLettersOf, meantBy } from './dlq/dead-letter-queues.ts';
import { type OperatedEnvironment, openEnvironment } from './operated-environment.ts';

// npm run dlq -- list                      every queue of dead letters: how much, since when, what the business loses
// npm run dlq -- show QUEUE [--limit N]    the oldest messages (10 unless told otherwise), left where they are
// npm run dlq -- redrive QUEUE [--limit N] puts them back into the queue that they came from; a repeat is harmless
// npm run dlq -- discard QUEUE [--limit N] takes out missed turns and places in a stream, which hold no work
// Each with --env E for a deployed environment or --url U for a local system; QUEUE is any unique part of a name.
// Exit code 0: done. 2: asked for what cannot be done, or it broke off.

const USAGE = 'npm run dlq -- list | show QUEUE | redrive QUEUE | discard QUEUE [--limit N] [--env E | --url U]';
const SHOWN = 10;
const Clock = z.object({ now: z.string() });

async function dlq(): Promise<boolean> {
  const { positionals, values } = commandLine(USAGE, { allowPositionals: true, options: { ...WHERE, limit: TEXT } });
  const [action = '', word, ...more] = positionals;
  const limit = limitIn(values.limit);
  const named = Object.hasOwn(NAMED, action) ? NAMED[action] : undefined;
  const understood = (action === 'list' && word === undefined) || (named && word !== undefined && more.length === 0);
  if (!understood) throw new RangeError(USAGE);
  const environment = await openEnvironment(values);
  const queues = deadLettersOf(environment);
  const scene = {
    // Emulators give URLs of queues on another host name than their own.
    sqs: new SQSClient({ ...environment.client, useQueueUrlAsEndpoint: false }),
    now: await nowIn(environment),
    where: whereOf(values),
    out: (text: string) => console.log(text),
  };
  if (named === undefined || word === undefined) await list(queues, scene);
  else await named(meantBy(word, queues), limit, scene);
  return true;
}

type Named = (queue: ReturnType<typeof meantBy>, limit: number | undefined, scene: Scene) => Promise<void>;
const NAMED: Readonly<Record<string, Named>> = {
  show: (queue, limit, scene) => show(queue, limit ?? SHOWN, scene),
  redrive,
  discard,
};

function limitIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new RangeError(`--limit is a number of messages, 1 or more; got '${text}'`);
  return Number(text);
}

function whereOf({ env, url }: { env?: string; url?: string }): string {
  if (env !== undefined) return `--env ${env}`;
  return url === undefined ? '' : `--url ${url}`;
}

/** A local system's clock may have been moved; elsewhere it is the machine's. */
async function nowIn({ client }: OperatedEnvironment): Promise<number> {
  if (client.endpoint === undefined) return Date.now();
  const answer = await fetch(`${client.endpoint}/_local/clock`);
  return Date.parse(Clock.parse(await answer.json()).now);
}

process.exitCode = await runCommand(dlq);
