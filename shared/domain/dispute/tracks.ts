import { COMMAND_NAMES, type CommandName } from './commands.ts';
import type { Dispute, Responsibility, Status } from './dispute.ts';

const RESOLVED: readonly Status[] = ['resolved', 'followed-up'];
const ENDED: readonly Responsibility[] = ['final', 'not-needed'];
const BEFORE_DETERMINATION: readonly Responsibility[] = ['open', 'investigating', 'reported'];

/** Whether the responsibility track has ended (section 5). */
export function isResponsibilityEnded(responsibility: Responsibility): boolean {
  return ENDED.includes(responsibility);
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
  investigation: ({ responsibility }) => responsibility === 'open',
  'cause-report': ({ responsibility }) => responsibility === 'investigating',
  determination: ({ responsibility }) => BEFORE_DETERMINATION.includes(responsibility),
  notice: ({ responsibility }) => responsibility === 'determined',
  waiver: ({ responsibility }) => BEFORE_DETERMINATION.includes(responsibility),
};

/**
 * The commands that fit both tracks now; what a refusal offers. Determination also needs the cause report where the
 * investigation is joint (D-1, D-3), which `needsJointReport` says.
 */
export function allowedCommands(dispute: Dispute, needsJointReport: boolean): CommandName[] {
  return COMMAND_NAMES.filter((name) => FITS[name](dispute) && !(name === 'determination' && needsJointReport));
}
