import type { TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { commitOf } from '#shared/domain/event.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import { applyInOrder, newScoring, type ScoringEvent } from '#shared/domain/performance/scoring.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { Ledger } from '#shared/domain/ports/ledger.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';

export interface ScorePorts {
  readonly ledger: Ledger;
  readonly reference: Reference;
  readonly clock: Clock;
  /** UUIDv5 over its parts. */
  readonly id: Digest['id'];
  /** The organisation's. */
  readonly zone: TimeZone;
}

/**
 * Moves the points that an event of a dispute asks for (S-1, S-2, S-5, S-12, S-13), in the dispute's own order and once
 * (S-14): an event that comes too early is kept until its turn.
 */
export function scoreDispute(event: ScoringEvent, { ledger, reference, clock, id, zone }: ScorePorts): Promise<void> {
  return untilCommitted(async () => {
    const { disputeId } = event.data.dispute;
    const before = (await ledger.scoring(disputeId)) ?? newScoring(disputeId);
    const [directory, policies] = await Promise.all([reference.directory(), reference.policies()]);
    const policy = (version: number) => {
      const found = policies.find((each) => each.version === version);
      if (!found) throw new RangeError(`policy ${version} was never published`);
      return found;
    };
    const now = clock.now();
    const { scoring, acts } = applyInOrder(before, event, { zone, directory, policy, now, id });
    if (scoring === before) return;
    const after = { ...scoring, version: before.version + 1 };
    const events = acts.map((act) => act.event);
    const cause = { causationId: event.id, correlationId: event.correlationId, by: 'interlock.performance' };
    const commit = commitOf(id('scoring', disputeId), after.version, events, now, cause, id);
    const entries = acts.flatMap((act) => act.entries);
    await ledger.save(after, entries, events.length > 0 ? commit : undefined);
  });
}
