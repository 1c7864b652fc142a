import { describe, expect, test } from 'vitest';
import { notFound, problem } from '#shared/contracts/api/request.ts';
import { breachesOf } from '#test/support/kept-contract.ts';

const json = { 'content-type': 'application/json' };
const card = {
  subject: { kind: 'department', id: 'logistics', name: 'Logistics' },
  period: '2026-11',
  base: '100.00',
  adjustments: '-1.00',
  pendingPoints: '0.00',
  result: '99.00',
  band: 'excellent',
  status: 'provisional',
  atStake: { disputes: 1, points: '-10.00', awaitingNotice: 0 },
  policyVersion: 1,
  asOf: '2026-11-20T02:31:00Z',
};
const breaches = (body: unknown, status = 200) =>
  breachesOf('GET', '/scorecards/logistics/2026-11?x=y', { status, headers: json, body });

describe('an answer is held to the description of its route', () => {
  test('and keeps it', () => {
    expect(breaches(card)).toEqual([]);
  });

  test.each([
    { title: 'points as a number', change: { result: 99 }, breach: /^result: / },
    { title: 'a plus before a gain', change: { adjustments: '+2.00' }, breach: /^adjustments: / },
    { title: 'one decimal place', change: { base: '100.0' }, breach: /^base: / },
    {
      title: 'a field that is not described',
      change: { atStake: { ...card.atStake, shares: [] } },
      breach: /^atStake.shares: is not described$/,
    },
    { title: 'an instant with a fraction', change: { asOf: '2026-11-20T02:31:00.5Z' }, breach: /^asOf: / },
  ])('and breaks it by $title', ({ change, breach }) => {
    expect(breaches({ ...card, ...change })).toEqual([expect.stringMatching(breach)]);
  });

  test('in its refusals too', () => {
    const { body, headers = {} } = problem(409, {
      detail: 'not now',
      tracks: { status: 'filed', responsibility: 'gone' },
    });
    expect(breachesOf('POST', '/disputes/1/notice', { status: 409, headers, body })).toEqual([
      expect.stringMatching(/^tracks.responsibility: /),
    ]);
    const missing = notFound();
    expect(
      breachesOf('POST', '/disputes/1/notice', { status: 404, headers: missing.headers ?? {}, body: missing.body }),
    ).toEqual([]);
  });

  test('a command on a dispute without its ETag is a breach, and so is a route that nobody described', () => {
    expect(breachesOf('GET', '/disputes/1', { status: 200, headers: json, body: {} })).toContain('the ETag is missing');
    expect(breachesOf('GET', '/elsewhere', { status: 200, headers: json, body: {} })).toEqual([
      'GET /elsewhere is no route',
    ]);
  });
});
