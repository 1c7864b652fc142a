import '#test/support/quiet-runtime.ts';
import { describe, expect, test } from 'vitest';
import type { Reply } from '#shared/contracts/api/request.ts';
import { ROUTES } from '#shared/contracts/api/routes.ts';
import { ROLES, type Role } from '#shared/domain/access/roles.ts';
import { apiHandler, type HttpHandler, rawApiHandler } from '#shared/runtime/api-handler.ts';
import { httpEvent, LAMBDA_CONTEXT } from '#test/support/http-event.ts';

type Access = 'anyone' | 'signed source' | string;

/**
 * Who may call what (T-1), said a second time and on purpose not taken from the routes: a change there has to be made
 * here too, by somebody who means it.
 */
const MATRIX: Record<string, Access> = {
  'GET /health': 'anyone',
  'GET /openapi.json': 'anyone',
  'POST /intake/{source}': 'signed source',
  'GET /intake/receipts': 'integrator officer supervisor',
  'GET /intake/receipts/{receiptId}': 'integrator officer supervisor',
  'GET /intake/reconciliation': 'officer supervisor operator',
  'GET /intake/dead-messages': 'officer supervisor operator',
  'GET /intake/dead-messages/{deadId}': 'officer supervisor operator',
  'POST /intake/dead-messages/{deadId}/return': 'operator',
  'GET /sources': 'operator',
  'GET /sources/{source}': 'operator',
  'PUT /sources/{source}': 'operator',
  'POST /sources/{source}/secret': 'operator',
  'GET /disputes': 'officer supervisor performance liaison head legal pr leading oversight',
  'GET /disputes/{id}': 'officer supervisor performance liaison head legal pr leading oversight',
  'GET /disputes/{id}/timeline': 'officer supervisor performance liaison head legal pr leading oversight',
  'POST /disputes/{id}/filing': 'officer supervisor',
  'POST /disputes/{id}/assignment': 'officer supervisor',
  'POST /disputes/{id}/regrading': 'officer supervisor',
  'POST /disputes/{id}/resolution': 'officer supervisor',
  'POST /disputes/{id}/rating': 'officer supervisor',
  'POST /disputes/{id}/closure': 'officer supervisor',
  'POST /disputes/{id}/reopening': 'officer supervisor',
  'POST /disputes/{id}/investigation': 'officer supervisor performance',
  'POST /disputes/{id}/cause-report': 'officer supervisor performance',
  'POST /disputes/{id}/determination': 'performance leading',
  'POST /disputes/{id}/notice': 'performance leading',
  'POST /disputes/{id}/waiver': 'performance leading',
  'GET /alerts': 'performance leading oversight',
  'POST /alerts/{id}/acknowledgement': 'performance',
  'GET /scorecards': 'performance head employee partner leading oversight hr executive',
  'GET /scorecards/{subject}/{period}': 'performance head employee partner leading oversight hr executive',
  'GET /scorecards/{subject}/{period}/explanation': 'performance head employee partner leading oversight hr executive',
  'GET /scorecards/{subject}/{period}/entries': 'performance head employee partner leading oversight hr executive',
  'GET /exports/scores': 'hr',
  'POST /exports': 'hr',
  'GET /exports/{exportId}': 'hr',
  'GET /reviews/{period}': 'executive performance',
  'POST /reviews/{period}/runs': 'executive performance',
};

/** A call of each route that fits its contract, so that only the role decides. */
const CALLS: Record<string, { query?: Record<string, string>; body?: unknown }> = {
  'GET /intake/receipts': { query: { source: 'phone', externalId: 'call-1' } },
  'GET /intake/reconciliation': { query: { day: '2026-11-20' } },
  'POST /intake/dead-messages/{deadId}/return': { body: {} },
  'PUT /sources/{source}': { body: { channel: 'phone', adapter: 'plain', scheme: 'standard-webhooks' } },
  'POST /sources/{source}/secret': { body: {} },
  'POST /disputes/{id}/filing': { body: { demand: 'refund' } },
  'POST /disputes/{id}/assignment': { body: { assignee: 'E-603' } },
  'POST /disputes/{id}/regrading': { body: { facts: { hazard: true }, reason: 'smoke' } },
  'POST /disputes/{id}/resolution': { body: { solution: 'refund', basis: 'contract' } },
  'POST /disputes/{id}/rating': { body: { value: 'neutral' } },
  'POST /disputes/{id}/closure': { body: {} },
  'POST /disputes/{id}/reopening': {},
  'POST /disputes/{id}/investigation': { body: { investigator: 'E-601' } },
  'POST /disputes/{id}/cause-report': { body: { causes: [{ branch: 'process', text: 'late truck' }] } },
  'POST /disputes/{id}/determination': {
    body: { validity: 'valid', shares: [{ kind: 'direct', subject: 'E-204', bp: 10_000 }], reasons: 'late' },
  },
  'POST /disputes/{id}/notice': {},
  'POST /disputes/{id}/waiver': { body: { reason: 'settled' } },
  'POST /alerts/{id}/acknowledgement': { body: { specialIndicators: [] } },
  'GET /exports/scores': { query: { period: '2026-10' } },
  'POST /exports': { body: { period: '2026-10' } },
  'POST /reviews/{period}/runs': { body: {} },
};
const PARAMS: Record<string, string> = {
  id: '5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a01',
  receiptId: '5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a02',
  deadId: '5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a03',
  exportId: '5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a04',
  source: 'phone',
  subject: 'E-204',
  period: '2026-11',
};

