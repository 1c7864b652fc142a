import type * as z from 'zod';
import type { Fault } from '../../domain/refusal.ts';

/** What a schema found wrong, each with the path of its place: `shares.0.bp`; unknown fields one by one. */
export function faultsOf(error: z.ZodError): readonly Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    if (issue.code !== 'unrecognized_keys') return [{ path: issue.path.join('.'), message: issue.message }];
    return issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: 'is no known field' }));
  });
}
