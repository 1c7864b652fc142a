import * as z from 'zod';
import { DUE_KINDS } from '#shared/domain/ports/due-store.ts';

/** Which queue hears of which kind of deadline: a JSON object of queue URLs by kind, `{"filing":"https://…"}`. */
export const ClockQueues = z
  .string()
  .transform((text, context) => {
    try {
      const value: unknown = JSON.parse(text);
      return value;
    } catch {
      context.addIssue({ code: 'custom', message: 'is no JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.partialRecord(z.enum(DUE_KINDS), z.url()));
