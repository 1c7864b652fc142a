import type { Instant } from './calendar/civil-date.ts';

/** A name with its version, and what it says. */
export interface EventBody {
  readonly type: string;
  readonly data: unknown;
}

/** What every event carries around its data, and only here (architecture section 5). */
export interface Envelope {
  /** Derived from aggregate, version and index: a repeat has the same. */
  readonly id: string;
  readonly occurredAt: Instant;
  readonly aggregateId: string;
  readonly aggregateVersion: number;
  readonly correlationId: string;
  readonly causationId: string;
  /** The policy version that the decision used (P-2). */
  readonly policyVersion: number;
}

/** One event in its envelope; `data` carries no personal data (T-2). */
export type Event<T extends EventBody> = T extends EventBody ? Envelope & T : never;

/** One event as a decision yields it, before it has an envelope. */
export type Decided<T extends EventBody> = T & {
  readonly policyVersion: number;
  /** When it differs from the decision's time: a breach happens at the deadline. */
  readonly occurredAt?: Instant;
};

/** All events of one decision, written in one transaction with the state they lead to; append-only (T-3). */
export interface Commit {
  readonly commitId: string;
  readonly aggregateId: string;
  readonly aggregateVersion: number;
  readonly recordedAt: Instant;
  readonly by: string;
  readonly events: readonly Event<EventBody>[];
}

/** What caused a decision: a command's or an event's id, who acts, and the flow that both belong to. */
export interface Cause {
  readonly causationId: string;
  readonly correlationId: string;
  readonly by: string;
}

/**
 * Puts the events of one decision into their envelopes.
 *
 * @param id UUIDv5 over its parts, so that the same decision taken twice yields the same ids
 */
export function commitOf(
  aggregateId: string,
  aggregateVersion: number,
  decided: readonly Decided<EventBody>[],
  now: Instant,
  cause: Cause,
  id: (...parts: string[]) => string,
): Commit {
  const commitId = id('commit', aggregateId, String(aggregateVersion));
  const events = decided.map((event, index) => ({
    id: id(commitId, String(index)),
    type: event.type,
    occurredAt: event.occurredAt ?? now,
    aggregateId,
    aggregateVersion,
    correlationId: cause.correlationId,
    causationId: cause.causationId,
    policyVersion: event.policyVersion,
    data: event.data,
  }));
  return { commitId, aggregateId, aggregateVersion, recordedAt: now, by: cause.by, events };
}
