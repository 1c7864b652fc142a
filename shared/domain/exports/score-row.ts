import type { Instant, Month } from '../calendar/civil-date.ts';
import { cardOf } from '../performance/card.ts';
import { byRecording, type Entry, withStatus } from '../performance/entry.ts';
import { pointsText } from '../performance/points.ts';
import type { Head } from '../performance/seal.ts';
import type { Subject, SubjectKind } from '../policy/directory.ts';
import type { Policy } from '../policy/policy.ts';

/** One subject's month as HR gets it. Points are decimal strings with two places. */
export interface ScoreRow {
  readonly period: Month;
  readonly subjectType: SubjectKind;
  readonly subjectId: string;
  readonly subjectName: string;
  /** Empty for a partner, who belongs to none. */
  readonly departmentId: string;
  readonly base: string;
  readonly adjustments: string;
  /** What vetoes took of the result, in percent. */
  readonly vetoPercent: number;
  /** Ids of the indicators whose failure negates the result. */
  readonly negations: readonly string[];
  readonly result: string;
  readonly band: string;
  /** What a bonus is multiplied by (S-18). */
  readonly bonusFactor: string;
  readonly pendingPoints: string;
  /** How many entries the row was computed from. */
  readonly entries: number;
  readonly status: 'provisional' | 'final';
  readonly policyVersion: number;
  readonly asOf: Instant;
}

/** Up to where a card was sealed when its row was computed (S-20): the seal's number, how many entries, the seal's hash. */
export type RowHead = Pick<Head, 'seal' | 'entries' | 'hash'>;

/** A row with its card's head; a card without entries has none. */
export interface FrozenRow {
  readonly row: ScoreRow;
  readonly head: RowHead | null;
}

/** By what rows are sorted: kind and id. */
export function placeOf({ row }: FrozenRow): string {
  return `${row.subjectType} ${row.subjectId}`;
}

/** Some rows at a time, so that any number goes through bounded memory. */
export type RowBatches = AsyncIterable<readonly FrozenRow[]>;

/** A card's row out of its entries. Two calls with the same entries, policy and time give the same row. */
export function scoreRow(
  subject: Pick<Subject, 'kind' | 'id' | 'name' | 'department'>,
  period: Month,
  entries: readonly Entry[],
  policy: Policy,
  asOf: Instant,
): ScoreRow {
  const card = cardOf(subject, period, withStatus(entries.toSorted(byRecording)), policy, asOf);
  return {
    period,
    subjectType: subject.kind,
    subjectId: subject.id,
    subjectName: subject.name,
    departmentId: subject.department ?? '',
    base: pointsText(card.base),
    adjustments: pointsText(card.adjustments),
    vetoPercent: 0,
    negations: [],
    result: pointsText(card.result),
    band: card.band,
    bonusFactor: bonusFactor(card.band, policy),
    pendingPoints: pointsText(card.pendingPoints),
    entries: entries.length,
    status: card.status,
    policyVersion: policy.version,
    asOf,
  };
}

const WHOLE_BP = 10_000;

/**
 * What a bonus is multiplied by: 1 + L × rate, L being the linked share of the policy's year of introduction and the
 * rate that of the band (S-18). Exact to a basis point, half a basis point upwards; two places at least, four at most.
 */
export function bonusFactor(band: string, { points: { bonus } }: Policy): string {
  const linkedBp = bonus.linkedShareBp[bonus.introductionYear - 1] ?? bonus.linkedShareBp.at(-1) ?? 0;
  const factorBp = WHOLE_BP + Math.round((linkedBp * (bonus.rateBp[band] ?? 0)) / WHOLE_BP);
  const digits = String(factorBp).padStart(5, '0');
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`.replace(/0{1,2}$/, '');
}

/**
 * The hundredths that a decimal string stands for; `pointsText` the other way round.
 * @throws RangeError for what is no decimal string with two places
 */
export function hundredthsOf(points: string): number {
  if (!/^-?\d{1,13}\.\d{2}$/.test(points))
    throw new RangeError(`points have two places, got ${JSON.stringify(points)}`);
  return Number(points.replace('.', '')) || 0; // "-0.00" is no negative zero.
}
