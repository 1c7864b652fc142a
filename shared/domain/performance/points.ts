import type { Share } from '../dispute/dispute.ts';
import type { Level, Policy, Rating } from '../policy/policy.ts';
import { type Effect, type EntryInputs, negative, oppositeOf } from './entry.ts';

/** One whole dispute in basis points (D-3). */
const WHOLE_DISPUTE_BP = 10_000;

/**
 * Splits a dispute's points between its share holders, exact to the hundredth: largest remainder first, ties to the
 * lower subject id, then to the kind that comes first in the alphabet (S-5).
 *
 * @param base what the whole dispute costs, in hundredths, at least 0
 * @param shares adding up to the whole dispute
 * @returns one deduction per share in the order of the shares, adding up to exactly `-base`
 * @throws RangeError when the base is not a whole number of at least 0 or the shares are not one whole dispute
 */
export function splitBase(base: number, shares: readonly Share[]): readonly number[] {
  if (!Number.isSafeInteger(base) || !Number.isSafeInteger(base * WHOLE_DISPUTE_BP) || base < 0) {
    throw new RangeError(`a base must be a whole number of hundredths of at least 0, got ${base}`);
  }
  const sum = shares.reduce((total, { bp }) => total + bp, 0);
  if (sum !== WHOLE_DISPUTE_BP || shares.some(({ bp }) => !Number.isSafeInteger(bp) || bp < 0)) {
    throw new RangeError(`shares must be whole and add up to ${WHOLE_DISPUTE_BP} bp, got ${sum}`);
  }
  const parts = shares.map((share, index) => ({
    share,
    index,
    floor: Math.floor((base * share.bp) / WHOLE_DISPUTE_BP),
    remainder: (base * share.bp) % WHOLE_DISPUTE_BP,
  }));
  const left = base - parts.reduce((total, { floor }) => total + floor, 0);
  const byRemainder = parts.toSorted((a, b) => b.remainder - a.remainder || compareHolders(a.share, b.share));
  const rounded = new Set(byRemainder.slice(0, left).map(({ index }) => index));
  return parts.map(({ floor, index }) => negative(floor + (rounded.has(index) ? 1 : 0)));
}

/** What S-5 is given for one share of a determination; the catalogue comes before the base. */
export function shareInputs(share: Share, level: Level, shares: readonly Share[], policy: Policy): EntryInputs {
  const criterion = policy.points.catalogue.find(
    ({ causeCode, kind }) => causeCode === share.causeCode && kind === share.kind,
  );
  if (criterion) return { rule: 'S-5', by: 'catalogue', share, criterion };
  const holder = { subject: share.subject, kind: share.kind };
  return { rule: 'S-5', by: 'base', level, base: baseOf(level, policy), shares, rounding: 'largest-remainder', holder };
}

/** What the whole dispute costs at a level, in hundredths (S-5, S-21). */
export function baseOf(level: Level, policy: Policy): number {
  return policy.points.base[level];
}

/** What a rating is worth to the responsible department, and how (S-1). */
export function satisfactionInputs(value: Rating, policy: Policy): EntryInputs {
  return { rule: 'S-1', value, scale: policy.points.satisfaction };
}

/** What a rating is worth to the employee whose attitude it is about (S-2). */
export function attitudeInputs(value: Rating, type: string, policy: Policy): EntryInputs {
  const { types, dissatisfied } = policy.points.attitude;
  return { rule: 'S-2', value, type, attitudeTypes: types, dissatisfied };
}

/**
 * What a rule makes of its inputs. Scoring writes it and an explanation proves it: the same inputs give the same
 * points, without policy, directory or time (S-19).
 */
export function effectOf(inputs: EntryInputs): Effect {
  switch (inputs.rule) {
    case 'S-5':
      return inputs.by === 'catalogue' ? inputs.criterion.effect : { points: partOfBase(inputs) };
    case 'S-1':
      return { points: inputs.scale[inputs.value] };
    case 'S-2': {
      const counts = inputs.value === 'dissatisfied' && inputs.attitudeTypes.includes(inputs.type);
      return { points: counts ? inputs.dissatisfied : 0 };
    }
    case 'reversal':
      return oppositeOf(inputs.reversed);
  }
}

function partOfBase({ base, shares, holder }: Extract<EntryInputs, { by: 'base' }>): number {
  const index = shares.findIndex(({ subject, kind }) => subject === holder.subject && kind === holder.kind);
  const points = splitBase(base, shares)[index];
  if (points === undefined)
    throw new RangeError(`${holder.subject} holds no ${holder.kind} share of this determination`);
  return points;
}

/** No id holds a blank, so that the subject decides before the kind. */
function compareHolders(a: Share, b: Share): number {
  return `${a.subject} ${a.kind}` < `${b.subject} ${b.kind}` ? -1 : 1;
}

/** Hundredths as people read them: two places, a minus before a deduction and nothing before a gain: `-6.00`, `100.00`. */
export function pointsText(points: number): string {
  const digits = String(Math.abs(points)).padStart(3, '0');
  return `${points < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
