import * as z from 'zod';
import type { CommandName } from '../../domain/dispute/commands.ts';
import { ReportV1 } from '../report.v1.ts';
import { FormatValue } from '../score-export.v1.ts';
import { AlertState, Day, Identifier, line, Month, ResponsibilityValue, Slug, StatusValue } from '../shapes.ts';
import { AcknowledgementBody, COMMAND_BODIES, ExportBody, SourceBody } from './bodies.ts';
import type { ApiRequest, Reply } from './request.ts';
import type { RouteKey, RouteKeyOf, Step } from './routes.ts';

export type { CommandBodies } from './bodies.ts';

/** What one route takes and answers. */
export interface Endpoint {
  readonly summary: string;
  /** Of the path; one that does not fit is 404, like any id that is not there. */
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Absent for routes that take none. */
  readonly body?: z.ZodType;
  /** Of the answer when all went well; its body stands in `endpoint-replies.ts`. */
  readonly status: 200 | 202;
  /** Content types in which it answers, too, as a text. */
  readonly alsoAs?: readonly string[];
  /** Whether the answer carries an `ETag`, and commands honour `If-Match`. */
  readonly etag?: boolean;
  /** Whether it answers 201 where nothing stood before, and honours `If-None-Match: *`. */
  readonly creates?: boolean;
  /** What else its use case may answer, besides what follows from its access and its inputs. */
  readonly refusals: readonly (401 | 403 | 404 | 406 | 409 | 412 | 413 | 422 | 503)[];
}

const none = z.strictObject({});
const byId = z.strictObject({ id: z.uuid() });
const bySource = z.strictObject({ source: Slug });
const byDeadId = z.strictObject({ deadId: Identifier });
const byCard = z.strictObject({ subject: Slug, period: Month });
const byMonth = z.strictObject({ period: Month });
const MOST_REVISIONS = 999_999;
const DEFAULT_LIMIT = 50;
const MOST_ITEMS = 200;
/** A query is text: `0x10`, ` 7` and `1e2` are numbers to JavaScript and to nobody else. */
const numberUpTo = (most: number) =>
  z
    .string()
    .refine((text) => /^[1-9]\d{0,5}$/.test(text) && Number(text) <= most, `is no whole number from 1 to ${most}`)
    .transform(Number);
const Limit = numberUpTo(MOST_ITEMS)
  .default(DEFAULT_LIMIT)
  .meta({
    type: 'integer',
    minimum: 1,
    maximum: MOST_ITEMS,
    description: `How many at most; ${DEFAULT_LIMIT} where none is named.`,
  });
const paged = {
  limit: Limit,
  cursor: z.string().min(1).max(2_000).describe("The page before's `next`; any other is 422.").optional(),
};
/** Rows of scores in one answer; a whole export comes where no limit is named. */
const MOST_ROWS = 10_000;
const PLACE =
  "The page before's `next`, or `<exportId>.<rows before>`: any place in what was frozen may be named. Any other is 422.";
const LEVEL_OF = { '1': 1, '2': 2, '3': 3 } as const;

const command = <const C extends CommandName>(name: C, summary: string) =>
  ({
    summary,
    params: byId,
    query: none,
    body: COMMAND_BODIES[name],
    status: 200,
    etag: true,
    refusals: [403, 404, 409, 412, 422],
  }) as const;

