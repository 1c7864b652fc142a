import type { CaseHeader, DisputeEvent } from '#shared/domain/dispute/dispute-events.ts';
import type { Event } from '#shared/domain/event.ts';
import type { EntryTotal, PerformanceEvent } from '#shared/domain/performance/performance-events.ts';

/** A header as intake writes it; tests name only what they are about. */
export function header(parts: Partial<CaseHeader> = {}): CaseHeader {
  return {
    disputeId: '6f0f3a40-0000-5000-8000-000000000001',
    customer: '3f1b6a52-7c0d-4f6e-9b8a-2d5e1c4f7a90',
    month: '2026-11',
    source: 'phone',
    channel: 'phone',
    category: 'logistics',
    type: 'late-delivery',
    department: 'logistics',
    level: 3,
    ...parts,
  };
}

/** What one act moves on the card of a party, in hundredths of a point. */
export function total(points: number, parts: Partial<EntryTotal> = {}): EntryTotal {
  return {
    subject: { kind: 'department', id: 'logistics' },
    department: 'logistics',
    period: '2026-11',
    rule: 'S-5',
    points,
    ...parts,
  };
}

type Body = DisputeEvent | PerformanceEvent;

/** One event of a commit, in its envelope. */
export function enveloped<E extends Body>(event: E, aggregateId: string, version: number, index: number): Event<Body> {
  const envelope = {
    id: `${aggregateId}/${version}/${index}`,
    occurredAt: '2026-11-20T02:31:00Z',
    aggregateId,
    aggregateVersion: version,
    correlationId: 'test',
    causationId: 'test',
    policyVersion: 1,
  };
  return { ...envelope, ...event } as Event<Body>;
}
