import * as z from 'zod';
import { epochSeconds, type Instant, instantOf, startOfDay, type TimeZone } from '../domain/calendar/civil-date.ts';
import { GivenFacts, GivenOpinion, line, Money, ON_ONE_LINE, Slug, text } from './shapes.ts';

/** From 0001-01-02 to 9999-12-30: a day more on either side may be out of the years 1 to 9999 in another zone. */
const IN_CALENDAR = /^(?!0000|0001-01-01|9999-12-31)/;
/** When it happened: RFC 3339 with offset, kept as the UTC second (a fraction is cut off), or a day. */
const OccurredAt = z.union(
  [
    z.iso
      .datetime({ offset: true, abort: true })
      .regex(IN_CALENDAR, { error: 'is out of the calendar', abort: true }) // What is no instant cannot be rewritten as one.
      .overwrite((instant) => instantOf(epochSeconds(instant)))
      .meta({ format: 'date-time' }),
    z.iso
      .date({ abort: true })
      .regex(IN_CALENDAR, { error: 'is out of the calendar', abort: true })
      .meta({ format: 'date' }),
  ],
  'is neither RFC 3339 with seconds and offset nor a day YYYY-MM-DD',
);

const AttributeValues = z.record(
  line(64),
  z.union([
    z
      .string()
      .max(1_000)
      .refine((value) => value.isWellFormed(), 'holds half a character'),
    z.number(),
    z.boolean(),
  ]),
);
const MAX_ATTRIBUTES = 50;
/** Free attributes, at most 50. The key `__proto__` is refused here, because zod's record would drop it without a word. */
const Attributes = z
  .unknown()
  .refine((value) => !(value instanceof Object && Object.hasOwn(value, '__proto__')), '__proto__ is no attribute')
  .pipe(AttributeValues.refine((values) => Object.keys(values).length <= MAX_ATTRIBUTES, 'holds over 50 attributes'))
  .meta({
    type: 'object',
    maxProperties: MAX_ATTRIBUTES,
    propertyNames: {
      type: 'string',
      minLength: 1,
      maxLength: 64,
      allOf: [{ pattern: '\\S' }, { pattern: ON_ONE_LINE.source }, { pattern: '^(?!__proto__$)' }],
    },
    additionalProperties: { anyOf: [{ type: 'string', maxLength: 1_000 }, { type: 'number' }, { type: 'boolean' }] },
  });

const Sender = z.strictObject({
  /** The sender's own reference of the customer. */
  ref: line(200).optional(),
  name: line(200).optional(),
  phone: line(50).optional(),
  email: line(320).optional(),
  /** Sets priority, never the level (G-5). */
  tier: z.enum(['ordinary', 'high-value', 'at-risk']).optional(),
});

/** What senders are told of short texts that no erasure reaches (I-8). */
const STAYS = 'Stays with the case: must not carry personal data.';

const reportFields = {
  /** The sender's id of this report, remembered for good (I-5). */
  externalId: line(200).describe(STAYS),
  occurredAt: OccurredAt,
  customer: Sender.optional(),
  /** What the customer said, in their language. */
  text: text(100_000).optional(),
  /** A BCP 47 tag: `zh-Hant`. */
  language: z
    .string()
    .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$/, 'is no language tag')
    .optional(),
  demand: text(4_000).optional(),
  category: Slug.optional(),
  type: Slug.optional(),
  amount: Money.optional(),
  facts: GivenFacts.optional(),
  publicOpinion: GivenOpinion.optional(),
  order: line(200).optional(),
  product: line(200).optional().describe(STAYS),
  batch: line(200).optional().describe(STAYS),
  region: line(200).optional().describe(STAYS),
  partner: Slug.optional(),
  department: Slug.optional(),
  employee: Slug.optional(),
  /** The provider's conversation, by which replies join (I-6). */
  thread: line(500).optional(),
  attachments: z
    .array(z.strictObject({ name: line(255).optional(), url: line(2_048) }))
    .max(50)
    .optional(),
  attributes: Attributes.optional(),
};

const hasTextOrType = (report: { text?: string; type?: string }) =>
  report.text !== undefined || report.type !== undefined;
const TEXT_OR_TYPE = { path: ['text'], message: 'text or type is mandatory' };
/** The same for readers of the JSON Schema. */
const EITHER = { anyOf: [{ required: ['text'] }, { required: ['type'] }] };

/**
 * One report as every plain sender writes it: body of the webhook (I-2). An unknown field is refused. Whether its
 * category, type, department, employee and partner exist is policy's and the directory's to say (G-1).
 */
export const ReportV1 = z.strictObject(reportFields).refine(hasTextOrType, TEXT_OR_TYPE).meta(EITHER);
export type ReportV1 = z.infer<typeof ReportV1>;

/** The same on the in-house queue: the message names its source beside it (I-2). */
export const InHouseMessageV1 = z
  .strictObject({ source: Slug, ...reportFields })
  .refine(hasTextOrType, TEXT_OR_TYPE)
  .meta(EITHER);
export type InHouseMessageV1 = z.infer<typeof InHouseMessageV1>;

/**
 * `occurredAt` as an instant: a day without time is 00:00 in the organisation's zone (I-5).
 *
 * @param occurredAt of a parsed report
 */
export function occurredAtInstant(occurredAt: string, zone: TimeZone): Instant {
  return occurredAt.length === 'YYYY-MM-DD'.length ? startOfDay(zone, occurredAt) : occurredAt;
}
