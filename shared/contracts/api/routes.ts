import type { Role } from '../../domain/access/roles.ts';
import type { CommandName } from '../../domain/dispute/commands.ts';

/** One row of the access matrix (T-1): a route, who may call it, and the function that answers. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  /** `anyone` needs no token; `signed-source` is checked by the webhook's signature; else any one of these roles. */
  readonly access: 'anyone' | 'signed-source' | readonly Role[];
  /** What a role sees beyond its row: own data only (another's id is 404), or everything. */
  readonly own?: string;
  /** The handler under `functions/`. */
  readonly step: Step;
}
export type Step =
  | 'about/describe-api'
  | 'intake/receive-report'
  | 'intake/answer-intake'
  | 'intake/answer-dead-messages'
  | 'intake/manage-sources'
  | 'disputes/answer-disputes'
  | 'alerts/answer-alerts'
  | 'scorecards/answer-scorecards'
  | 'exports/answer-exports'
  | 'reviews/answer-reviews';

const caseReaders = [
  'officer',
  'supervisor',
  'performance',
  'liaison',
  'head',
  'legal',
  'pr',
  'leading',
  'oversight',
] as const;
const caseWorkers = ['officer', 'supervisor'] as const;
const cardReaders = ['performance', 'head', 'employee', 'partner', 'leading', 'oversight', 'hr', 'executive'] as const;
const ownDepartment = 'a head sees the disputes of their own department';
const ownCard = 'an employee or partner sees their own card, a head those of their own department';

const command = <const N extends CommandName, const A extends readonly Role[]>(name: N, access: A) =>
  ({ method: 'POST', path: `/disputes/{id}/${name}`, access, step: 'disputes/answer-disputes' }) as const;

/** Every route of the system, in the order in which a dispute meets them. Infrastructure, handlers, OpenAPI and tests read it. */
export const ROUTES = [
  { method: 'GET', path: '/health', access: 'anyone', step: 'about/describe-api' },
  { method: 'GET', path: '/openapi.json', access: 'anyone', step: 'about/describe-api' },
  { method: 'POST', path: '/intake/{source}', access: 'signed-source', step: 'intake/receive-report' },
  {
    method: 'GET',
    path: '/intake/receipts',
    access: ['integrator', 'officer', 'supervisor'],
    own: 'an integrator sees the receipts of their own source',
    step: 'intake/answer-intake',
  },
  {
    method: 'GET',
    path: '/intake/receipts/{receiptId}',
    access: ['integrator', 'officer', 'supervisor'],
    own: 'an integrator sees the receipts of their own source',
    step: 'intake/answer-intake',
  },
  {
    method: 'GET',
    path: '/intake/reconciliation',
    access: ['officer', 'supervisor', 'operator'],
    step: 'intake/answer-intake',
  },
  {
    method: 'GET',
    path: '/intake/dead-messages',
    access: ['officer', 'supervisor', 'operator'],
    step: 'intake/answer-dead-messages',
  },
  {
    method: 'GET',
    path: '/intake/dead-messages/{deadId}',
    access: ['officer', 'supervisor', 'operator'],
    own: 'only an officer or supervisor sees what a kept message says',
    step: 'intake/answer-dead-messages',
  },
  {
    method: 'POST',
    path: '/intake/dead-messages/{deadId}/return',
    access: ['operator'],
    step: 'intake/answer-dead-messages',
  },
  { method: 'GET', path: '/sources', access: ['operator'], step: 'intake/manage-sources' },
  { method: 'GET', path: '/sources/{source}', access: ['operator'], step: 'intake/manage-sources' },
  { method: 'PUT', path: '/sources/{source}', access: ['operator'], step: 'intake/manage-sources' },
  { method: 'POST', path: '/sources/{source}/secret', access: ['operator'], step: 'intake/manage-sources' },
  { method: 'GET', path: '/disputes', access: caseReaders, own: ownDepartment, step: 'disputes/answer-disputes' },
  { method: 'GET', path: '/disputes/{id}', access: caseReaders, own: ownDepartment, step: 'disputes/answer-disputes' },
  {
    method: 'GET',
    path: '/disputes/{id}/timeline',
    access: caseReaders,
    own: ownDepartment,
    step: 'disputes/answer-disputes',
  },
  command('filing', caseWorkers),
  command('assignment', caseWorkers),
  command('regrading', caseWorkers),
  command('resolution', caseWorkers),
  command('rating', caseWorkers),
  command('closure', caseWorkers),
  command('reopening', caseWorkers),
  command('investigation', ['officer', 'supervisor', 'performance']),
  command('cause-report', ['officer', 'supervisor', 'performance']),
  command('determination', ['performance', 'leading']),
  command('notice', ['performance', 'leading']),
  command('waiver', ['performance', 'leading']),
  { method: 'GET', path: '/alerts', access: ['performance', 'leading', 'oversight'], step: 'alerts/answer-alerts' },
  { method: 'POST', path: '/alerts/{id}/acknowledgement', access: ['performance'], step: 'alerts/answer-alerts' },
  { method: 'GET', path: '/scorecards', access: cardReaders, own: ownCard, step: 'scorecards/answer-scorecards' },
  {
    method: 'GET',
    path: '/scorecards/{subject}/{period}',
    access: cardReaders,
    own: ownCard,
    step: 'scorecards/answer-scorecards',
  },
  {
    method: 'GET',
    path: '/scorecards/{subject}/{period}/explanation',
    access: cardReaders,
    own: ownCard,
    step: 'scorecards/answer-scorecards',
  },
  {
    method: 'GET',
    path: '/scorecards/{subject}/{period}/entries',
    access: cardReaders,
    own: ownCard,
    step: 'scorecards/answer-scorecards',
  },
  { method: 'GET', path: '/exports/scores', access: ['hr'], step: 'exports/answer-exports' },
  { method: 'POST', path: '/exports', access: ['hr'], step: 'exports/answer-exports' },
  { method: 'GET', path: '/exports/{exportId}', access: ['hr'], step: 'exports/answer-exports' },
  { method: 'GET', path: '/reviews/{period}', access: ['executive', 'performance'], step: 'reviews/answer-reviews' },
  {
    method: 'POST',
    path: '/reviews/{period}/runs',
    access: ['executive', 'performance'],
    step: 'reviews/answer-reviews',
  },
] as const satisfies readonly Route[];

/** A route as API Gateway names it: `POST /disputes/{id}/filing`. */
export type RouteKey = KeyOf<(typeof ROUTES)[number]>;
/** The routes that one handler answers. */
export type RouteKeyOf<S extends Step> = KeyOf<Extract<(typeof ROUTES)[number], { step: S }>>;
type KeyOf<R extends Route> = R extends Route ? `${R['method']} ${R['path']}` : never;

/** The row of the access matrix by its route key; undefined for a route that does not exist. */
export function findRoute(routeKey: string): Route | undefined {
  return ROUTES.find((route) => `${route.method} ${route.path}` === routeKey);
}
