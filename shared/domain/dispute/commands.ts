import type { Facts, PublicOpinion } from '../grading/grade.ts';
import type { Money, Rating } from '../policy/policy.ts';
import type { CauseBranch, Share, Validity } from './dispute.ts';

/**
 * What a person asks of a dispute (section 5). Texts have been taken out before: they go to the customers store
 * (T-2), and a command says only which of them came with it.
 */
export type DisputeCommand =
  | {
      readonly command: 'filing';
      /** Which mandatory fields this filing brings (I-9). */
      readonly brings: { readonly customer: boolean; readonly demand: boolean; readonly details: boolean };
      readonly category?: string;
      readonly type?: string;
      readonly department?: string;
    }
  | { readonly command: 'assignment'; readonly assignee: string }
  | {
      readonly command: 'regrading';
      readonly facts?: Partial<Facts>;
      readonly publicOpinion?: Partial<PublicOpinion>;
      readonly amount?: Money;
      readonly category?: string;
      readonly type?: string;
      readonly department?: string;
    }
  | {
      readonly command: 'investigation';
      readonly investigator: string;
      readonly joint?: boolean;
      readonly team: readonly string[];
    }
  | { readonly command: 'cause-report'; readonly branches: readonly CauseBranch[] }
  | { readonly command: 'determination'; readonly validity: Validity; readonly shares: readonly Share[] }
  | { readonly command: 'notice' }
  | { readonly command: 'waiver' }
  | { readonly command: 'resolution'; readonly compensation?: Money }
  | { readonly command: 'rating'; readonly value: Rating }
  | { readonly command: 'closure' }
  | { readonly command: 'reopening' };
export type CommandName = DisputeCommand['command'];
export const COMMAND_NAMES = [
  'filing',
  'assignment',
  'regrading',
  'investigation',
  'cause-report',
  'determination',
  'notice',
  'waiver',
  'resolution',
  'rating',
  'closure',
  'reopening',
] as const satisfies readonly CommandName[];
