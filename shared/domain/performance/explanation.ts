import type { Instant } from '../calendar/civil-date.ts';
import type { NearestMiss } from '../grading/grade.ts';
import type { Names, Policy } from '../policy/policy.ts';
import type { Card } from './card.ts';
import { byRecording, type Effect, type Entry, type EntryInputs, type EntryStatus } from './entry.ts';
import { effectOf } from './points.ts';

/** One step of the waterfall: an entry, why it is there, and where the card stands after it. */
export interface ExplainedEntry {
  readonly entry: Entry & { readonly status: EntryStatus };
  /** The rule in words, as the policy version says it that it was applied in; its id where that version is silent. */
  readonly text: Names;
  /** When the group was posted or void. */
  readonly settledAt?: Instant;
  /** The grade's nearest miss, where the dispute still has the level that counted (G-3). */
  readonly nearestMiss?: NearestMiss;
  /** Base and everything posted so far, in hundredths; pending and void entries move nothing. */
  readonly balance: number;
}

/** Every point of a card (S-19): from the base, step by step, to the card's sum. */
export interface Explanation {
  readonly card: Card;
  readonly steps: readonly ExplainedEntry[];
}

/** What explanations look up besides the card's entries. */
export interface ExplanationSources {
  readonly policy: (version: number) => Policy;
  /** By dispute. */
  readonly nearestMiss: (disputeId: string) => { readonly level: number; readonly miss: NearestMiss } | undefined;
}

/**
 * Explains a card by its entries, oldest first. The last balance is base and adjustments.
 */
export function explain(
  card: Card,
  entries: readonly (Entry & { readonly status: EntryStatus })[],
  sources: ExplanationSources,
): Explanation {
  const words = new Map(
    entries.filter(({ kind }) => isWord(kind)).map(({ groupId, recordedAt }) => [groupId, recordedAt]),
  );
  const steps: ExplainedEntry[] = [];
  let balance = card.base;
  for (const entry of entries.filter(({ kind }) => !isWord(kind)).sort(byRecording)) {
    if (entry.status === 'posted') balance += entry.points ?? 0;
    const text = sources.policy(entry.policyVersion).rules[entry.rule] ?? wordless(entry.rule);
    const settledAt = words.get(entry.groupId);
    const nearestMiss = nearestMissOf(entry, sources);
    steps.push({
      entry,
      text,
      ...(settledAt && { settledAt }),
      ...(nearestMiss && { nearestMiss }),
      balance,
    });
  }
  return { card, steps };
}

/**
 * Works an entry's effect out again from what its explanation shows, and from nothing else (S-19).
 * @throws RangeError when the inputs contradict each other
 */
export function recompute(inputs: EntryInputs): Effect {
  return effectOf(inputs);
}

function wordless(rule: string): Names {
  return { en: rule, 'zh-Hant': rule, 'zh-Hans': rule };
}

/** Whether an entry decides what its group counts as, and moves nothing itself (S-13). */
function isWord(kind: Entry['kind']): boolean {
  return kind === 'posted' || kind === 'void';
}

function nearestMissOf({ inputs, disputeId }: Entry, { nearestMiss }: ExplanationSources): NearestMiss | undefined {
  if (inputs?.rule !== 'S-5' || inputs.by !== 'base') return undefined;
  const found = nearestMiss(disputeId);
  return found?.level === inputs.level ? found.miss : undefined;
}
