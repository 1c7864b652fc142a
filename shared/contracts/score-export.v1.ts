import * as z from 'zod';
import type { Controls } from '../domain/exports/controls.ts';
import { FORMATS } from '../domain/exports/formats.ts';
import type { Manifest } from '../domain/exports/manifest.ts';
import type { FrozenRow, RowHead, ScoreRow } from '../domain/exports/score-row.ts';
import { Instant, Month, SubjectKindValue, Version } from './shapes.ts';

const Points = z.string().regex(/^-?\d+\.\d{2}$/);
const Count = z.int().nonnegative();
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const FormatValue = z.enum(FORMATS);

/** One subject's month. Another field, or another meaning of one, is another version of `versions.rows`. */
export const ScoreRowV1 = z.strictObject({
  period: Month,
  subjectType: SubjectKindValue,
  subjectId: z.string(),
  subjectName: z.string(),
  departmentId: z.string().describe('Empty for a partner.'),
  base: Points,
  adjustments: Points,
  vetoPercent: z.int().min(0).max(100).describe('0: vetoes are not applied yet.'),
  negations: z.array(z.string()).describe('Empty: negations are not applied yet.'),
  result: Points,
  band: z.string(),
  bonusFactor: z
    .string()
    .regex(/^\d+\.\d{2,4}$/)
    .describe('What a bonus is multiplied by (S-18).'),
  pendingPoints: Points,
  entries: Count.describe('How many entries of the ledger the row was computed from.'),
  status: z.enum(['provisional', 'final']),
  policyVersion: Version,
  asOf: Instant,
}) satisfies z.ZodType<ScoreRow>;

const RowHeadV1 = z
  .strictObject({ seal: Version, entries: Version, hash: Sha256 })
  .describe(
    "The card's last seal when the row was computed: its number, how many entries, its hash.",
  ) satisfies z.ZodType<RowHead>;

/** A line of a snapshot. */
export const FrozenRowV1 = z.strictObject({
  row: ScoreRowV1,
  head: RowHeadV1.nullable(),
}) satisfies z.ZodType<FrozenRow>;

/** By what a reader sees that nothing is missing. */
export const ControlsV1 = z.strictObject({
  rows: Count,
  sumResult: Points,
  sumAdjustments: Points,
  heads: Sha256.describe('One SHA-256 over the heads of all cards.'),
}) satisfies z.ZodType<Controls>;

const written = { bytes: Count, sha256: Sha256 };
export const ExportFileV1 = z.strictObject({ format: FormatValue, name: z.string(), ...written });
export const VersionsV1 = z.strictObject({ policy: Version, rows: z.literal(1) });

/** What proves an export. */
export const ManifestV1 = z.strictObject({
  exportId: z.uuid(),
  period: Month,
  asOf: Instant,
  versions: VersionsV1,
  controls: ControlsV1,
  files: z.array(ExportFileV1),
  chunks: z.array(z.strictObject({ name: z.string(), rows: Count, ...written })).describe('The snapshot in parts.'),
  lines: z
    .array(
      z.strictObject({
        subject: z.string(),
        hash: Sha256.describe("SHA-256 of the row's canonical JSON (RFC 8785)."),
        head: RowHeadV1.nullable(),
      }),
    )
    .describe('One per row, in their order.'),
}) satisfies z.ZodType<Manifest>;
