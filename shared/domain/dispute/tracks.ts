import { COMMAND_NAMES, type CommandName } from './commands.ts';
import type { Dispute, Responsibility, Status } from './dispute.ts';

const RESOLVED: readonly Status[] = ['resolved', 'followed-up'];
const ENDED: readonly Responsibility[] = ['final', 'not-needed'];
const BEFORE_DETERMINATION: readonly Responsibility[] = ['open', 'investigating', 'reported'];

/** Whether the responsibility track has ended (section 5). */
export function isResponsibilityEnded(responsibility: Responsibility): boolean {
  return ENDED.includes(responsibility);
}

/** Whether the responsibility track still waits for a determination (section 5). */
export function isBeforeDetermination(responsibility: Responsibility): boolean {
  return BEFORE_DETERMINATION.includes(responsibility);
}

/** The states of both tracks in which each command fits (section 5). */
const FITS: Readonly<Record<CommandName, (dispute: Dispute) => boolean>> = {
  filing: ({ status }) => status === 'received',
  assignment: ({ status }) => status !== 'received' && status !== 'closed',
  regrading: ({ status }) => status !== 'closed',
  resolution: ({ status }) => status === 'filed' || status === 'handling',
  rating: ({ status }) => RESOLVED.includes(status) || status === 'closed',
  closure: ({ status, responsibility }) => RESOLVED.includes(status) && isResponsibilityEnded(responsibility),
  reopening: ({ status }) => RESOLVED.includes(status) || status === 'closed',
  /** A joint one may take the place of one that was not (D-1). */
  investigation: ({ responsibility, investigation, causeReport }) =>
    responsibility === 'open' ||
    (responsibility === 'investigating' && investigation?.joint === false) ||
    (responsibility === 'reported' && causeReport?.joint === false),
  'cause-report': ({ responsibility }) => responsibility === 'investigating',
  determination: ({ responsibility }) => isBeforeDetermination(responsibility),
  notice: ({ responsibility }) => responsibility === 'determined',
  waiver: ({ responsibility }) => isBeforeDetermination(responsibility),
};

/**
 * The commands that fit both tracks now; what a refusal offers. A determination also waits for the cause report of a
 * joint team where D-1 asks for one (D-3), which `needsJointReport` says.
 */
export function allowedCommands(dispute: Dispute, needsJointReport: boolean): CommandName[] {
  return COMMAND_NAMES.filter((name) => FITS[name](dispute) && !(name === 'determination' && needsJointReport));
}
