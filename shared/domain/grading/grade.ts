import type { Instant } from '../calendar/civil-date.ts';
import type { Level, Money } from '../policy/policy.ts';
import type { Channel } from '../policy/source.ts';

/** What is known of a dispute that grading looks at (G-2); everything but the loss may be corrected by an officer. */
export interface Facts {
  readonly personalSafety: boolean;
  readonly hazard: boolean;
  readonly leaving: boolean;
  readonly interrupted: boolean;
  readonly threat: 'none' | 'regulator' | 'lawsuit' | 'media';
}

export interface PublicOpinion {
  readonly reach: number;
  readonly media: boolean;
  readonly regulator: boolean;
}

/** Everything a grade depends on besides policy. */
export interface GradedFacts {
  readonly facts: Facts;
  readonly publicOpinion: PublicOpinion;
  readonly amount?: Money;
  readonly channel: Channel;
  /** Dates the exchange rate. */
  readonly occurredAt: Instant;
}

/** A rule's inputs as they met it, by name: strings, numbers and booleans only. */
export type Values = Readonly<Record<string, string | number | boolean>>;

/** One rule that was met, with the values that met it. */
export interface Reason {
  readonly rule: string;
  readonly values: Values;
  readonly text: string;
}

/** The rule of the next graver level that came closest, and what it lacked (G-3). */
export interface NearestMiss {
  readonly rule: string;
  readonly level: Level;
  readonly have: string;
  readonly need: string;
  readonly text: string;
}

export type Colour = 'red' | 'yellow' | 'blue';

/** One grading decision (G-2, G-3). */
export interface Grade {
  readonly level: Level;
  readonly colour: Colour;
  readonly reasons: readonly Reason[];
  readonly nearestMiss?: NearestMiss;
  /** Rules that could not be answered, and why: no rate for a currency (G-2). */
  readonly notEvaluable: readonly { readonly rule: string; readonly reason: string }[];
  readonly policyVersion: number;
  readonly gradedAt: Instant;
}

/** The colour in which each level is called out (G-1, section 1). */
export const COLOURS = { 1: 'red', 2: 'yellow', 3: 'blue' } as const satisfies Record<Level, Colour>;
