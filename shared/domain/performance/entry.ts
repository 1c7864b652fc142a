import type { Instant, Month } from '../calendar/civil-date.ts';
import type { Share } from '../dispute/dispute.ts';
import type { SubjectKind } from '../policy/directory.ts';
import type { CatalogueEffect, Level, Rating } from '../policy/policy.ts';
import type { EntryTotal, ScoringBasis } from './performance-events.ts';

/** Whose scorecard: the id alone is unique over departments, employees and partners. */
export interface CardSubject {
  readonly kind: SubjectKind;
  readonly id: string;
}

/** What an entry moves: hundredths of a point now, or basis points of its month at the period's close (section 7). */
export type Effect = { readonly points: number } | { readonly percentBp: number };

/** What a rule was given; {@link effectOf} makes the same effect of it again (S-19). */
export type EntryInputs =
  | {
      readonly rule: 'S-5';
      readonly by: 'base';
      readonly level: Level;
      /** The whole dispute at this level, in hundredths. */
      readonly base: number;
      /** All shares of the determination: the rounding looks at all of them. */
      readonly shares: readonly Share[];
      readonly rounding: 'largest-remainder';
      /** Whose part of it this entry is. */
      readonly holder: Pick<Share, 'subject' | 'kind'>;
    }
  | { readonly rule: 'S-5'; readonly by: 'catalogue'; readonly share: Share; readonly criterion: CatalogueEffect }
  | { readonly rule: 'S-1'; readonly value: Rating; readonly scale: Readonly<Record<Rating, number>> }
  | {
      readonly rule: 'S-2';
      readonly value: Rating;
      readonly type: string;
      readonly attitudeTypes: readonly string[];
      readonly dissatisfied: number;
    }
  | { readonly rule: 'reversal'; readonly reversed: Effect };

/** What one rule moves on one card, before it is written: a line of a posting group. */
export interface Line {
  readonly entryId: string;
  readonly subject: CardSubject;
  readonly department?: string;
  /** The month of the notice or rating, in the organisation's zone. */
  readonly period: Month;
  readonly rule: string;
  readonly effect: Effect;
  readonly share?: Share;
  readonly indicator?: string;
  /** The entry whose effect this one takes back. */
  readonly reverses?: string;
}

/** Why a group moves points, and who decided so: the same on all of its entries. */
export interface Grounds {
  readonly disputeId: string;
  readonly basis: ScoringBasis;
  readonly determinationId?: string;
  readonly policyVersion: number;
  readonly calendar: { readonly id: string; readonly version: number };
  readonly decidedBy?: string;
  readonly noticedBy?: string;
  readonly noticedAt?: Instant;
  /** C-8. */
  readonly windowEndsAt?: Instant;
  readonly ratedBy?: string;
  readonly ratedAt?: Instant;
}

/**
 * One immutable posting on a scorecard. Entries of kind `posted` and `void` name a group and decide what its others
 * count as (S-13).
 */
export interface Entry extends Grounds {
  readonly entryId: string;
  readonly groupId: string;
  readonly kind: 'points' | 'percent' | 'posted' | 'void';
  readonly subject: CardSubject;
  readonly department?: string;
  readonly period: Month;
  readonly rule: string;
  readonly points?: number;
  readonly percentBp?: number;
  readonly share?: Share;
  readonly indicator?: string;
  readonly reverses?: string;
  readonly inputs?: EntryInputs;
  readonly recordedAt: Instant;
}

export type EntryStatus = 'pending' | 'posted' | 'void';

/** Entries with what each counts as: the last word on its group that stands on the same card (S-13). */
export function withStatus(entries: readonly Entry[]): readonly (Entry & { readonly status: EntryStatus })[] {
  const words = new Map<string, EntryStatus>();
  for (const { kind, groupId } of entries) {
    if (kind === 'posted' || kind === 'void') words.set(groupId, kind);
  }
  return entries.map((entry) => ({ ...entry, status: words.get(entry.groupId) ?? 'pending' }));
}

/** Oldest first; those of one second by their id. */
export function byRecording(a: Entry, b: Entry): number {
  return `${a.recordedAt} ${a.entryId}` < `${b.recordedAt} ${b.entryId}` ? -1 : 1;
}

/** What lines move per card and rule, in the order in which they first appear. */
export function totalsOf(lines: readonly Line[]): readonly EntryTotal[] {
  const totals = new Map<string, EntryTotal>();
  for (const { subject, department, period, rule, effect } of lines) {
    const key = JSON.stringify([subject.id, period, rule]);
    const sum = totals.get(key) ?? { subject, ...(department && { department }), period, rule, points: 0 };
    totals.set(
      key,
      'points' in effect
        ? { ...sum, points: sum.points + effect.points }
        : { ...sum, percentBp: (sum.percentBp ?? 0) + effect.percentBp },
    );
  }
  return [...totals.values()];
}

/** The effect that takes another one back. */
export function oppositeOf(effect: Effect): Effect {
  return 'points' in effect ? { points: negative(effect.points) } : { percentBp: negative(effect.percentBp) };
}

/** The negative of a whole number, without a negative zero. */
export function negative(value: number): number {
  return value === 0 ? 0 : -value;
}

/** Whether an effect is zero: then nothing is written of it (S-1). */
export function movesNothing(effect: Effect): boolean {
  return ('points' in effect ? effect.points : effect.percentBp) === 0;
}
