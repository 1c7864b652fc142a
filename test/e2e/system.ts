import type { Role } from '#shared/domain/access/roles.ts';

/** Who calls: the claims of their token; undefined calls without one. */
export interface Claims {
  readonly sub: string;
  readonly roles: readonly Role[];
  readonly department?: string;
  readonly employee?: string;
  readonly source?: string;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON, or undefined for an empty body. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer is looked into by assertions, which name what they expect
  readonly body: any;
  readonly headers: Readonly<Record<string, string>>;
}

/** As much of an event as scenarios look at. */
export interface EventDetail {
  readonly occurredAt: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One webhook: its exact bytes and how it is signed. */
export interface Webhook {
  readonly source: string;
  readonly body: string | Uint8Array;
  /** @default a fresh id, the system's time and the source's secret */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A running Interlock, wherever it runs; scenarios know nothing else of it. */
export interface System {
  /** Name for the report: `in memory`, `deployed`. */
  readonly name: string;
  /** What the environment's policy allows C-1 and C-8, in seconds on the clock: a scenario waits or moves by it. */
  readonly policy: 'policy-1' | 'fast';
  call(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    by?: Claims,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** Posts a webhook as it is. */
  deliver(webhook: Webhook): Promise<Answer>;
  /** Puts a message on the in-house queue, as a system that may send for the source `web` only (I-2). */
  sendInHouse(body: string): Promise<void>;
  /**
   * Puts a message on the dead letters of a door, where a queue puts what no worker took in five tries: it comes to the
   * function that keeps it as it would have come then, and a scenario need not wait for a quarter of an hour.
   */
  sendDeadLetter(door: 'webhook' | 'in-house', body: string): Promise<void>;
  /** Signs a body with a secret by Standard Webhooks, at the system's time moved by `offsetSeconds`. */
  sign(body: string | Uint8Array, secret: string, offsetSeconds?: number): Promise<Record<string, string>>;
  /** The system's time. */
  now(): Promise<Date>;
  /** Lets the clock reach an instant, and everything that falls due until then happen. */
  reach(instant: string): Promise<void>;
  /** Reads until `found` yields something; fails with `what` when it does not. */
  eventually<T>(what: string, found: () => Promise<T | undefined>): Promise<T>;
  /** Every byte stored outside the customers table, as text by place: tables, streams, events, logs, queues. */
  storedOutsideCustomers(): Promise<Readonly<Record<string, string>>>;
  /** What stands in the customers table, as text. */
  storedOfCustomers(): Promise<string>;
  /** Every event that stood on the bus since the start. */
  events(): Promise<readonly { readonly 'detail-type': string; readonly detail: EventDetail }[]>;
  /** Takes away what the suite itself added. */
  close(): Promise<void>;
}
