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

/**
 * Takes a batch of filings to the performance gear's own knowledge in one transaction, each once, with how long the way
 * took (I-11).
 */
export async function learnFilings(filings: readonly Event<DisputeFiled>[], ports: FilingPorts): Promise<void> {
  const byDispute = new Map(filings.map((filing) => [filing.data.dispute.disputeId, filing]));
  await ports.filings.learn(await Promise.all([...byDispute.values()].map((filing) => learned(filing, ports))));
}

async function learned(filing: Event<DisputeFiled>, ports: FilingPorts) {
  const { disputeId } = filing.data.dispute;
  const policy = await ports.reference.policy(filing.policyVersion);
  const now = ports.clock.now();
  const event = learnOf(filing, policy, now);
  const cause = { causationId: filing.id, correlationId: filing.correlationId, by: 'interlock.performance' };
  return { disputeId, commit: commitOf(ports.id('filing', disputeId), 1, [event], now, cause, ports.id) };
}
