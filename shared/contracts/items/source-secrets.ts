import * as z from 'zod';

/** What Secrets Manager holds for one source, under `<prefix>/sources/<source>`. */
export const SourceSecretsV1 = z.object({
  /** The newest first; only the first has no end. */
  secrets: z.array(z.object({ secret: z.string().min(1), createdAt: z.string(), expiresAt: z.string().optional() })),
});