/** What every route takes and answers; `routes.ts` says who may call it. */
export const ENDPOINTS = {
  'GET /health': {
    summary: 'Whether the API answers',
    params: none,
    query: z.object({}),
    status: 200,
    refusals: [],
  },
  'GET /openapi.json': {
    summary: 'This description',
    params: none,
    query: z.object({}),
    status: 200,
    refusals: [],
  },
  'POST /intake/{source}': {
    summary: 'A report from a source, signed (I-3)',
    params: bySource,
    query: z.object({}),
    body: ReportV1,
    status: 202,
    refusals: [401, 404, 409, 413, 422, 503],
  },
  'GET /intake/receipts': {
    summary: "What became of a report, by its sender's id (I-4)",
    params: none,
    query: z.strictObject({ source: Slug, externalId: line(200) }),
    status: 200,
    refusals: [404],
  },
  'GET /intake/receipts/{receiptId}': {
    summary: 'What became of a report, by its receipt (I-4)',
    params: z.strictObject({ receiptId: z.uuid() }),
    query: none,
    status: 200,
    refusals: [404],
  },
  'GET /intake/reconciliation': {
    summary: 'Arrivals of a day, and what became of them (I-7)',
    params: none,
    query: z.strictObject({ day: Day }),
    status: 200,
    refusals: [],
  },
  'GET /intake/dead-messages': {
    summary: 'Messages that no worker could take, the oldest first (I-4)',
    params: none,
    query: z.strictObject(paged),
    status: 200,
    refusals: [],
  },
  'GET /intake/dead-messages/{deadId}': {
    summary: 'What is kept under one receipt, and what was put back (I-4)',
    params: byDeadId,
    query: none,
    status: 200,
    refusals: [404],
  },
  'POST /intake/dead-messages/{deadId}/return': {
    summary: 'Puts what is kept under one receipt back on its way (I-4)',
    params: byDeadId,
    query: none,
    body: none,
    status: 200,
    refusals: [404, 409],
  },
  'GET /sources': {
    summary: 'Sources, by id (I-1)',
    params: none,
    query: z.strictObject(paged),
    status: 200,
    refusals: [],
  },
  'GET /sources/{source}': {
    summary: 'One source (I-1)',
    params: bySource,
    query: none,
    status: 200,
    etag: true,
    refusals: [404],
  },
  'PUT /sources/{source}': {
    summary: 'Registers a source, changes it, or switches it off (I-1)',
    params: bySource,
    query: none,
    body: SourceBody,
    status: 200,
    etag: true,
    creates: true,
    refusals: [404, 412, 422],
  },
  'POST /sources/{source}/secret': {
    summary: 'A new secret for a source, shown once; the one before stays active for a while (I-3)',
    params: bySource,
    query: none,
    body: none,
    status: 200,
    refusals: [404],
  },
  'GET /disputes': {
    summary: 'Disputes, newest first',
    params: none,
    query: z.strictObject({
      status: StatusValue.optional(),
      responsibility: ResponsibilityValue.optional(),
      level: z
        .enum(['1', '2', '3'])
        .transform((level) => LEVEL_OF[level])
        .optional(),
      department: Slug.optional(),
      type: Slug.optional(),
      notEvaluable: z
        .enum(['true', 'false'])
        .transform((value) => value === 'true')
        .describe('Only those with a rule that could not be answered, such as a loss without rate (G-2).')
        .optional(),
      ...paged,
    }),
    status: 200,
    refusals: [],
  },
  'GET /disputes/{id}': {
    summary: 'One dispute; reads its own writes',
    params: byId,
    query: none,
    status: 200,
    etag: true,
    refusals: [404],
  },
  'GET /disputes/{id}/timeline': {
    summary: 'Every decision on a dispute with its events (T-3)',
    params: byId,
    query: none,
    status: 200,
    refusals: [404],
  },
  'POST /disputes/{id}/filing': command('filing', 'Completes and files a received dispute (I-9)'),
  'POST /disputes/{id}/assignment': command('assignment', 'Gives the dispute into a hand (G-6)'),
  'POST /disputes/{id}/regrading': command('regrading', 'Corrects facts or classification, and grades again (G-2)'),
  'POST /disputes/{id}/resolution': command('resolution', 'Records the solution (D-6)'),
  'POST /disputes/{id}/rating': command('rating', 'Records how satisfied the customer is (D-7)'),
  'POST /disputes/{id}/closure': command('closure', 'Closes a dispute whose both tracks ended'),
  'POST /disputes/{id}/reopening': command('reopening', 'Takes the dispute in hand again'),
  'POST /disputes/{id}/investigation': command('investigation', 'Names who looks for the cause (D-1)'),
  'POST /disputes/{id}/cause-report': command('cause-report', 'Reports the causes found (D-2)'),
  'POST /disputes/{id}/determination': command('determination', 'Determines who bears which share (D-3, D-4)'),
  'POST /disputes/{id}/notice': command('notice', 'Tells the parties; the appeal window starts (D-5, C-8)'),
  'POST /disputes/{id}/waiver': command('waiver', 'Ends the responsibility track without a finding'),
  'GET /alerts': {
    summary: 'Alerts, by state (G-10)',
    params: none,
    query: z.strictObject({
      state: z
        .string()
        .regex(/^(open|acknowledged|superseded)(,(open|acknowledged|superseded)){0,2}$/, 'names no state of an alert')
        .transform((states) => states.split(','))
        .pipe(z.array(AlertState))
        .describe('One state, or several with commas between.')
        .optional(),
      ...paged,
    }),
    status: 200,
    refusals: [],
  },
  'POST /alerts/{id}/acknowledgement': {
    summary: 'Takes note of an alert, once, and names the special indicators (C-1, G-10)',
    params: byId,
    query: none,
    body: AcknowledgementBody,
    status: 200,
    refusals: [403, 404, 409, 422],
  },
  'GET /scorecards': {
    summary: 'Cards of a month',
    params: none,
    query: z.strictObject({ period: Month.optional(), department: Slug.optional(), ...paged }),
    status: 200,
    refusals: [],
  },
  'GET /scorecards/{subject}/{period}': {
    summary: 'One card',
    params: byCard,
    query: none,
    status: 200,
    refusals: [404],
  },
  'GET /scorecards/{subject}/{period}/explanation': {
    summary: 'Every point of a card with its reasons (S-19)',
    params: byCard,
    query: none,
    status: 200,
    refusals: [404],
  },
  'GET /scorecards/{subject}/{period}/entries': {
    summary: "A card's ledger",
    params: byCard,
    query: z.strictObject(paged),
    status: 200,
    refusals: [404],
  },
  'GET /exports/scores': {
    summary: "A month's scores: the first call freezes them, a cursor goes on in what was frozen (X-1)",
    params: none,
    query: z.strictObject({
      period: Month.describe('Needed where no cursor names an export.').optional(),
      format: FormatValue.default('json'),
      limit: numberUpTo(MOST_ROWS)
        .meta({
          type: 'integer',
          minimum: 1,
          maximum: MOST_ROWS,
          description: 'Rows of a page; all where none is named.',
        })
        .optional(),
      cursor: paged.cursor.unwrap().describe(PLACE).optional(),
    }),
    status: 200,
    alsoAs: ['application/x-ndjson', 'text/csv'],
    refusals: [409, 413],
  },
  'POST /exports': {
    summary: "Has a month's scores frozen and written to files, whatever their number (X-1)",
    params: none,
    query: none,
    body: ExportBody,
    status: 202,
    refusals: [409],
  },
  'GET /exports/{exportId}': {
    summary: 'How an export stands, what proves it, and links to its files (X-2)',
    params: z.strictObject({ exportId: z.uuid() }),
    query: none,
    status: 200,
    refusals: [404, 409],
  },
  'GET /reviews/{period}': {
    summary: "A month's review in the form and language of `Accept` and `Accept-Language` (R-3, R-7)",
    params: byMonth,
    query: z.strictObject({
      revision: numberUpTo(MOST_REVISIONS)
        .meta({ type: 'integer', minimum: 1, maximum: MOST_REVISIONS, description: 'The latest where none is named.' })
        .optional(),
    }),
    status: 200,
    alsoAs: ['text/html', 'text/markdown'],
    refusals: [404, 406],
  },
  'POST /reviews/{period}/runs': {
    summary: 'Reviews a month now: a new revision where a figure has changed (R-3, R-7)',
    params: byMonth,
    query: none,
    body: none,
    status: 200,
    refusals: [404, 422],
  },
} as const satisfies Record<RouteKey, Endpoint>;

type BodyOf<K extends RouteKey> = (typeof ENDPOINTS)[K] extends { readonly body: infer B extends z.ZodType }
  ? z.output<B>
  : undefined;

/** A call of one route as its use case gets it. */
export type RequestOf<K extends RouteKey> = ApiRequest<
  z.output<(typeof ENDPOINTS)[K]['params']>,
  z.output<(typeof ENDPOINTS)[K]['query']>,
  BodyOf<K>
>;

/** What a handler has to name: a use case for each route of its step, no more and no fewer. */
export type EndpointsOf<S extends Step> = {
  readonly [K in RouteKeyOf<S>]: (request: RequestOf<K>) => Promise<Reply>;
};

/** What a route takes and answers, by its key; undefined for a route that does not exist. */
export function findEndpoint(routeKey: string): Endpoint | undefined {
  const endpoints: Readonly<Record<string, Endpoint>> = ENDPOINTS;
  return endpoints[routeKey];
}
