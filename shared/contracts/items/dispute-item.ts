import * as z from 'zod';
import type { Dispute } from '#shared/domain/dispute/dispute.ts';
import type { Grade } from '#shared/domain/grading/grade.ts';

const Level = z.literal([1, 2, 3]);
const Money = z.object({ minor: z.int(), currency: z.string() });
const VersionRef = z.object({ id: z.string(), version: z.int().min(1) });
const Validity = z.enum(['valid', 'partly-valid', 'unfounded', 'external']);

/** A grade as it stands in a dispute's item and in events (G-3). */
export const GradeItem = z.object({
  level: Level,
  colour: z.enum(['red', 'yellow', 'blue']),
  reasons: z.array(
    z.object({
      rule: z.string(),
      values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      text: z.string(),
    }),
  ),
  nearestMiss: z
    .object({ rule: z.string(), level: Level, have: z.string(), need: z.string(), text: z.string() })
    .optional(),
  notEvaluable: z.array(z.object({ rule: z.string(), reason: z.string() })),
  policyVersion: z.int().min(1),
  gradedAt: z.string(),
}) satisfies z.ZodType<Grade>;

const ShareItem = z.object({
  kind: z.enum(['direct', 'management', 'system']),
  subject: z.string(),
  bp: z.int(),
  causeCode: z.string().optional(),
});

/** The state of a dispute as its item in the cases table holds it. */
export const DisputeState = z.object({
  disputeId: z.string(),
  number: z.string(),
  version: z.int().min(1),
  source: z.string(),
  channel: z.enum(['phone', 'chat', 'email', 'social', 'letter', 'web', 'regulator']),
  externalId: z.string(),
  openedAt: z.string(),
  receivedAt: z.string(),
  occurredAt: z.string(),
  month: z.string(),
  policyVersion: z.int().min(1),
  calendar: VersionRef,
  status: z.enum(['received', 'filed', 'handling', 'resolved', 'followed-up', 'closed']),
  responsibility: z.enum(['open', 'investigating', 'reported', 'determined', 'noticed', 'final', 'not-needed']),
  grade: GradeItem,
  category: z.string(),
  type: z.string(),
  department: z.string(),
  departmentNamed: z.boolean(),
  employee: z.string().optional(),
  partner: z.string().optional(),
  region: z.string().optional(),
  product: z.string().optional(),
  batch: z.string().optional(),
  customer: z.string(),
  facts: z.object({
    personalSafety: z.boolean(),
    hazard: z.boolean(),
    leaving: z.boolean(),
    interrupted: z.boolean(),
    threat: z.enum(['none', 'regulator', 'lawsuit', 'media']),
  }),
  publicOpinion: z.object({ reach: z.int(), media: z.boolean(), regulator: z.boolean() }),
  amount: Money.optional(),
  reports: z.array(z.string()),
  awaiting: z.array(z.enum(['customer', 'details', 'demand', 'department', 'type'])),
  filingDueAt: z.string(),
  filingBreached: z.boolean(),
  filedAt: z.string().optional(),
  assignee: z.string().optional(),
  investigation: z
    .object({
      investigator: z.string(),
      joint: z.boolean(),
      team: z.array(z.string()),
      startedAt: z.string(),
      dueAt: z.string().optional(),
    })
    .optional(),
  causeReport: z
    .object({
      branches: z.array(z.enum(['people', 'process', 'system', 'institution'])),
      reportedAt: z.string(),
      reportedBy: z.string(),
      joint: z.boolean(),
    })
    .optional(),
  investigators: z.array(z.string()),
  deciders: z.array(z.string()),
  determination: z
    .object({
      determinationId: z.string(),
      validity: Validity,
      shares: z.array(ShareItem),
      level: Level,
      decidedBy: z.string(),
      decidedAt: z.string(),
      department: z.string(),
      policyVersion: z.int().min(1),
    })
    .optional(),
  notice: z.object({ noticedAt: z.string(), windowEndsAt: z.string() }).optional(),
  lastNoticed: z
    .object({ determinationId: z.string(), validity: Validity, responsibleDepartment: z.string() })
    .optional(),
  resolvedAt: z.string().optional(),
  rating: z
    .object({
      value: z.enum(['very-satisfied', 'satisfied', 'neutral', 'dissatisfied']),
      ratedAt: z.string(),
      ratedBy: z.string(),
      settled: z.boolean(),
      type: z.string(),
      department: z.string(),
    })
    .optional(),
  closedAt: z.string().optional(),
  scoringSequence: z.int(),
}) satisfies z.ZodType<Dispute>;

/** A dispute's item: its state, with what lists and clocks are found by. */
export const DisputeItem = z.object({ kind: z.literal('dispute'), version: z.int().min(1), state: DisputeState });
