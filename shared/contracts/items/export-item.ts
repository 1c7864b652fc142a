import * as z from 'zod';
import type { ScoreExport } from '../../domain/exports/score-export.ts';
import { ControlsV1, ExportFileV1, FormatValue, VersionsV1 } from '../score-export.v1.ts';

const ExportState = z.object({
  exportId: z.string(),
  period: z.string(),
  format: FormatValue.optional(),
  requestedBy: z.string(),
  requestedAt: z.string(),
  version: z.int().min(1),
  progress: z.discriminatedUnion('state', [
    z.object({ state: z.literal('running') }),
    z.object({ state: z.literal('failed'), failedAt: z.string(), reason: z.string().optional() }),
    z.object({
      state: z.literal('ready'),
      about: z.object({ exportId: z.string(), period: z.string(), asOf: z.string(), versions: VersionsV1 }),
      controls: ControlsV1,
      folder: z.string(),
      parts: z.array(z.string()),
      files: z.array(ExportFileV1),
      manifest: z.object({ bytes: z.int(), sha256: z.string() }),
    }),
  ]),
}) satisfies z.ZodType<ScoreExport>;

/** One export of scores; its files stand in the bucket, and are known by the hashes here. */
export const ExportItem = z.object({ kind: z.literal('export'), version: z.int().min(1), state: ExportState });
