import { dayIn, epochSeconds, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { IN_HOUSE } from '#shared/domain/intake/arrival.ts';
import { afterTally, type DayTally, daysToTally } from '#shared/domain/intake/tally-days.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { IntakeStore } from '#shared/domain/ports/intake-store.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { TallyStore } from '#shared/domain/ports/tally-store.ts';

export interface TallyPorts {
  readonly intake: IntakeStore;
  readonly reference: Reference;
  readonly tallies: TallyStore;
  readonly clock: Clock;
  /** The organisation's. */
  readonly zone: TimeZone;
}

/**
 * Counts the arrivals of the finished days that can have changed, so that a review reads one item per day instead of
 * one per arrival (R-3, I-7). A repeat writes the same; a run that was missed is made up for by the next.
 *
 * @returns how many days it tallied
 */
export async function tallyDays({ intake, reference, tallies, clock, zone }: TallyPorts): Promise<number> {
  const now = clock.now();
  const asOf = epochSeconds(now);
  const [before, registered, policies] = await Promise.all([
    tallies.state(),
    reference.sourcesNow(),
    reference.policies(),
  ]);
  const today = dayIn(zone, now);
  const floor = policies.map(({ effectiveFrom }) => effectiveFrom).sort()[0] ?? today;
  const sources = [...new Set([...registered.map(({ source }) => source), IN_HOUSE])].sort();
  const days: DayTally[] = [];
  for (const day of daysToTally(before, today, floor)) {
    const tallied = await Promise.all(
      sources.map(async (source) => ({ source, ...(await intake.tally(source, day)) })),
    );
    days.push({ day, asOf, sources: tallied.filter(({ received }) => received > 0) });
  }
  const state = afterTally(before, days, asOf);
  if (state) await tallies.keep(days, state);
  return days.length;
}
