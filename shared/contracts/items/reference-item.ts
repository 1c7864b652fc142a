import * as z from 'zod';

/** Keys of the reference table, built here and nowhere else: deploys write them, decisions look them up. */
export const referenceKeys = {
  policy: (version: number) => ({ pk: 'POLICY', sk: versionKey(version) }),
  calendar: (id: string, version: number) => ({ pk: `CALENDAR#${id}`, sk: versionKey(version) }),
  source: (source: string) => ({ pk: 'SOURCES', sk: `SOURCE#${source}` }),
  sourceChange: (source: string, version: number) => ({ pk: 'SOURCE-CHANGES', sk: `${source}#${versionKey(version)}` }),
  subject: (id: string) => ({ pk: 'DIRECTORY', sk: `SUBJECT#${id}` }),
} as const;

/** Sorts as the number does: `VERSION#000012`. */
function versionKey(version: number): string {
  return `VERSION#${String(version).padStart(6, '0')}`;
}

const keyed = { pk: z.string(), sk: z.string() };
const published = {
  ...keyed,
  version: z.int().min(1),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  document: z.unknown(),
};

/**
 * One item of the reference table. Documents are parsed with their own schemas; those of published versions carry the
 * SHA-256 of their canonical JSON (RFC 8785), by which a second publication is compared (P-2). A subject carries it for as
 * long as it stands as the organisation's file had it, and then follows the file.
 */
export const ReferenceItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('policy'), ...published }),
  z.object({ kind: z.literal('calendar'), ...published }),
  z.object({
    kind: z.literal('source'),
    ...keyed,
    document: z.unknown(),
    version: z.int().min(1).optional(),
    changedAt: z.string().optional(),
    changedBy: z.string().optional(),
  }),
  z.object({ kind: z.literal('subject'), ...keyed, document: z.unknown(), digest: published.digest.optional() }),
]);
export type ReferenceItem = z.infer<typeof ReferenceItem>;
