// The thread of one execution environment. It imports the bundle once, then carries out one call at a time.
// It is handed over as text, so it imports nothing but Node's own modules, and types.

import { EventEmitter } from 'node:events';
import { readlinkSync } from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { setPriority } from 'node:os';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { SignedReply, SignedRequest } from './cloud.ts';

/** What a thread is given once. */
export interface WorkerData {
  /** The bundle's path. */
  readonly file: string;
  /** Milliseconds by which the clock is moved. */
  readonly offset: BigInt64Array<SharedArrayBuffer>;
  /** What every call's context says alike. */
  readonly context: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** An answer of more bytes fails. */
  readonly mostBytes: number;
  /** Whether nobody waits for its answers: it gives way to threads for which somebody does. */
  readonly background: boolean;
  /** Where AWS answers: what is sent there goes through the thread's port. */
  readonly url: string;
}

/** One call: the event as JSON, since that is what Lambda hands over. */
export interface Call {
  readonly requestId: string;
  readonly event: string;
}

/** Text goes through the port without a buffer, whose copies cost the collector more than its own. */
type ThroughPort<T> = Omit<T, 'body'> & { readonly id: number; readonly body: string | Uint8Array };
/** What a function asks of AWS, and what it is answered. */
export type Asked = ThroughPort<SignedRequest>;
type Answered = ThroughPort<SignedReply>;

/** What a thread is told. */
export type Told = ({ readonly kind: 'call' } & Call) | ({ readonly kind: 'answered' } & Answered);

/** What a thread says, and what was written to its output since it last said something. */
export type Said = { readonly written?: string } & (
  | { readonly kind: 'ready' | 'wrote' }
  | { readonly kind: 'answer'; readonly json: string }
  | ({ readonly kind: 'asked' } & Asked)
  | ({ readonly kind: 'failure' } & Failure)
);
export interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace?: readonly string[];
}

/** Of 19: next to nothing while somebody else wants the core. */
const BACKGROUND_NICENESS = 10;

type Handler = (event: unknown, context: object) => unknown;
interface RequestOptions {
  readonly host: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}
type OnResponse = (response: Readable & { statusCode: number; headers: Readonly<Record<string, string>> }) => void;

const { file, offset, context, timeoutMs, mostBytes, background, url }: WorkerData = workerData;
/** What was written to the output and has not been said yet. */
let written = '';
const say = (said: Said) => {
  parentPort?.postMessage({ ...said, written });
  written = '';
};
/** Requests that wait for what they are answered. */
const waiting = new Map<number, (answered: Answered) => void>();
let lastId = 0;

moveDates();
sayOutput();
sendThroughPort();
// Linux schedules threads one by one; elsewhere all are alike.
if (background && process.platform === 'linux')
  setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), BACKGROUND_NICENESS);
process.on('unhandledRejection', (reason) => {
  throw named('Runtime.UnhandledPromiseRejection', String(reason));
});
const importing = importHandler();
parentPort?.on('message', (told: Told) => {
  if (told.kind === 'answered') waiting.get(told.id)?.(told);
  else void carryOut(told);
});
importing.then(
  () => say({ kind: 'ready' }),
  (error: unknown) =>
    setImmediate(() => {
      // Out of any promise, so that the thread ends with this very error; plain, for what else it has may not go through.
      if (!(error instanceof Error)) throw named(typeof error, String(error));
      throw Object.assign(named(error.name, error.message), { stack: error.stack });
    }),
);

async function carryOut({ requestId: awsRequestId, event }: Call): Promise<void> {
  const handler = await importing.catch(() => undefined);
  if (!handler) return;
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
  const { handler }: { readonly handler?: Handler } = await import(pathToFileURL(file).href);
  if (typeof handler === 'function') return handler;
  throw named('Runtime.HandlerNotFound', 'index.handler is undefined or not exported');
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return { errorType: error.name, errorMessage: error.message, stackTrace: error.stack?.split('\n') ?? [] };
}

/**
 * Says what is written to the output together with whatever is said next, or in the next turn: a thread's own streams
 * send every line apart, and wait for an answer to each.
 */
function sayOutput(): void {
  const sayRest = () => {
    if (written !== '') say({ kind: 'wrote' });
  };
  const write = (chunk: string | Uint8Array, ...rest: readonly unknown[]) => {
    if (written === '') setImmediate(sayRest);
    written += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const done = rest.at(-1);
    if (typeof done === 'function') queueMicrotask(() => done());
    return true;
  };
  for (const stream of [process.stdout, process.stderr]) Reflect.set(stream, 'write', write);
  process.on('exit', sayRest);
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

/**
 * Sends requests to the machine's own address through the thread's port: what the SDK has signed arrives as it would over
 * a socket, whose writes cost more than everything else that a call does here.
 */
function sendThroughPort(): void {
  const { hostname, port } = new URL(url);
  const real = http.request;
  const throughPort = (to: RequestOptions, onResponse: OnResponse) =>
    to.host === hostname && to.port === Number(port)
      ? portRequest(to, onResponse)
      : Reflect.apply(real, http, [to, onResponse]);
  Reflect.set(http, 'request', throughPort);
  syncBuiltinESMExports();
}

/** As much of Node's `ClientRequest` as the SDK uses. */
function portRequest({ method, path, headers }: RequestOptions, onResponse: OnResponse) {
  const id = ++lastId;
  const events = new EventEmitter();
  return Object.assign(events, {
    end(body: string | Uint8Array = '') {
      waiting.set(id, (answered) => {
        waiting.delete(id);
        const response = Readable.from(Buffer.from(answered.body), { objectMode: false });
        onResponse(Object.assign(response, { statusCode: answered.status, headers: answered.headers }));
      });
      const isText = headers['content-type']?.startsWith('application/x-amz-json');
      say({ kind: 'asked', id, method, url: path, headers, body: isText ? Buffer.from(body).toString('utf8') : body });
    },
    destroy(error?: Error) {
      waiting.delete(id);
      if (error) events.emit('error', error);
    },
  });
}