const reached = async (): Promise<Reply> => ({ status: 200, body: 'reached' });
const HANDLERS: Record<(typeof ROUTES)[number]['step'], HttpHandler> = {
  'about/describe-api': apiHandler('about/describe-api', { 'GET /health': reached, 'GET /openapi.json': reached }),
  'intake/receive-report': rawApiHandler('intake/receive-report', reached),
  'intake/answer-intake': apiHandler('intake/answer-intake', {
    'GET /intake/receipts': reached,
    'GET /intake/receipts/{receiptId}': reached,
    'GET /intake/reconciliation': reached,
  }),
  'intake/answer-dead-messages': apiHandler('intake/answer-dead-messages', {
    'GET /intake/dead-messages': reached,
    'GET /intake/dead-messages/{deadId}': reached,
    'POST /intake/dead-messages/{deadId}/return': reached,
  }),
  'intake/manage-sources': apiHandler('intake/manage-sources', {
    'GET /sources': reached,
    'GET /sources/{source}': reached,
    'PUT /sources/{source}': reached,
    'POST /sources/{source}/secret': reached,
  }),
  'disputes/answer-disputes': apiHandler('disputes/answer-disputes', {
    'GET /disputes': reached,
    'GET /disputes/{id}': reached,
    'GET /disputes/{id}/timeline': reached,
    'POST /disputes/{id}/filing': reached,
    'POST /disputes/{id}/assignment': reached,
    'POST /disputes/{id}/regrading': reached,
    'POST /disputes/{id}/resolution': reached,
    'POST /disputes/{id}/rating': reached,
    'POST /disputes/{id}/closure': reached,
    'POST /disputes/{id}/reopening': reached,
    'POST /disputes/{id}/investigation': reached,
    'POST /disputes/{id}/cause-report': reached,
    'POST /disputes/{id}/determination': reached,
    'POST /disputes/{id}/notice': reached,
    'POST /disputes/{id}/waiver': reached,
  }),
  'alerts/answer-alerts': apiHandler('alerts/answer-alerts', {
    'GET /alerts': reached,
    'POST /alerts/{id}/acknowledgement': reached,
  }),
  'scorecards/answer-scorecards': apiHandler('scorecards/answer-scorecards', {
    'GET /scorecards': reached,
    'GET /scorecards/{subject}/{period}': reached,
    'GET /scorecards/{subject}/{period}/explanation': reached,
    'GET /scorecards/{subject}/{period}/entries': reached,
  }),
  'reviews/answer-reviews': apiHandler('reviews/answer-reviews', {
    'GET /reviews/{period}': reached,
    'POST /reviews/{period}/runs': reached,
  }),
  'exports/answer-exports': apiHandler('exports/answer-exports', {
    'GET /exports/scores': reached,
    'POST /exports': reached,
    'GET /exports/{exportId}': reached,
  }),
};

/** The status that a caller gets from a route. */
async function statusOf(route: string, claims?: Record<string, unknown>): Promise<number | undefined> {
  const row = ROUTES.find(({ method, path }) => `${method} ${path}` === route);
  if (!row) throw new RangeError(`${route} is no route`);
  const names = [...row.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const params = Object.fromEntries(names.map((name) => [name, PARAMS[name] ?? '']));
  const event = httpEvent({ route, params, ...CALLS[route], ...(claims && { claims }) });
  return (await HANDLERS[row.step](event, LAMBDA_CONTEXT)).statusCode;
}
const called = (role: Role) => ({
  sub: 'u-1',
  roles: `[${role}]`,
  department: 'logistics',
  employee: 'E-204',
  source: 'phone',
});

test('the matrix has a row for every route, and a route for every row', () => {
  expect(Object.keys(MATRIX).sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
});

describe.each(Object.entries(MATRIX).map(([route, access]) => ({ route, access })))('$route', ({ route, access }) => {
  const open = access === 'anyone' || access === 'signed source';
  const allowed = open ? ROLES : ROLES.filter((role) => access.split(' ').includes(role));
  const refused = ROLES.filter((role) => !allowed.includes(role));

  test('names only roles that exist', () => {
    expect(allowed.length).toBe(open ? ROLES.length : access.split(' ').length);
  });

  test.each(allowed)('lets %s in', async (role) => {
    expect(await statusOf(route, called(role))).toBe(200);
  });

  test.each(refused)('is 403 for %s', async (role) => {
    expect(await statusOf(route, called(role))).toBe(403);
  });

  test(
    open ? 'needs no token' : 'is 401 without a token, 403 for one without roles or with all that are not named',
    async () => {
      expect(await statusOf(route)).toBe(open ? 200 : 401);
      expect(await statusOf(route, { sub: 'u-1' })).toBe(open ? 200 : 403);
      expect(await statusOf(route, { sub: 'u-1', roles: refused.join(' ') })).toBe(open ? 200 : 403);
    },
  );
});
