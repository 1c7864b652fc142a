import { fc, test as prop } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { isSettled, OUTCOMES, type Outcome } from '#shared/domain/intake/arrival.ts';
import { type Claim, conflicts } from '#shared/domain/intake/claim.ts';
import { identityOf } from '#shared/domain/intake/customer.ts';
import { entryOf } from '#shared/domain/intake/dead-message.ts';
import { disputeNumber } from '#shared/domain/intake/dispute-number.ts';
import { NOTHING_RECEIVED, sumOf, tallyOf } from '#shared/domain/intake/reconciliation.ts';

const arrival = (outcome: Outcome) => ({ source: 'phone', day: '2026-11-20', arrivalId: 'a', outcome });

describe('an arrival (I-7)', () => {
  test('has its outcome for good unless it is queued or dead-lettered', () => {
    expect(OUTCOMES.filter((outcome) => isSettled(arrival(outcome)))).toEqual([
      'opened',
      'joined',
      'duplicate',
      'rejected',
    ]);
    expect(isSettled(undefined)).toBe(false);
  });
});

describe('two contents under one id (I-5)', () => {
  const claim: Claim = {
    ...{ source: 'phone', externalId: 'e', receiptId: 'r', arrivalId: 'a', disputeId: 'd' },
    ...{ content: 'c', fields: { text: '1', type: '2', order: '3' } },
  };

  test('differ in the fields that changed, that are new and that are gone, in their order', () => {
    const found = conflicts(claim, { content: 'x', fields: { text: '9', type: '2', region: '4' } });
    expect(found.map(({ path }) => path)).toEqual(['order', 'region', 'text']);
    expect(new Set(found.map(({ message }) => message))).toEqual(
      new Set(['differs from the report that came first under this external id']),
    );
  });

  test('that are equal differ in nothing', () => {
    expect(conflicts(claim, claim)).toEqual([]);
  });
});

describe('a customer is recognised (I-8)', () => {
  test.each([
    ['by the reference before all', { ref: ' C-1 ', phone: '1', email: 'a@b' }, 'ref:C-1'],
    ['by the phone before the mail', { phone: '139 1234-5678', email: 'a@b' }, 'phone:13912345678'],
    ['by a phone with its country', { phone: '+86 (139) 1234' }, 'phone:+861391234'],
    ['by the same phone with zeros', { phone: '0086 139 1234' }, 'phone:+861391234'],
    ['by a phone in full-width digits', { phone: '１３９' }, 'phone:139'],
    ['by the mail in small letters', { email: ' Xm.Wang@Example.COM ' }, 'email:xm.wang@example.com'],
    ['by the mail where the phone has no digit', { phone: 'unknown', email: 'a@b' }, 'email:a@b'],
    ['by nothing but a name: not at all', { name: '王小明', tier: 'at-risk' }, undefined],
    ['by a phone without digits: not at all', { phone: '-' }, undefined],
    ['by a phone of nothing but a plus: not at all', { phone: '+' }, undefined],
  ])('%s', (_, customer, identity) => {
    expect(identityOf(customer)).toBe(identity);
  });

  test('not where the report names nobody', () => {
    expect(identityOf(undefined)).toBeUndefined();
  });
});

describe('a dispute’s number', () => {
  const zone = 'Asia/Shanghai';

  test('has the local month of receipt and the last 50 bits of the id', () => {
    expect(disputeNumber('00000000-0000-5000-8000-000000000000', '2026-11-30T16:00:00Z', zone)).toBe(
      'D-202612-0000000000',
    );
    expect(disputeNumber('00000000-0000-5000-8000-00000000001f', '2026-11-30T15:59:59Z', zone)).toBe(
      'D-202611-000000000Z',
    );
    expect(disputeNumber('ffffffff-ffff-5fff-bfff-ffffffffffff', '2026-11-20T00:00:00Z', zone)).toBe(
      'D-202611-ZZZZZZZZZZ',
    );
  });

  prop.prop([fc.uuid(), fc.uuid()])('is the same for the same id and differs for another', (a, b) => {
    const number = (id: string) => disputeNumber(id, '2026-11-20T00:00:00Z', zone);
    expect(number(a)).toMatch(/^D-202611-[0-9A-HJKMNP-TV-Z]{10}$/);
    expect(number(a)).toBe(number(a));
    expect(number(a) === number(b)).toBe(
      BigInt(`0x${a.replaceAll('-', '')}`) % 2n ** 50n === BigInt(`0x${b.replaceAll('-', '')}`) % 2n ** 50n,
    );
  });
});

describe('a dead message in a list (I-4)', () => {
  test('shows how large it is and none of its words', () => {
    const at = '2026-11-20T02:31:00Z';
    const message = { deadId: 'dead', messageId: 'message', sentAt: at, keptAt: at, reasons: [], body: '包裹' };
    expect(entryOf(message)).toEqual({
      deadId: 'dead',
      messageId: 'message',
      sentAt: at,
      keptAt: at,
      reasons: [],
      bytes: 6,
    });
  });
});

describe('a tally (I-7)', () => {
  test('counts each outcome for itself', () => {
    const arrivals = OUTCOMES.flatMap((outcome, index) => Array.from({ length: index + 1 }, () => arrival(outcome)));
    const awaited = arrivals.map((each) => ({ ...each, awaited: each.outcome === 'opened' }));
    expect(tallyOf(awaited)).toEqual({
      ...{ received: 21, inFlight: 1, opened: 2, joined: 3, duplicate: 4, rejected: 5, deadLettered: 6 },
      awaitingCompletion: 2,
    });
  });

  test('of nothing is nothing', () => {
    expect(tallyOf([])).toEqual(NOTHING_RECEIVED);
  });

  test('adds up figure by figure', () => {
    const one = {
      received: 1,
      opened: 2,
      joined: 3,
      duplicate: 4,
      rejected: 5,
      deadLettered: 6,
      inFlight: 7,
      awaitingCompletion: 8,
    };
    expect(sumOf(one, { ...one, received: 10 })).toEqual({
      ...{ received: 11, opened: 4, joined: 6, duplicate: 8, rejected: 10, deadLettered: 12, inFlight: 14 },
      awaitingCompletion: 16,
    });
  });
});
