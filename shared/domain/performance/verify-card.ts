import type { ContentHash } from '../ports/digest.ts';
import type { Effect, Entry } from './entry.ts';
import { type BookedCard, type Difference, RANK } from './ledger-record.ts';
import { effectOf } from './points.ts';
import { chainFaults } from './seal.ts';

/** What of one card does not fit: its chain, its entries against their seals, and each entry by itself. */
export function cardDifferences(place: string, card: BookedCard, contentHash: ContentHash): Difference[] {
  const { entries, head } = card;
  const partitions = [place];
  const at = place.lastIndexOf('#');
  const named = { subject: place.slice('CARD#'.length, at), period: place.slice(at + 1) };
  const seals = card.seals.toSorted((a, b) => a.number - b.number);
  const chain = [...card.faults, ...chainFaults(named, seals, head, contentHash)];
  const found: Difference[] = chain.map((what) => ({ place, what, rank: RANK.chain, partitions }));
  const tell = (entryId: string, what: string, rank: number) =>
    // Entries never change: what is wrong with one stays so, however often it is read.
    found.push({ place, what, rank, entryId, partitions: [] });
  for (const { number, entryId, hash } of seals.flatMap((seal) => seal.entries)) {
    const entry = entries.get(entryId);
    const name = `entry ${number} (${entryId})`;
    if (!entry && !card.unreadable.has(entryId)) tell(entryId, `${name} is missing`, RANK.sealed);
    if (entry && entry.hash !== hash) tell(entryId, `${name} was changed after it was sealed`, RANK.sealed);
  }
  for (const [entryId, fault] of card.unreadable) tell(entryId, `entry ${entryId} ${fault}`, RANK.sealed);
  for (const { entryId, fault } of entries.values())
    if (fault !== undefined) tell(entryId, `entry ${entryId} ${fault}`, RANK.item);
  return found;
}

/** What an entry says that cannot be: points for somebody else, or others than its own inputs make (S-19). */
export function entryFault(entry: Entry): string | undefined {
  return holderFault(entry) ?? effectFault(entry);
}

function holderFault({ subject, share, inputs }: Entry): string | undefined {
  const holders = [share?.subject, holderIn(inputs)].filter((holder) => holder !== undefined);
  const other = holders.find((holder) => holder !== subject.id);
  return other === undefined ? undefined : `moves points of ${subject.id} for the share of ${other}`;
}

function holderIn(inputs: Entry['inputs']): string | undefined {
  if (inputs?.rule !== 'S-5') return undefined;
  return inputs.by === 'base' ? inputs.holder.subject : inputs.share.subject;
}

function effectFault({ kind, rule, reverses, inputs, points, percentBp }: Entry): string | undefined {
  if (!inputs) return points === undefined && percentBp === undefined ? undefined : 'moves points without a reason';
  if (kind === 'posted' || kind === 'void') return 'moves points, and is a word on its group';
  const due = reverses === undefined ? rule : 'reversal';
  if (inputs.rule !== due) return `is of rule ${due}, and has the inputs of ${inputs.rule}`;
  let effect: Effect;
  try {
    effect = effectOf(inputs);
  } catch (error) {
    return `has inputs that make no points: ${String(error)}`;
  }
  const expected = 'points' in effect ? { points: effect.points } : { percentBp: effect.percentBp };
  const [made, found] = [textOf(expected), textOf({ points, percentBp })];
  return made === found ? undefined : `moves ${found}, and its inputs make ${made}`;
}

function textOf({ points, percentBp }: { readonly points?: number; readonly percentBp?: number }): string {
  return [points === undefined ? '' : `${points} hundredths`, percentBp === undefined ? '' : `${percentBp} bp`].join(
    '',
  );
}
