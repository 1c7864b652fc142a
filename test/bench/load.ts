import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as z from 'zod';
import type { ReportKind } from './signed-reports.ts';

/** A webhook, from outside. */
export interface Door {
  readonly url: string;
  /** An emulator tells its APIs apart by the host that is asked for. */
  readonly host?: string;
  readonly source: string;
  readonly secret: string;
}

export interface Load {
  /** Distinguishes the reports of this load from those of every other one. */
  readonly run: string;
  readonly clients: number;
  /** For so many seconds, or until so many reports are answered. */
  readonly until: { readonly seconds: number } | { readonly reports: number };
  /**
   * Reports per second, evenly spaced whatever the answers do; a latency counts from the planned instant.
   * @default each client sends its next report when its last one is answered
   */
  readonly rate?: number;
  /** RFC 3339. @default now */
  readonly occurredAt?: string;
  /** @default complaint */
  readonly kind?: ReportKind;
}

/** What came of a load. */
export const Answers = z.object({
  /** Answered 202. */
  accepted: z.number(),
  /** How many came with which other status, or with none (`no answer`). */
  others: z.record(z.string(), z.number()),
  seconds: z.number(),
  /** Of the accepted, in milliseconds. */
  latency: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }),
});
export type Answers = z.infer<typeof Answers>;

/** Sends signed reports from a thread of its own, so that whoever waits here costs them no time. */
export async function sendLoad(door: Door, load: Load): Promise<Answers> {
  const workerData = {
    ...door,
    ...load,
    kind: load.kind ?? 'complaint',
    occurredAt: load.occurredAt ?? `${new Date().toISOString().slice(0, 19)}Z`,
  };
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData });
  const [answers] = await once(worker, 'message');
  await worker.terminate();
  return Answers.parse(answers);
}

export function ratePerSecond({ accepted, seconds }: Answers): number {
  return accepted / seconds;
}

/** Rate, latencies and whatever was not accepted, in one line. */
export function described(answers: Answers): string {
  const { latency, others, accepted } = answers;
  const { p50, p95, p99, max } = latency;
  const rest = Object.entries(others).map(([status, count]) => `, ${count} x ${status}`);
  const rate = ratePerSecond(answers).toFixed(1);
  return `${accepted} accepted, ${rate} per s; p50 ${p50}, p95 ${p95}, p99 ${p99}, max ${max} ms${rest.join('')}`;
}
