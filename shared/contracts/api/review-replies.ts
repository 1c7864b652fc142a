import * as z from 'zod';
import { COMPARED } from '../../domain/review/reconcile.ts';
import { Id } from '../events/envelope.ts';
import { Day, Instant, Month, Version } from '../shapes.ts';
import { Names, Points } from './replies.ts';

/** While events are on their way, a figure may be below 0 for a moment; then the review is provisional. */
const Figure = z.int();
const ShareBp = z.int();
const part = { id: z.string(), count: Figure, shareBp: ShareBp };
const points = z.object({ pending: Points, posted: Points, voided: Points });
const tally = {
  received: Figure,
  opened: Figure,
  joined: Figure,
  duplicate: Figure,
  rejected: Figure,
  deadLettered: Figure,
  inFlight: Figure,
};
const Compared = z.union([Figure, Points]);

/** A month's review in its first form. Shares are basis points; each list adds up to its total. */
export const Review = z.object({
  period: Month,
  running: z.boolean().describe('Whether the month was not over when it was run.'),
  policyVersion: Version,
  frequentOverBp: ShareBp.describe('A type above this share is frequent.'),
  inputs: z.string().describe('Hash of what it was made of: the same inputs give the same review (R-7).'),
  provisional: z
    .object({ reports: Figure, points: Points, running: z.boolean() })
    .describe('By how much received and counted differ (R-7); absent where nothing does.')
    .optional(),
  totals: z.object({
    opened: Figure,
    filed: Figure,
    assigned: Figure,
    investigated: Figure,
    reported: Figure,
    noticed: Figure,
    waived: Figure,
    final: Figure,
    resolved: Figure,
    closed: Figure,
    reopened: Figure,
  }),
  categories: z.array(
    z.object({
      ...part,
      name: Names.optional(),
      types: z.array(z.object({ ...part, category: z.string(), name: Names.optional(), frequent: z.boolean() })),
    }),
  ),
  levels: z.array(z.object(part)),
  channels: z.array(z.object(part)),
  departments: z.array(
    z.object({
      ...part,
      name: z.string().optional(),
      filed: Figure,
      resolved: Figure,
      closed: Figure,
      breached: Figure,
      points,
    }),
  ),
  alerts: z.object({
    raised: Figure,
    acknowledged: Figure,
    inTime: Figure,
    superseded: Figure,
    breached: Figure,
  }),
  inTime: z.array(
    z.object({
      what: z.string(),
      all: Figure.describe('How many were done.'),
      inTime: Figure,
      missed: Figure.describe('Deadlines that passed before; of alerts and filings also where it never was done.'),
      rateBp: ShareBp.optional().describe('In time, of in time and missed; absent of nothing.'),
    }),
  ),
  breaches: z.array(z.object({ clock: z.string(), count: Figure })),
  determinations: z.array(z.object(part)),
  ratings: z.array(z.object(part)),
  points,
  received: z.object({
    total: z.object(tally),
    sources: z.array(z.object({ source: z.string(), ...tally })),
    days: z.array(z.object({ day: Day, received: Figure })),
  }),
  reconciliation: z.object({
    agrees: z.boolean(),
    statements: z.array(
      z.object({
        about: z.enum(COMPARED),
        of: z.string().describe('A source; a department for points.'),
        month: Month.optional(),
        expected: Compared.describe('By intake, or by the ledger.'),
        found: Compared.describe('By the counters.'),
        difference: Compared,
        agrees: z.boolean(),
      }),
    ),
  }),
});

/** One run, and whether its figures are new. */
export const ReviewRun = z.object({
  period: Month,
  revision: Version,
  inputs: z.string(),
  provisional: z.boolean(),
  ranAt: Instant,
  ranBy: Id,
  fresh: z.boolean().describe('Whether it made this revision, or found it standing.'),
});
