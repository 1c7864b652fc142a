import type * as z from 'zod';
import * as replies from './replies.ts';
import { Review, ReviewRun } from './review-replies.ts';
import type { RouteKey } from './routes.ts';

/**
 * What every route answers when all went well. Apart from what it takes, because only the API's description and tests
 * read it: building these contracts would make every function behind the API start later.
 */
const REPLIES = {
  'GET /health': replies.Health,
  'GET /openapi.json': replies.OpenApi,
  'POST /intake/{source}': replies.Accepted,
  'GET /intake/receipts': replies.Receipt,
  'GET /intake/receipts/{receiptId}': replies.Receipt,
  'GET /intake/reconciliation': replies.Reconciliation,
  'GET /intake/dead-messages': replies.DeadMessagePage,
  'GET /intake/dead-messages/{deadId}': replies.DeadMessages,
  'POST /intake/dead-messages/{deadId}/return': replies.Returned,
  'GET /sources': replies.SourcePage,
  'GET /sources/{source}': replies.SourceReply,
  'PUT /sources/{source}': replies.SourceReply,
  'POST /sources/{source}/secret': replies.NewSecret,
  'GET /disputes': replies.DisputePage,
  'GET /disputes/{id}': replies.DisputeReply,
  'GET /disputes/{id}/timeline': replies.Timeline,
  'POST /disputes/{id}/filing': replies.DisputeReply,
  'POST /disputes/{id}/assignment': replies.DisputeReply,
  'POST /disputes/{id}/regrading': replies.DisputeReply,
  'POST /disputes/{id}/resolution': replies.DisputeReply,
  'POST /disputes/{id}/rating': replies.DisputeReply,
  'POST /disputes/{id}/closure': replies.DisputeReply,
  'POST /disputes/{id}/reopening': replies.DisputeReply,
  'POST /disputes/{id}/investigation': replies.DisputeReply,
  'POST /disputes/{id}/cause-report': replies.DisputeReply,
  'POST /disputes/{id}/determination': replies.DisputeReply,
  'POST /disputes/{id}/notice': replies.DisputeReply,
  'POST /disputes/{id}/waiver': replies.DisputeReply,
  'GET /alerts': replies.AlertPage,
  'POST /alerts/{id}/acknowledgement': replies.Alert,
  'GET /scorecards': replies.CardPage,
  'GET /scorecards/{subject}/{period}': replies.Card,
  'GET /scorecards/{subject}/{period}/explanation': replies.Explanation,
  'GET /scorecards/{subject}/{period}/entries': replies.EntryPage,
  'GET /exports/scores': replies.Scores,
  'POST /exports': replies.ExportAccepted,
  'GET /exports/{exportId}': replies.ExportReply,
  'GET /reviews/{period}': Review,
  'POST /reviews/{period}/runs': ReviewRun,
} as const satisfies Record<RouteKey, z.ZodType>;

/** The body of a route's answer, by its key; undefined for a route that does not exist. */
export function findReply(routeKey: string): z.ZodType | undefined {
  const all: Readonly<Record<string, z.ZodType>> = REPLIES;
  return all[routeKey];
}
