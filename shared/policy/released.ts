import type * as z from 'zod';
import { check } from './faults.ts';
import sample from './organisation/sample.json' with { type: 'json' };
import { OrganisationSchema } from './organisation-schema.ts';
import policy1 from './policies/policy-1.json' with { type: 'json' };
import policyFast from './policies/policy-fast.json' with { type: 'json' };
import { PolicySchema } from './policy-schema.ts';
import { SourcesSchema } from './source-schema.ts';
import plain from './sources/plain.json' with { type: 'json' };

/** The policies that ship with this system, by the name under which an environment chooses its version 1. */
export const RELEASED_POLICIES = {
  'policy-1': released(PolicySchema, policy1),
  fast: released(PolicySchema, policyFast),
} as const;

/** The sample organisation's departments, employees and partners. */
export const SAMPLE_ORGANISATION = released(OrganisationSchema, sample);

/** The seven sources with plain adapters, one per channel. */
export const PLAIN_SOURCES = released(SourcesSchema, plain);

function released<T>(schema: z.ZodType<T>, document: unknown): T {
  const checked = check(schema, document);
  if ('value' in checked) return checked.value;
  const faults = checked.faults.map(({ path, message }) => `${path}: ${message}`);
  throw new RangeError(`a released document does not hold: ${faults.join('; ')}`);
}
