import type { Instant, TimeZone } from '../calendar/civil-date.ts';
import {
  type Conversion,
  compareDecimals,
  convert,
  type Decimal,
  groupThousands,
  inPolicyCurrency,
  printDecimal,
  times,
} from '../money.ts';
import type { Level, Money, Policy } from '../policy/policy.ts';
import { COLOURS, type Grade, type GradedFacts, type NearestMiss, type Reason, type Values } from './grade.ts';

/** The two loss rules: which level each stands for (G-2). */
const LOSS_RULES = [
  { rule: 'G-2.1a', level: 1 },
  { rule: 'G-2.2a', level: 2 },
] as const;

type GraverLevel = 1 | 2;
type Loss = Conversion & { readonly amount: Money };
interface Met {
  readonly level: GraverLevel;
  readonly reason: Reason;
}

/**
 * Grades a dispute by its facts: every rule met at the resulting level is a reason, and the nearest miss says what
 * would have made it graver (G-2, G-3).
 *
 * A loss without a rate leaves the loss rules unanswered, listed in `notEvaluable`; the other rules decide.
 *
 * @param zone the organisation's time zone: it dates the exchange rate
 * @param at when the grade is given; it becomes `gradedAt` and decides nothing
 * @throws RangeError when the amount is not a whole, safe number of at least 0 minor units, or the reach not whole
 */
export function gradeDispute(facts: GradedFacts, policy: Policy, zone: TimeZone, at: Instant): Grade {
  const { loss, notEvaluable } = weighLoss(facts, policy, zone);
  const met = [...lossRulesMet(loss, policy), ...publicOpinionMet(facts, policy), ...conditionsMet(facts)];
  const level: Level = met.some((rule) => rule.level === 1) ? 1 : met.length > 0 ? 2 : 3;
  const nearestMiss = nearestMissOf(level, facts, loss, policy);
  return {
    level,
    colour: COLOURS[level],
    reasons: level === 3 ? [ORDINARY] : met.filter((rule) => rule.level === level).map(({ reason }) => reason),
    ...(nearestMiss && { nearestMiss }),
    notEvaluable,
    policyVersion: policy.version,
    gradedAt: at,
  };
}

const ORDINARY: Reason = { rule: 'G-2.3', values: {}, text: 'ordinary: no rule of level 1 or 2 is met' };

function weighLoss({ amount, occurredAt }: GradedFacts, policy: Policy, zone: TimeZone) {
  if (!amount) return { notEvaluable: [] };
  const conversion = convert(amount, occurredAt, zone, policy);
  if (!('noRate' in conversion)) return { loss: { amount, ...conversion }, notEvaluable: [] };
  return { notEvaluable: LOSS_RULES.map(({ rule }) => ({ rule, reason: `no rate for ${conversion.noRate}` })) };
}

function lossRulesMet(loss: Loss | undefined, policy: Policy): Met[] {
  const met: Met[] = [];
  if (!loss) return met;
  const { amount, given, converted, rate } = loss;
  for (const { rule, level } of LOSS_RULES) {
    const threshold = inPolicyCurrency(policy.grading.lossOver[level], policy);
    if (compareDecimals(loss.value, threshold) <= 0) continue;
    const over = printDecimal(threshold, threshold.scale);
    const text = `loss of ${lossText(loss, policy)} is over ${groupThousands(over)} ${policy.money.currency}`;
    const dated = rate && { rate: rate.rate, rateFrom: rate.from };
    met.push({
      level,
      reason: { rule, values: { amount: given, currency: amount.currency, converted, ...dated, over }, text },
    });
  }
  return met;
}

function lossText({ amount, given, converted, rate }: Loss, policy: Policy): string {
  const inPolicy = `${groupThousands(converted)} ${policy.money.currency}`;
  return rate
    ? `${groupThousands(given)} ${amount.currency} (${inPolicy} at ${rate.rate} from ${rate.from} on)`
    : inPolicy;
}

