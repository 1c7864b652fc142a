import * as z from 'zod';
import type { Alert, Alerts } from '../../domain/performance/alert.ts';
import { CaseHeaderV1 } from '../events/envelope.ts';
import { ColourValue, Level } from '../shapes.ts';

const classification = { category: z.string(), type: z.string(), department: z.string() };

/** One alert, as the items of its dispute and of itself hold it. */
export const AlertItemState = z.object({
  alertId: z.string(),
  dispute: CaseHeaderV1,
  raisedAs: z.object(classification),
  gradedVersion: z.int().min(1),
  gradedAt: z.string(),
  level: Level,
  previousLevel: Level.optional(),
  colour: ColourValue,
  indicators: z.array(z.string()),
  dueAt: z.string(),
  policyVersion: z.int().min(1),
  correlationId: z.string(),
  state: z.enum(['open', 'acknowledged', 'superseded']),
  breached: z.boolean(),
  supersededBy: z.string().optional(),
  acknowledgedAt: z.string().optional(),
  acknowledgedBy: z.string().optional(),
  acknowledgedWith: z.string().optional(),
  specialIndicators: z.array(z.string()).optional(),
}) satisfies z.ZodType<Alert>;

const AlertsState = z.object({
  disputeId: z.string(),
  version: z.int().min(0),
  alerts: z.array(AlertItemState),
  regradings: z.array(z.object({ version: z.int().min(1), ...classification })),
}) satisfies z.ZodType<Alerts>;

/** All alerts of a dispute: what decisions are made on, with the deadline of the open one. */
export const AlertsItem = z.object({ kind: z.literal('alerts'), version: z.int().min(1), state: AlertsState });
/** One alert by its own id, for lists; written with its dispute's alerts. */
export const AlertItem = z.object({ kind: z.literal('alert'), alert: AlertItemState });
