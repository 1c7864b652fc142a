import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Found, Row } from './file-lines.ts';
import type { Acknowledgements } from './resume-state.ts';
import type { Door, Taken } from './send-row.ts';

/** Connections that send at the same time. */
const CONNECTIONS = 8;
/** Rows that may be answered behind one that is not; keeps memory bounded while one is tried again. */
const MOST_AHEAD = 4_096;
/** Rows that the door refused are named, up to this many. */
const NAMED_REFUSALS = 5;

export interface SendingAll {
  readonly rows: AsyncIterable<Found>;
  /** Rows from the start of the file that are answered already. */
  readonly from: number;
  readonly door: Door;
  /** Rows per second. @default as fast as the system takes them */
  readonly rate?: number;
  readonly acknowledged: Acknowledgements;
  /** Ends waits and stops taking rows; those under way are answered first. Used here when a connection fails. */
  readonly stop: AbortController;
  readonly sent: () => void;
}

/** What one run of sending showed. */
export interface Sent {
  readonly seconds: number;
  readonly rows: number;
  /** Time per answered POST, in microseconds. */
  readonly latency: RecordableHistogram;
  /** The first rows that the door refused, and why. */
  readonly refusals: readonly string[];
}

/**
 * Sends the rows over a few connections until the file is over, the signal comes, or the door stops it.
 * @throws Stopped, after every connection has ended and the state is written
 */
export async function sendAll(sending: SendingAll): Promise<Sent> {
  const { door, acknowledged, stop, rate, sent } = sending;
  const halted = stop.signal;
  const rows = rowsFrom(sending);
  const turn = pace(rate, halted);
  const latency = createHistogram();
  const refusals: string[] = [];
  const began = performance.now();
  let count = 0;
  const connection = async () => {
    while (!halted.aborted) {
      const next = await rows.next();
      if (next.done) return;
      await turn();
      while (acknowledged.ahead() > MOST_AHEAD) await sleep(20, undefined, { signal: halted });
      const { taken, milliseconds } = await door.send(next.value);
      if (milliseconds > 0) latency.record(Math.max(1, Math.round(milliseconds * 1_000)));
      if (refusals.length < NAMED_REFUSALS) refusals.push(...refusalOf(next.value, taken));
      acknowledged.settle(next.value, taken);
      count += 1;
      sent();
    }
  };
  const ended = await Promise.allSettled(
    Array.from({ length: CONNECTIONS }, () =>
      connection().catch((error: unknown) => {
        if (isAbort(error)) return;
        stop.abort();
        throw error;
      }),
    ),
  );
  await rows.return(undefined);
  acknowledged.save();
  const failed = ended.find((connectionEnd) => connectionEnd.status === 'rejected');
  if (failed) throw failed.reason;
  return { seconds: (performance.now() - began) / 1_000, rows: count, latency, refusals };
}

/** Rows not answered yet. What the first reading listed as unreadable is passed over, as it was then. */
async function* rowsFrom({ rows, from }: SendingAll): AsyncGenerator<Row, undefined> {
  for await (const found of rows) if ('row' in found && found.row.index >= from) yield found.row;
  return undefined;
}

/** Waits for the next turn at this rate; turns that were missed while the system was away are not made up for. */
function pace(rate: number | undefined, signal: AbortSignal): () => Promise<void> {
  if (rate === undefined) return async () => {};
  let free = performance.now();
  return async () => {
    const now = performance.now();
    const mine = Math.max(free, now);
    free = mine + 1_000 / rate;
    if (mine > now) await sleep(mine - now, undefined, { signal });
  };
}

function refusalOf({ line, source }: Row, taken: Taken): string[] {
  return taken.outcome === 'accepted' ? [] : [`line ${line}, source ${source}: ${taken.reason}`];
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
