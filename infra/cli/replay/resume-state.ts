import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Row } from './file-lines.ts';
import { receiptBytes, receiptLog, receiptsPath } from './receipt-log.ts';
import type { Taken } from './send-row.ts';

const Count = z.int().nonnegative();
/** What became of rows, each in one place. */
const RowTally = z.object({
  accepted: Count,
  duplicate: Count,
  rejected: Count,
  tooLarge: Count,
  unknownSource: Count,
});
export type RowTally = z.infer<typeof RowTally>;

const ResumeState = z.object({
  file: z.string(),
  url: z.string(),
  rows: Count,
  /** So many rows from the start of the file are answered for good. */
  acknowledged: Count,
  tally: RowTally,
  /** The first arrival day, in the organisation's zone. */
  firstDay: z.iso.date(),
  /** The receipt of the last accepted row: a system that does not know it is not the one that was fed. */
  lastReceipt: z.string().optional(),
  /** How much of the list of receipts belongs to the acknowledged rows. */
  receiptBytes: Count,
  /** What the sources of the file had lost on the first day when the replay began, by the reconciliation. */
  lostBefore: z.object({ rejected: Count, deadLettered: Count }),
  /** The process that wrote it. */
  pid: z.int().positive(),
});
export type ResumeState = z.infer<typeof ResumeState>;
/** A state to begin with; who writes it is known then. */
export type Beginning = Omit<ResumeState, 'pid'>;

/** Between two writes, in milliseconds. */
const WRITE_EVERY_MS = 100;

/** Where the state of a replay stands: one file per content, address and overriding source. */
export function statePath(folder: string, digest: string, url: string, source: string | undefined): string {
  const key = createHash('sha256').update(JSON.stringify([digest, url, source ?? null]));
  return join(folder, `${key.digest('hex')}.json`);
}

/** What an interrupted replay left, or undefined when none was, or when its files cannot be read. */
export function loadState(path: string): ResumeState | undefined {
  try {
    const parsed = ResumeState.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    if (!parsed.success || receiptBytes(receiptsPath(path)) < parsed.data.receiptBytes) return undefined;
    return parsed.data;
  } catch (error) {
    // Sending again does no harm, so a state that is missing or torn only costs time.
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      return undefined;
    }
    throw error;
  }
}

/** The process that this replay is under way in, if it is another one. */
export function underWayIn(state: ResumeState | undefined): number | undefined {
  return state && state.pid !== process.pid && isAlive(state.pid) ? state.pid : undefined;
}

/** A number that another program has got since, after a restart of the machine for one, is told apart where Linux says its command. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc') || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('replay');
  } catch {
    return false; // Gone, or nobody of ours.
  }
}

/** Forgets a replay that is finished. */
export function removeState(path: string): void {
  for (const file of [path, receiptsPath(path)]) rmSync(file, { force: true });
}

/** The rows that are answered for good, as they come in, in any order. */
export interface Acknowledgements {
  settle(row: Pick<Row, 'index' | 'line' | 'source'>, taken: Taken): void;
  /** Rows answered above the first unanswered one. */
  ahead(): number;
  state(): ResumeState;
  /** Writes what stands. */
  save(): void;
}

/**
 * Keeps the longest answered start of the file on disk, at most every 100 ms and by rename, so that a `kill -9` leaves
 * the old state or the new one; the receipts of its rows stand beside it. Rows above it are sent again, which the
 * system answers as duplicates.
 */
export function acknowledgements(path: string, begin: Beginning): Acknowledgements {
  const above = new Map<number, { readonly line: number; readonly source: string; readonly taken: Taken }>();
  let state: ResumeState = { ...begin, pid: process.pid };
  let savedAt = 0;
  mkdirSync(join(path, '..'), { recursive: true });
  const receipts = receiptLog(receiptsPath(path), begin.receiptBytes);
  const save = () => {
    // The receipts first: a state never counts more of them than there are.
    state = { ...state, receiptBytes: receipts.flush() };
    const next = `${path}.${process.pid}`;
    writeFileSync(next, JSON.stringify(state));
    renameSync(next, path);
    savedAt = performance.now();
  };
  save();
  return {
    settle({ index, line, source }, taken) {
      above.set(index, { line, source, taken });
      for (let next = above.get(state.acknowledged); next !== undefined; next = above.get(state.acknowledged)) {
        above.delete(state.acknowledged);
        state = counted(state, next.taken);
        const { line, source, taken: settled } = next;
        if (settled.outcome === 'accepted') receipts.add({ line, source, receiptId: settled.receiptId });
      }
      if (performance.now() - savedAt >= WRITE_EVERY_MS) save();
    },
    ahead: () => above.size,
    state: () => state,
    save,
  };
}

const REFUSED = { rejected: 'rejected', 'too-large': 'tooLarge', 'unknown-source': 'unknownSource' } as const;

function counted(state: ResumeState, taken: Taken): ResumeState {
  const tally = { ...state.tally };
  if (taken.outcome === 'accepted') tally[taken.duplicate ? 'duplicate' : 'accepted'] += 1;
  else tally[REFUSED[taken.outcome]] += 1;
  const lastReceipt = taken.outcome === 'accepted' ? taken.receiptId : state.lastReceipt;
  return { ...state, acknowledged: state.acknowledged + 1, tally, lastReceipt };
}
