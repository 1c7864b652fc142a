import { describe, expect, test } from 'vitest';
import { type Instant, plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { DisputeFiled } from '#shared/domain/dispute/dispute-events.ts';
import type { Event } from '#shared/domain/event.ts';
import { learnOf } from '#shared/domain/performance/filing.ts';
import { header } from '#test/performance/scored-events.ts';
import { POLICY } from '#test/support/sample.ts';

const FILED_AT: Instant = '2026-11-20T02:31:00Z';

const filing: Event<DisputeFiled> = {
  id: 'event-2',
  type: 'DisputeFiled.v1',
  occurredAt: FILED_AT,
  aggregateId: 'dispute',
  aggregateVersion: 1,
  correlationId: 'report',
  causationId: 'report',
  policyVersion: 7,
  data: { dispute: header(), automatic: true, dueAt: '2026-11-20T03:30:00Z', inTime: true },
};

describe('the way from a filing to those who have to know of it (I-11)', () => {
  test.each([
    { title: 'five minutes to the second are in time', passed: 300, seconds: 300, inTime: true },
    { title: 'one second more is late', passed: 301, seconds: 301, inTime: false },
    { title: 'a clock that runs behind counts as no time', passed: -20, seconds: 0, inTime: true },
  ])('$title', ({ passed, seconds, inTime }) => {
    expect(learnOf(filing, POLICY, plusSeconds(FILED_AT, passed))).toEqual({
      type: 'FilingLearned.v1',
      policyVersion: 7,
      data: { dispute: header(), filedAt: FILED_AT, seconds, inTime },
    });
  });

  test('what is in time is policy, and the version is that of the filing', () => {
    const patient = { ...POLICY, version: 8, intake: { ...POLICY.intake, syncSeconds: 600 } };
    expect(learnOf(filing, patient, plusSeconds(FILED_AT, 600))).toMatchObject({
      policyVersion: 7,
      data: { inTime: true },
    });
  });
});
