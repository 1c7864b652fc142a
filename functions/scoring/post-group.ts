import type { DueMessage } from '#shared/contracts/messages/due-message.ts';
import { commitOf } from '#shared/domain/event.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import { postDue } from '#shared/domain/performance/scoring.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { Ledger } from '#shared/domain/ports/ledger.ts';

export interface PostPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** UUIDv5 over its parts. */
  readonly id: Digest['id'];
}

/**
 * Posts a pending group when its appeal window is over (S-13, C-8), all of it in one act (S-12). Too early, too late or
 * again changes nothing.
 */
export function postGroupOf(due: DueMessage, { ledger, clock, id }: PostPorts): Promise<void> {
  return untilCommitted(async () => {
    const disputeId = due.pk.replace(/^SCORING#/, '');
    const before = await ledger.scoring(disputeId);
    const waiting = before?.determinationGroups.pending;
    if (!before || !waiting) return;
    const now = clock.now();
    const { scoring, acts } = postDue(before, now, { now, id });
    if (acts.length === 0) return;
    const after = { ...scoring, version: before.version + 1 };
    const { groupId, correlationId } = waiting;
    const cause = { causationId: id('clock', 'C-8', groupId), correlationId, by: 'interlock.clocks' };
    const events = acts.map((act) => act.event);
    const commit = commitOf(id('scoring', disputeId), after.version, events, now, cause, id);
    await ledger.save(
      after,
      acts.flatMap((act) => act.entries),
      commit,
    );
  });
}
