import { type Day, dayIn, type Month } from '#shared/domain/calendar/civil-date.ts';
import { plusDays } from '#shared/domain/intake/tally-days.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import type { ContentHash } from '#shared/domain/ports/digest.ts';
import type { ReviewRun, ReviewStore } from '#shared/domain/ports/review-store.ts';
import { provisionalOf } from '#shared/domain/review/reconcile.ts';
import { type GatheringPorts, gatherInputs, type NoReview } from './gather-inputs.ts';

export interface RunPorts extends GatheringPorts {
  readonly reviews: ReviewStore;
  readonly hash: ContentHash;
}

/** Who ran what nobody asked for. */
const SCHEDULE = 'schedule';

/** A run, and whether it found anything new. */
export interface Ran {
  readonly run: ReviewRun;
  readonly fresh: boolean;
}

/**
 * Runs a month's review: other inputs than those of the latest run make a new revision, the same ones none. What
 * was gathered before another run kept its revision is not kept after it, but gathered again.
 *
 * @param ranBy who asked for it
 * @throws WriteRefused when others ran the same month at the same time for too long
 */
export async function runReview(period: Month, ranBy: string, ports: RunPorts): Promise<Ran | NoReview> {
  return untilCommitted(async () => {
    const latest = await ports.reviews.latest(period);
    const inputs = await gatherInputs(period, ports);
    if (typeof inputs === 'string') return inputs;
    const hash = ports.hash(inputs);
    if (latest?.inputs === hash) return { run: latest, fresh: false };
    const provisional = provisionalOf(inputs) !== undefined;
    const revision = (latest?.revision ?? 0) + 1;
    const run = { period, revision, inputs: hash, provisional, ranAt: ports.clock.now(), ranBy };
    await ports.reviews.record(run, inputs);
    return { run, fresh: true };
  });
}

/** Months that the schedule looks back over: those whose turn was missed are made up for. */
const MONTHS_BACK = 24;

/**
 * What the schedule does on the first: runs the month before this one, and every month before it that nobody ran since it
 * ended, from the first one of which anything was counted.
 *
 * @throws AggregateError when a month could not be run; all others were
 */
export async function runEndedMonths(ports: RunPorts): Promise<readonly (Ran | NoReview)[]> {
  const ran: (Ran | NoReview)[] = [];
  const errors: unknown[] = [];
  for (const month of await monthsToRun(ports)) {
    try {
      ran.push(await runReview(month, SCHEDULE, ports));
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} months could not be reviewed`);
  return ran;
}

/** The newest first: it is the one that is waited for. */
async function monthsToRun({ reviews, counters, clock, zone }: RunPorts): Promise<readonly Month[]> {
  const last = monthBefore(dayIn(zone, clock.now()));
  let begun = false;
  const missed: Month[] = [];
  for (const month of monthsUntil(monthBefore(`${last}-01`))) {
    begun ||= (await counters.counters(month)).length > 0;
    const latest = await reviews.latest(month);
    const ranSince = latest !== undefined && dayIn(zone, latest.ranAt).slice(0, 7) > month;
    if (begun && !ranSince) missed.unshift(month);
  }
  return [last, ...missed];
}

/** So many months up to and with this one, the oldest first. */
function monthsUntil(last: Month): readonly Month[] {
  const months = [last];
  while (months.length < MONTHS_BACK - 1) months.unshift(monthBefore(`${months[0]}-01`));
  return months;
}

function monthBefore(day: Day): Month {
  return plusDays(`${day.slice(0, 7)}-01`, -1).slice(0, 7);
}
