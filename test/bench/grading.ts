import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Engine, type RuleProperties } from 'json-rules-engine';
import type { GradedFacts } from '#shared/domain/grading/grade.ts';
import { gradeDispute } from '#shared/domain/grading/grade-dispute.ts';
import { compareDecimals, convert, type Decimal, inPolicyCurrency } from '#shared/domain/money.ts';
import type { Policy } from '#shared/domain/policy/policy.ts';
import { POLICY, ZONE } from '#test/support/sample.ts';
import type { Bench, Measurement } from './measurement.ts';

const SEED = 20_261_122;
/** On so many reports both have to agree before either is timed. */
const REPORTS = 500;
const ROUNDS = 7;
/** Reports per round: about as long for either. */
const OURS_PER_ROUND = 100_000;
const THEIRS_PER_ROUND = 1_000;
const AT = '2026-11-20T02:31:05Z';
const TARGET_TIMES = 100;
/** Of eleven amounts, eight need no rate; the last one has none. */
const HOME = Array.from({ length: 8 }, () => 'CNY');

/** One report graded with reasons and nearest miss, against a general rules engine with the same rules. */
export const grading: Measurement = {
  name: 'grading',
  async run(bench: Bench) {
    const reports = seededReports();
    const engine = engineWith(POLICY);
    await demandAgreement(reports, engine);
    bench.say(`${REPORTS} reports: the same levels and rules from both`);
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(oursPerReport(reports));
      theirs.push(await theirsPerReport(reports, engine));
    }
    const ratios = theirs.map((each, round) => each / (ours[round] ?? Number.NaN));
    bench.add({ what: 'our grading of one report', value: middle(ours), unit: 'µs' });
    bench.add({ what: 'json-rules-engine, same rules, no nearest miss', value: middle(theirs), unit: 'µs' });
    bench.add({ what: 'times faster', value: middle(ratios), unit: 'times', target: { atLeast: TARGET_TIMES } });
  },
};

/** The rules of G-2 as they stand in a policy document, in the form of json-rules-engine. */
export function rulesOf({ grading: { lossOver, reachFrom, regulatorChannels } }: Policy): RuleProperties[] {
  const rule = (name: string, level: number, ...any: { fact: string; operator: string; value: unknown }[]) => ({
    conditions: { any },
    event: { type: name, params: { level } },
  });
  const is = (fact: string, value: unknown = true) => ({ fact, operator: 'equal', value });
  return [
    rule('G-2.1a', 1, { fact: 'loss', operator: 'isOver', value: lossOver[1] }),
    rule(
      'G-2.1b',
      1,
      { fact: 'reach', operator: 'greaterThanInclusive', value: reachFrom },
      is('media'),
      is('regulator'),
      { fact: 'channel', operator: 'in', value: regulatorChannels },
    ),
    rule('G-2.1c', 1, is('personalSafety'), is('hazard')),
    rule('G-2.2a', 2, { fact: 'loss', operator: 'isOver', value: lossOver[2] }),
    rule('G-2.2b', 2, is('leaving')),
    rule('G-2.2c', 2, is('interrupted')),
    rule('G-2.2d', 2, { fact: 'threat', operator: 'notEqual', value: 'none' }),
  ];
}

/** An engine that is built once, as its manual advises; the loss is converted by the same function as ours. */
export function engineWith(policy: Policy): Engine {
  const engine = new Engine(rulesOf(policy));
  const limits = new Map(
    Object.values(policy.grading.lossOver).map((minor) => [minor, inPolicyCurrency(minor, policy)]),
  );
  engine.addOperator<Decimal | null, number>('isOver', (loss, over) => {
    const limit = limits.get(over);
    return loss !== null && limit !== undefined && compareDecimals(loss, limit) > 0;
  });
  return engine;
}

/** Level and rules of one report by the engine. */
export async function gradedBy(engine: Engine, report: GradedFacts): Promise<Graded> {
  const { amount, occurredAt, facts, publicOpinion, channel } = report;
  const converted = amount && convert(amount, occurredAt, ZONE, POLICY);
  const loss = converted && !('noRate' in converted) ? converted.value : null;
  const { events } = await engine.run({ ...facts, ...publicOpinion, channel, loss });
  const level = Math.min(3, ...events.map(({ params }) => Number(params?.level)));
  const met = events.filter(({ params }) => params?.level === level).map(({ type }) => type);
  return { level, rules: level === 3 ? ['G-2.3'] : met.sort() };
}

interface Graded {
  readonly level: number;
  readonly rules: readonly string[];
}

/** @throws Error for the first report that the two grade differently */
async function demandAgreement(reports: readonly GradedFacts[], engine: Engine): Promise<void> {
  for (const report of reports) {
    const { level, reasons } = gradeDispute(report, POLICY, ZONE, AT);
    const ours = { level, rules: reasons.map(({ rule }) => rule).sort() };
    const theirs = await gradedBy(engine, report);
    if (!isDeepStrictEqual(ours, theirs))
      throw new Error(`${JSON.stringify(report)}: ${JSON.stringify(ours)}, by the engine ${JSON.stringify(theirs)}`);
  }
}

function oursPerReport(reports: readonly GradedFacts[]): number {
  let graver = 0; // What nobody looks at, a compiler may leave out.
  const started = performance.now();
  for (let done = 0; done < OURS_PER_ROUND; done += 1) {
    const report = reports[done % reports.length];
    if (report && gradeDispute(report, POLICY, ZONE, AT).level < 3) graver += 1;
  }
  const micros = ((performance.now() - started) * 1000) / OURS_PER_ROUND;
  return graver >= 0 ? micros : Number.NaN;
}

async function theirsPerReport(reports: readonly GradedFacts[], engine: Engine): Promise<number> {
  const started = performance.now();
  for (let done = 0; done < THEIRS_PER_ROUND; done += 1) {
    const report = reports[done % reports.length];
    if (report) await gradedBy(engine, report);
  }
  return ((performance.now() - started) * 1000) / THEIRS_PER_ROUND;
}

/** Of all levels: with and without loss, in currencies with and without a rate, around the limits. */
function seededReports(): GradedFacts[] {
  const rarely = fc.integer({ min: 0, max: 9 }).map((drawn) => drawn === 0);
  const minor = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 9_999_900, max: 50_000_100 }));
  const report: fc.Arbitrary<GradedFacts> = fc.record(
    {
      facts: fc.record({
        personalSafety: rarely,
        hazard: rarely,
        leaving: rarely,
        interrupted: rarely,
        threat: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'regulator', 'lawsuit', 'media'),
      }),
      publicOpinion: fc.record({
        reach: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100_500 })),
        media: rarely,
        regulator: rarely,
      }),
      amount: fc.record({ minor, currency: fc.constantFrom(...HOME, 'USD', 'JPY', 'XOF') }),
      channel: fc.constantFrom('phone', 'phone', 'web', 'chat', 'regulator'),
      occurredAt: fc.constantFrom('2016-05-04T02:31:00Z', '2026-11-20T02:31:00Z'),
    },
    { requiredKeys: ['facts', 'publicOpinion', 'channel', 'occurredAt'] },
  );
  return fc.sample(report, { seed: SEED, numRuns: REPORTS });
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
