import type { DisputeFiled } from '#shared/domain/dispute/dispute-events.ts';
import { commitOf, type Event } from '#shared/domain/event.ts';
import { learnOf } from '#shared/domain/performance/filing.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { FilingStore } from '#shared/domain/ports/filing-store.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';

export interface FilingPorts {
  readonly filings: FilingStore;
  readonly reference: Reference;
  readonly clock: Clock;
  readonly id: Digest['id'];
}

/** Takes a filing to the performance gear's own knowledge, once, with how long the way took (I-11). */
export async function learnFiling(filing: Event<DisputeFiled>, ports: FilingPorts): Promise<void> {
  const { disputeId } = filing.data.dispute;
  const policy = await ports.reference.policy(filing.policyVersion);
  const now = ports.clock.now();
  const learned = learnOf(filing, policy, now);
  const cause = { causationId: filing.id, correlationId: filing.correlationId, by: 'interlock.performance' };
  const commit = commitOf(ports.id('filing', disputeId), 1, [learned], now, cause, ports.id);
  await ports.filings.learn(disputeId, commit);
}
