import type { Card } from '#shared/domain/performance/card.ts';
import type { Entry, EntryStatus } from '#shared/domain/performance/entry.ts';
import type { ExplainedEntry } from '#shared/domain/performance/explanation.ts';
import { pointsText } from '#shared/domain/performance/points.ts';

/** A card as `interface.md` has it. */
export function cardBody({ base, adjustments, pendingPoints, result, atStake, ...card }: Card) {
  return {
    ...card,
    base: pointsText(base),
    adjustments: pointsText(adjustments),
    pendingPoints: pointsText(pendingPoints),
    result: pointsText(result),
    ...(atStake && { atStake: { ...atStake, points: pointsText(atStake.points) } }),
  };
}

/** An entry as `interface.md` has it. */
export function entryBody(entry: Entry & { readonly status: EntryStatus }) {
  const { entryId, groupId, kind, status, points, percentBp, rule, disputeId } = entry;
  const { share, indicator, reverses, policyVersion, calendar, recordedAt } = entry;
  return {
    entryId,
    groupId,
    kind,
    status,
    ...(points !== undefined && { points: pointsText(points) }),
    percentBp,
    rule,
    disputeId,
    share,
    indicator,
    reverses,
    policyVersion,
    calendarVersion: calendar.version,
    recordedAt,
  };
}

/** One step of the waterfall; the inputs are whole hundredths, as the rule took them. */
export function stepBody({ entry, text, settledAt, nearestMiss, balance }: ExplainedEntry) {
  const { inputs, calendar, determinationId, decidedBy, noticedBy, noticedAt, windowEndsAt, ratedBy, ratedAt } = entry;
  return {
    ...entryBody(entry),
    text,
    inputs,
    calendar: calendar.id,
    determinationId,
    decidedBy,
    noticedBy,
    noticedAt,
    windowEndsAt,
    ratedBy,
    ratedAt,
    settledAt,
    nearestMiss,
    balance: pointsText(balance),
  };
}