function publicOpinionMet({ publicOpinion, channel }: GradedFacts, policy: Policy): Met[] {
  const { reach, media, regulator } = publicOpinion;
  const { reachFrom, regulatorChannels } = policy.grading;
  const grounds: string[] = [];
  if (reach >= reachFrom) grounds.push(`a reach of ${count(reach)}, where ${count(reachFrom)} is enough`);
  if (media) grounds.push('the media report it');
  if (regulator) grounds.push('a regulator inquires');
  if (regulatorChannels.includes(channel)) grounds.push(`the channel ${channel} implies an inquiry`);
  if (grounds.length === 0) return [];
  const values = { reach, reachFrom, media, regulator, channel };
  return [{ level: 1, reason: { rule: 'G-2.1b', values, text: `major public opinion: ${grounds.join('; ')}` } }];
}

function conditionsMet({ facts }: GradedFacts): Met[] {
  const { personalSafety, hazard, leaving, interrupted, threat } = facts;
  const met: Met[] = [];
  const add = (level: GraverLevel, rule: string, values: Values, text: string) =>
    met.push({ level, reason: { rule, values, text } });
  if (personalSafety || hazard) {
    const dangers = [...(personalSafety ? ['personal safety'] : []), ...(hazard ? ['a latent hazard'] : [])];
    add(1, 'G-2.1c', { personalSafety, hazard }, `it touches ${dangers.join(' and ')}`);
  }
  if (leaving) add(2, 'G-2.2b', { leaving }, 'the customer is about to leave');
  if (interrupted) add(2, 'G-2.2c', { interrupted }, 'the service is interrupted or the product unusable');
  if (threat !== 'none') add(2, 'G-2.2d', { threat }, `the customer threatens with: ${threat}`);
  return met;
}

interface Candidate {
  readonly have: Decimal;
  readonly need: Decimal;
  readonly level: GraverLevel;
  /** Only the closest one is put into words. */
  readonly miss: () => NearestMiss;
}

/**
 * The amount or reach rule of a graver level that came closest: the highest share of what it needs, compared exactly;
 * a tie goes to the graver level, then to the lower rule id. Rules that are only true or false have no distance, and
 * an amount that is not known or cannot be converted has none either. Level 1 misses nothing.
 */
function nearestMissOf(
  level: Level,
  facts: GradedFacts,
  loss: Loss | undefined,
  policy: Policy,
): NearestMiss | undefined {
  if (level === 1) return undefined;
  let closest: Candidate | undefined;
  // By rule id within a level: of two that came equally close, the first one stays.
  for (const each of [...(loss ? lossCandidates(loss, policy) : []), reachCandidate(facts, policy)])
    if (each.level < level && (!closest || closestFirst(each, closest) < 0)) closest = each;
  return closest?.miss();
}

function closestFirst(a: Candidate, b: Candidate): number {
  return compareDecimals(times(b.have, a.need), times(a.have, b.need)) || a.level - b.level;
}

function lossCandidates(loss: Loss, policy: Policy): Candidate[] {
  return LOSS_RULES.map(({ rule, level }) => {
    const need = inPolicyCurrency(policy.grading.lossOver[level], policy);
    return { have: loss.value, need, level, miss: () => lossMiss(rule, level, loss, need) };
  });
}

function lossMiss(rule: string, level: Level, { amount, given, converted, rate }: Loss, need: Decimal): NearestMiss {
  const needed = printDecimal(need, need.scale);
  const original = rate ? ` (${groupThousands(given)} ${amount.currency})` : '';
  const text = `amount ${groupThousands(converted)}${original} of ${groupThousands(needed)} needed for level ${level}`;
  return { rule, level, have: converted, need: needed, text };
}

function reachCandidate({ publicOpinion: { reach } }: GradedFacts, policy: Policy): Candidate {
  const { reachFrom } = policy.grading;
  const miss = (): NearestMiss => {
    const text = `reach ${count(reach)} of ${count(reachFrom)} needed for level 1`;
    return { rule: 'G-2.1b', level: 1, have: `${reach}`, need: `${reachFrom}`, text };
  };
  return { have: { units: BigInt(reach), scale: 0 }, need: { units: BigInt(reachFrom), scale: 0 }, level: 1, miss };
}

function count(number: number): string {
  return groupThousands(`${number}`);
}
