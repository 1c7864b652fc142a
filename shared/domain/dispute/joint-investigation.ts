import type { TimeZone } from '../calendar/civil-date.ts';
import { isOver } from '../money.ts';
import type { Directory } from '../policy/directory.ts';
import type { Policy } from '../policy/policy.ts';
import type { Fault } from '../refusal.ts';
import { departmentOf } from './classify.ts';
import type { Dispute, Share } from './dispute.ts';
import { isBeforeDetermination } from './tracks.ts';

/**
 * Why D-1 asks for a joint investigation of this dispute; empty when it does not.
 *
 * @param shares those of a determination in the making: causes may point to more than one department
 */
export function jointReasons(
  dispute: Dispute,
  policy: Policy,
  zone: TimeZone,
  directory: Directory,
  shares: readonly Share[] = [],
): string[] {
  const { jointLevels, jointLossOver } = policy.investigation;
  const reasons: string[] = [];
  if (jointLevels.includes(dispute.grade.level)) reasons.push(`level ${dispute.grade.level}`);
  if (dispute.amount) {
    const loss = isOver(dispute.amount, jointLossOver, dispute.occurredAt, zone, policy);
    if ('over' in loss && loss.over) reasons.push(`amount ${loss.converted} ${policy.money.currency}`);
  }
  const { reach, media, regulator } = dispute.publicOpinion;
  const impliedRegulator = policy.grading.regulatorChannels.includes(dispute.channel);
  if (media || regulator || impliedRegulator || reach >= policy.grading.reachFrom) reasons.push('public opinion');
  const departments = new Set(
    shares.map((share) => departmentOf(share.subject, directory)).filter((id) => id !== undefined),
  );
  if (departments.size > 1) reasons.push(`causes in ${[...departments].sort().join(', ')}`);
  return reasons;
}

/** Whether a determination has to wait for a joint team's cause report (D-1, D-3). */
export function needsJointReport(dispute: Dispute, reasons: readonly string[]): boolean {
  const { responsibility, investigation, causeReport } = dispute;
  if (!isBeforeDetermination(responsibility)) return false;
  if (responsibility === 'reported' && causeReport?.joint === true) return false;
  const atWork = responsibility === 'investigating' && investigation?.joint === true;
  return atWork || reasons.length > 0;
}

/**
 * What is missing in a joint team: somebody of each department that the policy names, of the responsible one, and
 * of those that level 1 asks for (D-1).
 */
export function teamFaults(dispute: Dispute, team: readonly string[], policy: Policy, directory: Directory): Fault[] {
  const { team: always, teamLevel1 } = policy.investigation;
  const needed = new Set([...always, dispute.department, ...(dispute.grade.level === 1 ? teamLevel1 : [])]);
  const present = new Set(team.map((member) => departmentOf(member, directory)));
  return [...needed]
    .filter((department) => !present.has(department))
    .map((department) => ({ path: 'team', message: `a joint investigation needs somebody of ${department} (D-1)` }));
}
