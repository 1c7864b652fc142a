import type { TakenRow } from './receipt-log.ts';
import type { Figures, Reconciled } from './reconcile.ts';
import type { RowTally } from './resume-state.ts';
import type { Receipt } from './running-system.ts';
import { countOf } from './words.ts';

/** What arrived and came to nothing, by the reconciliation. */
export type Lost = Pick<Figures, 'rejected' | 'deadLettered'>;

/** Receipts that are asked for at the same time. */
const CONNECTIONS = 8;
/** Rows that were lost are named, up to this many. */
const NAMED_LOST = 5;
const TELL_EVERY_MS = 5_000;

/** How many arrivals of these sources came to nothing. */
export function lostOf({ sources }: Pick<Reconciled, 'sources'>, of: ReadonlyMap<string, unknown>): Lost {
  const figures = [...sources].filter(([source]) => of.has(source)).map(([, found]) => found);
  const sum = (key: keyof Lost) => figures.reduce((before, found) => before + found[key], 0);
  return { rejected: sum('rejected'), deadLettered: sum('deadLettered') };
}

/** By how much more came to nothing since the replay began than the door refused of it. */
export function beyondTheDoor(now: Lost, before: Lost, refused: Pick<RowTally, 'rejected'>): number {
  const rejected = Math.max(0, now.rejected - before.rejected - refused.rejected);
  return rejected + Math.max(0, now.deadLettered - before.deadLettered);
}

export interface Looking {
  readonly rows: AsyncGenerator<TakenRow, undefined>;
  /** @returns why there is no receipt, if there is none */
  readonly receipt: (receiptId: string) => Promise<Receipt | 'unknown' | 'withheld'>;
  /** How long receipts are read, in milliseconds. */
  readonly lookMs: number;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** What became of the rows that the door took. */
export interface Looked {
  readonly rejected: number;
  readonly deadLettered: number;
  /** Rows of which nobody could tell in time. */
  readonly unseen: number;
  /** The first lost rows, and why. */
  readonly named: readonly string[];
}

/** Reads the receipt of every row that the door took, for as long as it may, in bounded memory. */
export async function lookAfterwards({ rows, receipt, lookMs, signal, tell }: Looking): Promise<Looked> {
  const until = performance.now() + lookMs;
  const found = { rejected: 0, deadLettered: 0, unseen: 0 };
  const named: { readonly line: number; readonly why: string }[] = [];
  let looked = 0;
  const timer = setInterval(() => tell(`read ${countOf(looked, 'receipt')} of accepted rows`), TELL_EVERY_MS).unref();
  const name = ({ line, source }: TakenRow, why: string) => {
    named.push({ line, why: `line ${line}, source ${source}: ${why}` });
    named.sort((a, b) => a.line - b.line).splice(NAMED_LOST);
  };
  const look = async () => {
    for (let next = await rows.next(); !next.done; next = await rows.next()) {
      signal.throwIfAborted();
      const row = next.value;
      const about = performance.now() < until ? await receipt(row.receiptId) : 'withheld';
      looked += 1;
      if (typeof about === 'string') found.unseen += 1;
      else if (about.status === 'rejected') {
        found.rejected += 1;
        name(row, `accepted and rejected afterwards: ${reasonsOf(about)}`);
      } else if (about.status === 'dead-lettered') {
        found.deadLettered += 1;
        name(row, 'accepted, but it could not be worked on (dead-lettered)');
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, look));
  } finally {
    clearInterval(timer);
    await rows.return(undefined);
  }
  return { ...found, named: named.map(({ why }) => why) };
}

function reasonsOf({ reasons = [], receiptId }: Receipt): string {
  const first = reasons.slice(0, 5).map(({ path, message }) => `${path} ${message}`);
  return first.length > 0 ? first.join('; ') : `GET /intake/receipts/${receiptId}`;
}
