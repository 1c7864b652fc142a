import { DIRECTORY } from '#test/support/sample.ts';
import type { Claims } from './system.ts';

/** A person of the sample organisation with these roles. */
export function person(employee: string, ...roles: Claims['roles']): Claims {
  return { sub: `user-${employee}`, employee, department: DIRECTORY.get(employee)?.department, roles };
}

export const OFFICER = person('E-602', 'officer');
export const HEAD_OF_DISPUTES = person('E-601', 'officer', 'supervisor', 'head');
export const HEAD_OF_PERFORMANCE = person('E-701', 'performance', 'head');
export const PERFORMANCE_IN_TEAM = person('E-702', 'performance');
export const DECIDER = person('E-703', 'performance');
export const HEAD_OF_LOGISTICS = person('E-201', 'head', 'employee');
export const COURIER = person('E-204', 'employee');
export const COLLEAGUE = person('E-203', 'employee');
export const HR = person('E-901', 'hr');
export const OPERATOR: Claims = { sub: 'operator', roles: ['operator'] };
export const PHONE_SYSTEM: Claims = { sub: 'phone-system', roles: ['integrator'], source: 'phone' };
