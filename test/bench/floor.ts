import { SUBSCRIPTIONS } from '#shared/contracts/subscriptions.ts';
import { type CountedCall, MEMORY_GIB, type Usage } from './prices.ts';

/** Of a write of up to 1 KB in a transaction, by DynamoDB's own account. */
const UNITS_PER_WRITE = 2;
/** The state and the commit. */
const WRITES_PER_DECISION = 2;
/** A queue hop is a message that is sent, and its shares of one look that brings a batch and of one that deletes it. */
const CALLS_PER_BATCH = 2;

/** What a floor is computed from: what people and sources asked for, and nothing that depends on how it is done. */
export interface Needed {
  readonly decisions: number;
  /** Types of the events that these recorded, one for each. */
  readonly events: readonly string[];
  /** Of people and sources to the API. */
  readonly requests: number;
  /** Messages that one look at a queue brought, on average. */
  readonly batch: number;
  /** Milliseconds of a call of a function that does nothing. */
  readonly bareMs: number;
}

/**
 * The least that the definition (architecture, section 8) allows: one state write and one commit per decision, each of
 * at most 1 KB, in one transaction; one publish per event; one queue hop per consumer of an event; one call of a function
 * that does nothing per batch of these and per request. No reads, no index, no log, no trace, no clock, no retry.
 */
export function floorOf({ decisions, events, requests, batch, bareMs }: Needed): Usage {
  const hops = events.reduce((sum, type) => sum + consumersOf(type), 0);
  const invocations = requests + hops / batch;
  return {
    'dynamodb.writeUnits': decisions * WRITES_PER_DECISION * UNITS_PER_WRITE,
    'events.events': events.length,
    'sqs.requests': hops + (CALLS_PER_BATCH * hops) / batch,
    'apigateway.requests': requests,
    'lambda.requests': invocations,
    'lambda.gbSeconds': ((invocations * bareMs) / 1000) * MEMORY_GIB,
  };
}

/** Messages that one look at a queue brought, on average. NaN where nobody looked. */
export function batchSizeOf(calls: readonly CountedCall[]): number {
  const looks = calls.filter(({ service, operation }) => service === 'sqs' && operation === 'ReceiveMessage');
  const messages = looks.reduce((sum, { units }) => sum + (units.messages ?? 0), 0);
  return messages / looks.reduce((sum, { count }) => sum + count, 0);
}

function consumersOf(type: string): number {
  return Object.values<readonly string[] | 'everything'>(SUBSCRIPTIONS).filter(
    (types) => types === 'everything' || types.includes(type),
  ).length;
}
