import type { CommandName } from './dispute/commands.ts';

/** A named fault of an input: where, and what would be right. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** Why a command was not carried out. Nothing was changed. */
export type Refusal =
  /** It does not fit the state (409); `allowed` says what would. */
  | {
      readonly refused: 'state';
      readonly rule: string;
      readonly detail: string;
      readonly allowed: readonly CommandName[];
    }
  /** The person may not do this here (403). */
  | { readonly refused: 'person'; readonly rule: string; readonly detail: string }
  /** Something in it is wrong (422). */
  | { readonly refused: 'input'; readonly rule: string; readonly detail: string; readonly faults: readonly Fault[] };

export function isRefusal(answer: object): answer is Refusal {
  return 'refused' in answer;
}
