import type { Arrival, Outcome } from './arrival.ts';

/** Arrivals by what became of them; every figure is counted for itself (I-7). */
export interface Arrived {
  readonly received: number;
  readonly opened: number;
  readonly joined: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly deadLettered: number;
  readonly inFlight: number;
}

/** Arrivals of one source and day, as they stand at the moment. */
export interface Tally extends Arrived {
  /** How many of the opened ones wait for an officer (I-9). */
  readonly awaitingCompletion: number;
}

export const NONE_ARRIVED: Arrived = {
  received: 0,
  opened: 0,
  joined: 0,
  duplicate: 0,
  rejected: 0,
  deadLettered: 0,
  inFlight: 0,
};
export const NOTHING_RECEIVED: Tally = { ...NONE_ARRIVED, awaitingCompletion: 0 };

const FIGURE = {
  opened: 'opened',
  joined: 'joined',
  duplicate: 'duplicate',
  rejected: 'rejected',
  'dead-lettered': 'deadLettered',
  queued: 'inFlight',
} as const satisfies Record<Outcome, keyof Tally>;

/** Each arrival counted for itself. */
export function tallyOf(arrivals: readonly Arrival[]): Tally {
  const tally: { -readonly [F in keyof Tally]: number } = { ...NOTHING_RECEIVED };
  for (const { outcome, awaited } of arrivals) {
    tally.received += 1;
    tally[FIGURE[outcome]] += 1;
    if (awaited) tally.awaitingCompletion += 1;
  }
  return tally;
}

/** Both together, figure by figure. */
export function sumOf(a: Tally, b: Tally): Tally {
  return { ...arrivedOf(a, b), awaitingCompletion: a.awaitingCompletion + b.awaitingCompletion };
}

/** The same, of what does not change any more once an arrival is settled. */
export function arrivedOf(a: Arrived, b: Arrived): Arrived {
  return {
    received: a.received + b.received,
    opened: a.opened + b.opened,
    joined: a.joined + b.joined,
    duplicate: a.duplicate + b.duplicate,
    rejected: a.rejected + b.rejected,
    deadLettered: a.deadLettered + b.deadLettered,
    inFlight: a.inFlight + b.inFlight,
  };
}
