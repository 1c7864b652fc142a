// The thread of one execution environment. It imports the bundle once, then carries out one call at a time.
// It is handed over as text, so it imports nothing but Node's own modules.

import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** What a thread is given once. */
export interface WorkerData {
  /** The bundle's path. */
  readonly file: string;
  /** Milliseconds by which the clock is moved. */
  readonly offset: BigInt64Array<SharedArrayBuffer>;
  /** What every call's context says alike. */
  readonly context: Readonly<Record<string, string>>;
  /** An answer of more bytes fails. */
  readonly mostBytes: number;
  /** Whether nobody waits for its answers: it gives way to threads for which somebody does. */
  readonly background: boolean;
}

/** One call: the event as JSON, since that is what Lambda hands over. */
export interface Call {
  readonly requestId: string;
  readonly event: string;
  readonly timeoutMs: number;
}

/** What a thread says: that the bundle is imported, what came of a call, or that the environment cannot go on. */
export type Said =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly json: string }
  | ({ readonly kind: 'failure' | 'broken' } & Failure);
export interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace?: readonly string[];
}

type Handler = (event: unknown, context: object) => unknown;

/** Of 19: next to nothing while somebody else wants the core. */
const BACKGROUND_NICENESS = 10;

const { file, offset, context, mostBytes, background }: WorkerData = workerData;
const say = (said: Said) => parentPort?.postMessage(said);

moveDates();
if (background) giveWay();
process.on('unhandledRejection', (reason) => {
  throw named('Runtime.UnhandledPromiseRejection', String(reason));
});
try {
  const handler = await importHandler();
  say({ kind: 'ready' });
  parentPort?.on('message', (call: Call) => void carryOut(handler, call));
} catch (error) {
  say({ kind: 'broken', ...failureOf(error) });
}

async function carryOut(handler: Handler, { requestId: awsRequestId, event, timeoutMs }: Call): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const getRemainingTimeInMillis = () => Math.max(0, Math.round(deadline - performance.now()));
  try {
    const result = await handler(JSON.parse(event), { ...context, awsRequestId, getRemainingTimeInMillis });
    const json = JSON.stringify(result) ?? 'null';
    if (Buffer.byteLength(json) > mostBytes)
      throw named('Function.ResponseSizeTooLarge', `the answer has more than ${mostBytes} bytes`);
    say({ kind: 'answer', json });
  } catch (error) {
    say({ kind: 'failure', ...failureOf(error) });
  }
}

async function importHandler(): Promise<Handler> {
  const bundle: { readonly handler?: unknown } = await import(pathToFileURL(file).href);
  if (isHandler(bundle.handler)) return bundle.handler;
  throw named('Runtime.HandlerNotFound', 'index.handler is undefined or not exported');
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return { errorType: error.name, errorMessage: error.message, stackTrace: error.stack?.split('\n') ?? [] };
}

/** Linux schedules threads one by one; elsewhere all are alike. */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  setPriority(thread, BACKGROUND_NICENESS);
}

/** Moves what `Date` calls now. What has a date as an argument, time zones and formats stay Node's own. */
function moveDates(): void {
  const realNow = Date.now;
  const now = () => realNow() + Number(Atomics.load(offset, 0));
  const Moved = new Proxy(Date, {
    construct: (real, args, newTarget) => Reflect.construct(real, args.length === 0 ? [now()] : args, newTarget),
    apply: (real) => new real(now()).toString(),
  });
  Date.now = now;
  Date.prototype.constructor = Moved;
  globalThis.Date = Moved;
}
