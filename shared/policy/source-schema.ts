import * as z from 'zod';
import { SenderPrincipal, Slug } from '../contracts/shapes.ts';
import type { Source } from '../domain/policy/source.ts';
import { refuseRepeats } from './faults.ts';

/** The channels of I-1. */
export const Channel = z.enum(['phone', 'chat', 'email', 'social', 'letter', 'web', 'regulator']);

/** One sending system: its channel, adapter and signature scheme, and who may send in its name in-house (I-1, I-2). */
export const SourceSchema = z.strictObject({
  source: Slug,
  channel: Channel,
  adapter: z.literal('plain'),
  scheme: z.literal('standard-webhooks'),
  principal: SenderPrincipal.optional(),
  active: z.boolean().optional(),
});

/** A file of sources, each named once. */
export const SourcesSchema: z.ZodType<readonly Source[]> = z.array(SourceSchema).superRefine((sources, context) =>
  refuseRepeats(
    sources.map(({ source }) => source),
    context,
    (index) => [index, 'source'],
  ),
);
