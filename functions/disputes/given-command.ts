import type { CommandBodies } from '#shared/contracts/api/endpoints.ts';
import type { CommandName, DisputeCommand } from '#shared/domain/dispute/commands.ts';
import type { CustomerDetails, Texts } from '#shared/domain/ports/dispute-store.ts';

/** A command as it was given: what the domain decides on, and apart from it every text and personal detail (T-2). */
export interface GivenCommand {
  readonly command: DisputeCommand;
  readonly texts: Texts;
  readonly customer?: CustomerDetails;
}

type Given<C extends CommandName> = (body: CommandBodies[C]) => GivenCommand;

/** Takes a command's body apart: facts for the decision, texts for the customers store, each text by its path. */
export const GIVEN: { readonly [C in CommandName]: Given<C> } = {
  filing: ({ customer, demand, text, category, type, department }) => ({
    command: {
      command: 'filing',
      brings: { customer: customer !== undefined, demand: demand !== undefined, details: text !== undefined },
      category,
      type,
      department,
    },
    texts: texts({ demand, text }),
    customer,
  }),
  assignment: ({ assignee, reason }) => ({ command: { command: 'assignment', assignee }, texts: texts({ reason }) }),
  regrading: ({ reason, ...change }) => ({ command: { command: 'regrading', ...change }, texts: texts({ reason }) }),
  investigation: ({ investigator, joint, team = [] }) => ({
    command: { command: 'investigation', investigator, joint, team },
    texts: {},
  }),
  'cause-report': ({ causes, suggestion }) => ({
    command: { command: 'cause-report', branches: causes.map((cause) => cause.branch) },
    texts: texts({
      suggestion,
      ...Object.fromEntries(
        causes.flatMap(({ text, evidence, leadsTo }, index) => [
          [`causes.${index}.text`, text],
          [`causes.${index}.evidence`, evidence],
          [`causes.${index}.leadsTo`, leadsTo],
        ]),
      ),
    }),
  }),
  determination: ({ validity, shares, reasons, evidence }) => ({
    command: { command: 'determination', validity, shares },
    texts: texts({ reasons, evidence }),
  }),
  notice: () => ({ command: { command: 'notice' }, texts: {} }),
  waiver: ({ reason }) => ({ command: { command: 'waiver' }, texts: texts({ reason }) }),
  resolution: ({ solution, basis, compensation }) => ({
    command: { command: 'resolution', compensation },
    texts: texts({ solution, basis }),
  }),
  rating: ({ value }) => ({ command: { command: 'rating', value }, texts: {} }),
  closure: () => ({ command: { command: 'closure' }, texts: {} }),
  reopening: ({ reason }) => ({ command: { command: 'reopening' }, texts: texts({ reason }) }),
};

/** The texts that were given, without those that were not. */
function texts(given: Readonly<Record<string, string | undefined>>): Texts {
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
