import * as z from 'zod';
import type { Entry, EntryInputs } from '../../domain/performance/entry.ts';

const Level = z.literal([1, 2, 3]);
const RatingValue = z.enum(['very-satisfied', 'satisfied', 'neutral', 'dissatisfied']);
const ShareKind = z.enum(['direct', 'management', 'system']);

/** An id with its version, as calendars are named. */
export const VersionRef = z.object({ id: z.string(), version: z.int().min(1) });

/** One party's part in the responsibility (D-3). */
export const ShareItem = z.object({
  kind: ShareKind,
  subject: z.string(),
  bp: z.int(),
  causeCode: z.string().optional(),
});

/** What an entry or a group's line moves. */
export const EffectItem = z.union([z.object({ points: z.int() }), z.object({ percentBp: z.int() })]);

/** Whose card. */
export const CardSubjectItem = z.object({ kind: z.enum(['department', 'employee', 'partner']), id: z.string() });

const scale = z.object({
  'very-satisfied': z.int(),
  satisfied: z.int(),
  neutral: z.int(),
  dissatisfied: z.int(),
});

/** What a rule was given (S-19). */
const InputsItem = z.union([
  z.object({
    rule: z.literal('S-5'),
    by: z.literal('base'),
    level: Level,
    base: z.int(),
    shares: z.array(ShareItem),
    rounding: z.literal('largest-remainder'),
    holder: z.object({ subject: z.string(), kind: ShareKind }),
  }),
  z.object({
    rule: z.literal('S-5'),
    by: z.literal('catalogue'),
    share: ShareItem,
    criterion: z.object({ causeCode: z.string(), kind: ShareKind, effect: EffectItem }),
  }),
  z.object({ rule: z.literal('S-1'), value: RatingValue, scale }),
  z.object({
    rule: z.literal('S-2'),
    value: RatingValue,
    type: z.string(),
    attitudeTypes: z.array(z.string()),
    dissatisfied: z.int(),
  }),
  z.object({ rule: z.literal('reversal'), reversed: EffectItem }),
]) satisfies z.ZodType<EntryInputs>;

/** Why a group moves points, and who decided so. */
export const groundsFields = {
  disputeId: z.string(),
  basis: z.enum(['determination', 'rating']),
  determinationId: z.string().optional(),
  policyVersion: z.int().min(1),
  calendar: VersionRef,
  decidedBy: z.string().optional(),
  noticedBy: z.string().optional(),
  noticedAt: z.string().optional(),
  windowEndsAt: z.string().optional(),
  ratedBy: z.string().optional(),
  ratedAt: z.string().optional(),
};

/** One entry as its item in the scorecards table holds it. */
export const EntryState = z.object({
  ...groundsFields,
  entryId: z.string(),
  groupId: z.string(),
  kind: z.enum(['points', 'percent', 'posted', 'void']),
  subject: CardSubjectItem,
  department: z.string().optional(),
  period: z.string(),
  rule: z.string(),
  points: z.int().optional(),
  percentBp: z.int().optional(),
  share: ShareItem.optional(),
  indicator: z.string().optional(),
  reverses: z.string().optional(),
  inputs: InputsItem.optional(),
  recordedAt: z.string(),
}) satisfies z.ZodType<Entry>;

/** An entry's item: one card's partition, never changed. */
export const EntryItem = z.object({ kind: z.literal('entry'), entry: EntryState });
