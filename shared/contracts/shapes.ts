import * as z from 'zod';

/**
 * The small shapes that messages, events and bodies share. Lengths count UTF-16 units, as JavaScript does and the
 * description of the API says; they are wide enough for real use and narrow enough for one DynamoDB item.
 *
 * A lone surrogate has no UTF-8 and no canonical form (RFC 8785), so no text may hold one; NUL cannot be shown.
 */
const wellFormed = (value: string) => value.isWellFormed();
const NOT_WELL_FORMED = 'holds half a character (a lone surrogate)';

/** What a person wrote, over any number of lines: not blank, no NUL. */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/\S/, 'is blank')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a pattern stands in the JSON Schema too, and NUL is what it is about
    .regex(/^[^\u0000]*$/, 'holds a NUL')
    .refine(wellFormed, NOT_WELL_FORMED);

/** Nothing of a text on one line but letters, signs and spaces. Said by what it leaves out, for emoji are none of it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
export const ON_ONE_LINE = /^[^\u0000-\u001f\u007f-\u009f]*$/;
/** A name, number or address on one line: not blank, no control characters. */
export const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/\S/, 'is blank')
    .regex(ON_ONE_LINE, 'holds a control character')
    .refine(wellFormed, NOT_WELL_FORMED);

/** An id that people gave: a department, employee, partner, type, category, indicator or source (`E-204`, `late-delivery`). */
export const Slug = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is no id: letters, digits, dot, underscore, hyphen');
/** Who puts in-house messages, as their queue attests it: of a role's `SenderId` the part before the colon (I-2). */
export const SenderPrincipal = z
  .string()
  .regex(/^[!-9;-~]{1,128}$/, 'is no principal: 1 to 128 visible ASCII characters, of a role those before the colon');
/** An id that the system made: mostly a UUIDv5, sometimes a key or a gateway's request id. */
export const Identifier = z.string().regex(/^[\u0021-\u007e]{1,200}$/, 'is no id: 1 to 200 visible ASCII characters');

/** A point in time in UTC with whole seconds: `2026-11-20T02:31:00Z`. */
export const Instant = z.iso.datetime({ precision: 0 });
/** A day: `2026-11-20`. */
export const Day = z.iso.date();
/** A month: `2026-11`. */
export const Month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'is no month: YYYY-MM');

/** An amount in the currency's own minor unit: `{ minor: 5800, currency: 'CNY' }` is 58.00 CNY. */
export const Money = z.strictObject({
  minor: z.int().nonnegative(),
  currency: z.string().regex(/^[A-Z]{3}$/, 'is no currency code: three capital letters'),
});

export const Level = z.literal([1, 2, 3]);
export const ChannelName = z.enum(['phone', 'chat', 'email', 'social', 'letter', 'web', 'regulator']);
export const Threat = z.enum(['none', 'regulator', 'lawsuit', 'media']);
export const RatingValue = z.enum(['very-satisfied', 'satisfied', 'neutral', 'dissatisfied']);
export const ValidityValue = z.enum(['valid', 'partly-valid', 'unfounded', 'external']);
export const ShareKindValue = z.enum(['direct', 'management', 'system']);
export const CauseBranchValue = z.enum(['people', 'process', 'system', 'institution']);
export const StatusValue = z.enum(['received', 'filed', 'handling', 'resolved', 'followed-up', 'closed']);
export const ResponsibilityValue = z.enum([
  'open',
  'investigating',
  'reported',
  'determined',
  'noticed',
  'final',
  'not-needed',
]);
export const AwaitedFieldValue = z.enum(['customer', 'details', 'demand', 'department', 'type']);
export const SubjectKindValue = z.enum(['department', 'employee', 'partner']);
export const ColourValue = z.enum(['red', 'yellow', 'blue']);
/** Basis points of one dispute: 10,000 is the whole. */
export const BasisPoints = z.int().min(1).max(10_000);
/** A version number, from 1. */
export const Version = z.int().positive();

/** Facts as somebody gives them: what is not named is not known, or stays as it was (G-2). */
export const GivenFacts = z.strictObject({
  personalSafety: z.boolean().optional(),
  hazard: z.boolean().optional(),
  leaving: z.boolean().optional(),
  interrupted: z.boolean().optional(),
  threat: Threat.optional(),
});

/** Public opinion, likewise. */
export const GivenOpinion = z.strictObject({
  reach: z.int().nonnegative().optional(),
  media: z.boolean().optional(),
  regulator: z.boolean().optional(),
});

/** How far an alert is. */
export const AlertState = z.enum(['open', 'acknowledged', 'superseded']);
