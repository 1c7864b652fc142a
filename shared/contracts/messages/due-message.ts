import * as z from 'zod';
import { DUE_KINDS } from '../../domain/ports/due-store.ts';
import { Instant } from '../shapes.ts';

/**
 * A deadline to look at, from a gear's sweep to the step that owns it. It may come early, late, twice, or when nothing
 * is due any more: the state decides.
 */
export const DueMessage = z.object({ kind: z.enum(DUE_KINDS), pk: z.string().min(1), dueAt: Instant });
export type DueMessage = z.infer<typeof DueMessage>;
