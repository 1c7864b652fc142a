import { setTimeout as sleep } from 'node:timers/promises';

/** Why a replay cannot go on, in words for whoever started it. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** One answer of the system. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** From sending to the end of the answer, in milliseconds. */
  readonly milliseconds: number;
}

/** How long one call is tried again; all in milliseconds. */
export interface Patience {
  /** From the first failure on, until the call is given up. */
  readonly totalMs: number;
  /** The first wait; each following one is twice as long. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** How long one answer may take. */
  readonly answerMs: number;
  /** How long a row is sent again whose signature is not accepted. */
  readonly distrustMs: number;
}

/** A system that is being started again comes back within this, and a door reads its secrets again every minute. */
export const PATIENCE: Patience = {
  totalMs: 600_000,
  firstWaitMs: 100,
  longestWaitMs: 5_000,
  answerMs: 60_000,
  distrustMs: 75_000,
};

/** What surrounds every call. */
export interface Calling {
  readonly patience: Patience;
  /** Ends waiting; a call under way is answered first. */
  readonly signal: AbortSignal;
  /** Hears why a call has to be made again. */
  readonly waiting: (why: string) => void;
}

/** What a call sends; made anew for every try, for signatures age. */
export type Sending = () => Promise<{ readonly url: string; readonly init: RequestInit }>;

/**
 * Calls until the system answers for good. No connection, no answer in time, 429 and every 5xx are tried again after
 * growing waits, or after what `Retry-After` says.
 *
 * @throws Stopped when patience is over
 * @throws DOMException `AbortError` when the signal ends the waiting
 */
export async function callUntilAnswered(sending: Sending, { patience, signal, waiting }: Calling): Promise<Answer> {
  let failingSince: number | undefined;
  for (let wait = patience.firstWaitMs; ; wait = Math.min(wait * 2, patience.longestWaitMs)) {
    signal.throwIfAborted();
    const tried = await tryOnce(sending, patience.answerMs);
    if ('answer' in tried) return tried.answer;
    const now = performance.now();
    failingSince ??= now;
    if (now - failingSince >= patience.totalMs) {
      const seconds = Math.round(patience.totalMs / 1_000);
      throw new Stopped(`the system did not take it within ${seconds} s: ${tried.failure}`);
    }
    waiting(tried.failure);
    await sleep(Math.min(tried.retryAfterMs ?? wait, patience.totalMs), undefined, { signal });
  }
}

type Tried = { readonly answer: Answer } | { readonly failure: string; readonly retryAfterMs?: number };

async function tryOnce(sending: Sending, answerMs: number): Promise<Tried> {
  const { url, init } = await sending();
  const from = performance.now();
  try {
    const response = await fetch(url, { redirect: 'manual', ...init, signal: AbortSignal.timeout(answerMs) });
    const text = await response.text();
    const { status } = response;
    if (status !== 429 && status < 500) return { answer: { status, text, milliseconds: performance.now() - from } };
    const retryAfterMs = millisecondsUntil(response.headers.get('retry-after'));
    return { failure: `${status} from ${new URL(url).pathname}`, retryAfterMs };
  } catch (error) {
    // What fetch throws: TypeError with the socket's error as cause, or a DOMException when time is up.
    if (error instanceof DOMException) return { failure: `no answer within ${answerMs / 1_000} s` };
    if (error instanceof TypeError && error.cause !== undefined) return { failure: causeOf(error) };
    throw error;
  }
}

function causeOf({ cause, message }: Error): string {
  if (!(cause instanceof Error)) return message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
function millisecondsUntil(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
