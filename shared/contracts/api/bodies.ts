import * as z from 'zod';
import { FormatValue } from '../score-export.v1.ts';
import {
  BasisPoints,
  CauseBranchValue,
  ChannelName,
  GivenFacts,
  GivenOpinion,
  line,
  Money,
  Month,
  RatingValue,
  SenderPrincipal,
  ShareKindValue,
  Slug,
  text,
  ValidityValue,
} from '../shapes.ts';

/** Why, what was found, what was agreed: an officer's free text. It goes to the customers store (T-2). */
const Words = text(10_000);

/** Who the customer is, as an officer finds out; what is not named stays as it was. */
const CustomerDetails = z
  .strictObject({
    ref: line(200).optional(),
    name: line(200).optional(),
    phone: line(50).optional(),
    email: line(320).optional(),
  })
  .refine((details) => Object.keys(details).length > 0, 'names nothing')
  .meta({ minProperties: 1 });

const Filing = z.strictObject({
  customer: CustomerDetails.optional(),
  demand: text(4_000).optional(),
  /** The details, where the report came without text. */
  text: text(100_000).optional(),
  department: Slug.optional(),
  category: Slug.optional(),
  type: Slug.optional(),
});

const Regrading = z.strictObject({
  facts: GivenFacts.optional(),
  publicOpinion: GivenOpinion.optional(),
  amount: Money.optional(),
  category: Slug.optional(),
  type: Slug.optional(),
  department: Slug.optional(),
  reason: Words,
});

const Investigation = z.strictObject({
  investigator: Slug,
  joint: z.boolean().optional(),
  team: z.array(Slug).max(50).optional(),
});

const CauseReport = z.strictObject({
  causes: z
    .array(
      z.strictObject({
        branch: CauseBranchValue,
        text: Words,
        evidence: Words.optional(),
        /** What this cause leads to. */
        leadsTo: Words.optional(),
      }),
    )
    .min(1)
    .max(50),
  suggestion: Words.optional(),
});

/** How many shares and to what sum is policy's and the domain's to say (D-3); the contract only bounds the list. */
const Determination = z.strictObject({
  validity: ValidityValue,
  shares: z
    .array(
      z.strictObject({
        kind: ShareKindValue,
        subject: Slug,
        bp: BasisPoints,
        causeCode: Slug.optional().describe('Stays with the case: must not carry personal data.'),
      }),
    )
    .max(100)
    .default([]),
  reasons: Words,
  evidence: Words.optional(),
});

/** The body of each command on a dispute (section 5). */
export const COMMAND_BODIES = {
  filing: Filing,
  assignment: z.strictObject({ assignee: Slug, reason: Words.optional() }),
  regrading: Regrading,
  investigation: Investigation,
  'cause-report': CauseReport,
  determination: Determination,
  notice: z.strictObject({}),
  waiver: z.strictObject({ reason: Words }),
  resolution: z.strictObject({ solution: Words, basis: Words, compensation: Money.optional() }),
  rating: z.strictObject({ value: RatingValue }),
  closure: z.strictObject({}),
  reopening: z.strictObject({ reason: Words.optional() }),
};
export type CommandBodies = { readonly [C in keyof typeof COMMAND_BODIES]: z.output<(typeof COMMAND_BODIES)[C]> };

/** A source as its operator wants it: the whole of it, whatever stood there before (I-1). */
export const SourceBody = z.strictObject({
  channel: ChannelName,
  adapter: z.literal('plain'),
  scheme: z.literal('standard-webhooks'),
  principal: SenderPrincipal.describe(
    'The `SenderId` whose in-house messages may name this source; for a role the part before the colon. Without it none may.',
  ).optional(),
  active: z.boolean().default(true).describe('Switched off, its webhooks are 404 and its in-house messages rejected.'),
});

/** Which month's scores are to be written; all formats are, the one that is named stands first. */
export const ExportBody = z.strictObject({ period: Month, format: FormatValue.optional() });

export const AcknowledgementBody = z.strictObject({
  /** Which of the alert's indicators is triggered; empty for none (G-10). */
  specialIndicators: z.array(Slug).max(50),
});
