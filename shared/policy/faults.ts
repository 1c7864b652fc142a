import type * as z from 'zod';
import type { Fault } from '../domain/refusal.ts';

/** A document that holds, or everything that is wrong with it. */
export type Checked<T> = { readonly value: T } | { readonly faults: readonly Fault[] };

/** Checks a document against its schema; every fault names its path and reason, each unknown field its own (P-1). */
export function check<T>(schema: z.ZodType<T>, document: unknown): Checked<T> {
  const result = schema.safeParse(document);
  if (result.success) return { value: result.data };
  return { faults: result.error.issues.flatMap(faultsOf) };
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key].join('.'),
      message: 'is not a field of this document',
    }));
  }
  return [{ path: issue.path.join('.'), message: issue.message }];
}

/** Reports every item whose key an earlier one has; `path` leads to the field at fault of the item with that number. */
export function refuseRepeats(
  keys: readonly string[],
  context: z.RefinementCtx,
  path: (index: number) => readonly (string | number)[],
): void {
  for (const [index, key] of keys.entries()) {
    if (keys.indexOf(key) === index) continue;
    context.addIssue({ code: 'custom', path: [...path(index)], message: `repeats ${key}` });
  }
}
