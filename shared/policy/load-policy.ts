import type { Subject } from '../domain/policy/directory.ts';
import type { Policy } from '../domain/policy/policy.ts';
import type { Fault } from '../domain/refusal.ts';
import { type Checked, check } from './faults.ts';
import { PolicySchema } from './policy-schema.ts';

/**
 * Reads a policy document (P-1).
 *
 * @param text the document's JSON
 * @returns the policy, or every fault with its path and message; text that is not JSON is one fault at the path ''
 */
export function loadPolicy(text: string): Checked<Policy> {
  const document = parseJson(text);
  return 'faults' in document ? document : check(PolicySchema, document.value);
}

/**
 * What a policy names outside itself and does not find: departments of the organisation, the calendar's version (P-1).
 *
 * @param subjects everyone in the organisation
 * @param calendars the calendar versions at hand
 */
export function missingReferences(
  policy: Policy,
  subjects: readonly Subject[],
  calendars: readonly { readonly id: string; readonly version: number }[],
): readonly Fault[] {
  const departments = new Set(subjects.filter(({ kind }) => kind === 'department').map(({ id }) => id));
  const { id, version } = policy.calendar;
  const found = calendars.some((calendar) => calendar.id === id && calendar.version === version);
  return [
    ...departmentsNamed(policy)
      .filter(({ department }) => !departments.has(department))
      .map(({ path, department }) => ({ path, message: `${department} is no department of the organisation` })),
    ...(found ? [] : [{ path: 'calendar', message: `the calendar ${id} has no version ${version}` }]),
  ];
}

function departmentsNamed({ categories, investigation }: Policy) {
  return [
    ...categories.flatMap(({ types }, c) =>
      types.map(({ department }, t) => ({ path: `categories.${c}.types.${t}.department`, department })),
    ),
    ...investigation.team.map((department, index) => ({ path: `investigation.team.${index}`, department })),
    ...investigation.teamLevel1.map((department, index) => ({ path: `investigation.teamLevel1.${index}`, department })),
  ];
}

function parseJson(text: string): Checked<unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { faults: [{ path: '', message: `is not JSON: ${error.message}` }] };
  }
}
