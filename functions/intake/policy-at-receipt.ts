import { dayIn, type Instant, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { type Policy, policyInForce } from '#shared/domain/policy/policy.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';

/**
 * The policy that a report follows: the one in force on the local day of its receipt (P-2).
 *
 * @throws RangeError when none is in force yet
 */
export async function policyAtReceipt(reference: Reference, receivedAt: Instant, zone: TimeZone): Promise<Policy> {
  return policyInForce(await reference.policies(), dayIn(zone, receivedAt));
}
