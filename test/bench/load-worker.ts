import { Agent, request } from 'node:http';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import autocannon from 'autocannon';
import * as z from 'zod';
import type { Answers } from './load.ts';
import { REPORT_KINDS, type SignedReport, signedReports } from './signed-reports.ts';

// The thread that sends: at full speed with autocannon, at a rate by itself, for autocannon sends the requests of a
// second all at once when it begins.

const { url, host, source, secret, run, clients, until, rate, occurredAt, kind } = z
  .object({
    url: z.url(),
    host: z.string().optional(),
    source: z.string(),
    secret: z.string(),
    run: z.string(),
    clients: z.int().min(1),
    until: z.union([z.object({ seconds: z.number() }), z.object({ reports: z.int() })]),
    rate: z.number().positive().optional(),
    occurredAt: z.string(),
    kind: z.enum(REPORT_KINDS),
  })
  .parse(workerData);
const ANSWER_SECONDS = 60;
const nextReport = signedReports(source, secret, run, { occurredAt, kind });
const hostHeader: Record<string, string> = host === undefined ? {} : { host };
/** Microseconds: autocannon's own histogram knows whole milliseconds only. */
const latencies = createHistogram();
const others = new Map<string, number>();
let accepted = 0;

function answered(status: number, milliseconds: number): void {
  if (status === 202) {
    accepted += 1;
    latencies.record(Math.max(1, Math.round(milliseconds * 1000)));
  } else other(String(status));
}

function other(what: string): void {
  others.set(what, (others.get(what) ?? 0) + 1);
}

/** Each client sends its next report when its last one is answered. @returns the seconds it took */
async function atFullSpeed(): Promise<number> {
  const started = performance.now();
  let last = started;
  const sending = autocannon({
    url,
    connections: clients,
    timeout: ANSWER_SECONDS,
    ...('seconds' in until ? { duration: until.seconds } : { amount: until.reports }),
    requests: [
      {
        setupRequest: (given) => {
          const { path, headers, body } = nextReport();
          return { ...given, method: 'POST', path, headers: { ...headers, ...hostHeader }, body };
        },
      },
    ],
  });
  sending.on('response', (_client, status, _bytes, milliseconds) => {
    last = performance.now();
    answered(status, milliseconds);
  });
  const { errors } = await sending;
  if (errors > 0) others.set('no answer', errors);
  return (last - started) / 1000;
}

/** Sends when it is time, on whatever connection is free; latencies count from the instant that was planned. */
async function atRate(perSecond: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const count = 'reports' in until ? until.reports : Math.floor(until.seconds * perSecond);
  const started = performance.now();
  const underway: Promise<void>[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    const due = started + (sent * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait >= 1) await sleep(wait); // Timers know milliseconds; the rest is within their error.
    underway.push(
      send(agent, nextReport()).then(
        (status) => answered(status, performance.now() - due),
        () => other('no answer'),
      ),
    );
  }
  await Promise.all(underway);
  agent.destroy();
  return (performance.now() - started) / 1000;
}

function send(agent: Agent, { path, headers, body }: SignedReport): Promise<number> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body);
    const sent = request(
      new URL(path, url),
      {
        method: 'POST',
        agent,
        timeout: ANSWER_SECONDS * 1000,
        headers: { ...headers, ...hostHeader, 'content-length': bytes.length },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${ANSWER_SECONDS} s`)));
    sent.on('error', reject);
    sent.end(bytes);
  });
}

const seconds = rate === undefined ? await atFullSpeed() : await atRate(rate);
const at = (percentile: number) => Math.round(latencies.percentile(percentile) / 10) / 100;
parentPort?.postMessage({
  accepted,
  others: Object.fromEntries(others),
  seconds,
  latency: { p50: at(50), p95: at(95), p99: at(99), max: at(100) },
} satisfies Answers);
