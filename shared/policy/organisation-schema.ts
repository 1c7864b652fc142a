import * as z from 'zod';
import type { Subject } from '../domain/policy/directory.ts';
import { refuseRepeats } from './faults.ts';

const Id = z.string().regex(/^[A-Za-z][A-Za-z0-9-]*$/, 'must be letters, digits and hyphens');
const Name = z
  .string()
  .regex(/\S/, 'must have a text')
  .refine((name) => name.isWellFormed(), 'holds half a character (a lone surrogate)');
const Day = z.iso.date('must be a day that exists, YYYY-MM-DD');
const active = { activeFrom: Day, activeTo: Day.optional() };

const OrganisationDocument = z.strictObject({
  departments: z.array(z.strictObject({ id: Id, name: Name, head: Id, ...active })),
  employees: z.array(z.strictObject({ id: Id, name: Name, department: Id, ...active })),
  partners: z.array(z.strictObject({ id: Id, name: Name, ...active })),
});
type OrganisationDocument = z.infer<typeof OrganisationDocument>;
const KINDS = ['departments', 'employees', 'partners'] as const;

/**
 * An organisation's file, read into the subjects that have scorecards: departments with their heads, employees,
 * partners. Ids are unique over all three kinds, and a department's head is one of its employees.
 */
export const OrganisationSchema: z.ZodType<readonly Subject[]> = OrganisationDocument.superRefine(crossCheck).transform(
  ({ departments, employees, partners }): readonly Subject[] => [
    ...departments.map((department) => ({ kind: 'department' as const, ...department, department: department.id })),
    ...employees.map((employee) => ({ kind: 'employee' as const, ...employee })),
    ...partners.map((partner) => ({ kind: 'partner' as const, ...partner })),
  ],
);

function crossCheck(document: OrganisationDocument, context: z.RefinementCtx): void {
  const fault = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
  const all = KINDS.flatMap((kind) => document[kind].map((subject, index) => ({ path: [kind, index], subject })));
  refuseRepeats(
    all.map(({ subject }) => subject.id),
    context,
    (index) => [...(all[index]?.path ?? []), 'id'],
  );
  for (const { path, subject } of all) {
    if ((subject.activeTo ?? subject.activeFrom) >= subject.activeFrom) continue;
    fault([...path, 'activeTo'], `must not be before ${subject.activeFrom}`);
  }
  const departmentOf = new Map(document.employees.map(({ id, department }) => [id, department]));
  for (const [index, { id, head }] of document.departments.entries()) {
    if (departmentOf.get(head) !== id) fault(['departments', index, 'head'], `${head} is no employee of ${id}`);
  }
  const departments = new Set(document.departments.map(({ id }) => id));
  for (const [index, { department }] of document.employees.entries()) {
    if (!departments.has(department)) fault(['employees', index, 'department'], `${department} is no department`);
  }
}
