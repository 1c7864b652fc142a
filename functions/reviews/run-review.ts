import type { Instant, Month } from '#shared/domain/calendar/civil-date.ts';
import { dayIn } from '#shared/domain/calendar/civil-date.ts';
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
 * Runs a month's review: other inputs than those of the latest run make a new revision, the same ones none.
 *
 * @param ranBy who asked for it
 * @throws WriteRefused when others ran the same month at the same time for too long
 */
export async function runReview(period: Month, ranBy: string, ports: RunPorts): Promise<Ran | NoReview> {
  const inputs = await gatherInputs(period, ports);
  if (typeof inputs === 'string') return inputs;
  const hash = ports.hash(inputs);
  return untilCommitted(async () => {
    const latest = await ports.reviews.latest(period);
    if (latest?.inputs === hash) return { run: latest, fresh: false };
    const provisional = provisionalOf(inputs) !== undefined;
    const revision = (latest?.revision ?? 0) + 1;
    const run = { period, revision, inputs: hash, provisional, ranAt: ports.clock.now(), ranBy };
    await ports.reviews.record(run, inputs);
    return { run, fresh: true };
  });
}

/** Runs the month before this one: what the schedule does on the first. */
export async function runMonthBefore(ports: RunPorts): Promise<Ran | NoReview> {
  return runReview(monthBefore(ports.clock.now(), ports), SCHEDULE, ports);
}

function monthBefore(now: Instant, { zone }: RunPorts): Month {
  const today = dayIn(zone, now);
  return plusDays(`${today.slice(0, 7)}-01`, -1).slice(0, 7);
}
