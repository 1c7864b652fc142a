import * as z from 'zod';
import type { Policy } from '../domain/policy/policy.ts';
import { refuseRepeats } from './faults.ts';
import { Channel } from './source-schema.ts';

/** Rules that decisions and refusals of this system cite: an explanation needs the text of each (S-19). */
const CITED_RULES = [
  'I-3 I-5 I-9 I-11 G-1 G-2.1a G-2.1b G-2.1c G-2.2a G-2.2b G-2.2c G-2.2d G-2.3 G-6 C-1 C-4 C-5 C-8',
  'D-1 D-3 D-4 D-5 D-7 S-1 S-2 S-5 S-12 S-13 S-14 S-18 S-21 P-2',
].flatMap((line) => line.split(' '));

const Id = z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens');
const Text = z.string().regex(/\S/, 'must have a text');
const Names = z.strictObject({ en: Text, 'zh-Hant': Text, 'zh-Hans': Text });
const Day = z.iso.date('must be a day that exists, YYYY-MM-DD');
const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be a currency code of three capital letters');
const Positive = z.int('must be a whole number').positive('must be more than 0');
const NotNegative = z.int('must be a whole number').min(0, 'must be at least 0');
const Points = z.int('must be a whole number of hundredths');
/** One whole in basis points. */
const WHOLE_BP = 10_000;
/** The longest that S3 signs a link for: seven days. */
const LONGEST_LINK_SECONDS = 604_800;
const BasisPoints = NotNegative.max(WHOLE_BP, `must be at most ${WHOLE_BP}`);
const Level = z.literal([1, 2, 3], 'must be level 1, 2 or 3');

function perLevel<Value extends z.ZodType>(value: Value) {
  return z.strictObject({ '1': value, '2': value, '3': value });
}

const Allowance = z.union(
  [
    z.strictObject({ elapsedSeconds: Positive }),
    z.strictObject({ workingSeconds: Positive }),
    z.strictObject({ workingDays: Positive }),
  ],
  'must be one of elapsedSeconds, workingSeconds and workingDays, a whole number of more than 0',
);

/** The tree of G-1. Type ids are unique over the tree, but for `other`, which every category has. */
const Categories = z
  .array(
    z.strictObject({
      id: Id,
      name: Names,
      types: z.array(z.strictObject({ id: Id, name: Names, department: Id, indicators: z.array(Id) })),
    }),
  )
  .min(1, 'must hold at least one category')
  .superRefine((categories, context) => {
    refuseRepeats(
      categories.map(({ id }) => id),
      context,
      (index) => [index, 'id'],
    );
    const types = categories.flatMap((category, c) =>
      category.types.map((type, t) => ({
        path: [c, 'types', t, 'id'],
        key: type.id === 'other' ? `other of ${category.id}` : type.id,
      })),
    );
    refuseRepeats(
      types.map(({ key }) => key),
      context,
      (index) => types[index]?.path ?? [],
    );
    for (const [index, { types }] of categories.entries()) {
      if (types.some(({ id }) => id === 'other')) continue;
      context.addIssue({ code: 'custom', path: [index, 'types'], message: 'must have a type other (G-1)' });
    }
  });

const Indicators = z.array(z.strictObject({ id: Id, name: Names })).superRefine((indicators, context) =>
  refuseRepeats(
    indicators.map(({ id }) => id),
    context,
    (index) => [index, 'id'],
  ),
);

const Intake = z.strictObject({
  maxBodyBytes: Positive,
  maxDepth: Positive,
  signatureToleranceSeconds: Positive,
  aheadSeconds: NotNegative,
  secretOverlapSeconds: NotNegative,
  activeSecrets: Positive,
  secretCacheSeconds: NotNegative,
  unclassified: z.strictObject({ category: Id, type: Id }),
  syncSeconds: Positive,
});

/** An exact decimal of more than 0: floats never come near an amount (G-2). */
const Rate = z
  .string()
  .regex(/^(0|[1-9]\d{0,8})(\.\d{1,12})?$/, 'must be a decimal as text, such as "7.0524"')
  .refine((rate) => /[1-9]/.test(rate), 'must be more than 0');

const Exchange = z
  .strictObject({
    currency: Currency,
    minorDigits: z.record(
      Currency,
      z.int('must be a whole number').min(0, 'must be from 0 to 4').max(4, 'must be from 0 to 4'),
    ),
    rates: z.array(z.strictObject({ currency: Currency, from: Day, rate: Rate })),
  })
  .superRefine(({ currency, minorDigits, rates }, context) => {
    const fault = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (!(currency in minorDigits)) fault(['currency'], `${currency} has no minorDigits`);
    refuseRepeats(
      rates.map((rate) => `${rate.currency} from ${rate.from}`),
      context,
      (index) => ['rates', index],
    );
    for (const [index, rate] of rates.entries()) {
      if (rate.currency === currency)
        fault(['rates', index, 'currency'], "is the policy's own currency, which needs no rate");
      if (!(rate.currency in minorDigits)) fault(['rates', index, 'currency'], `${rate.currency} has no minorDigits`);
    }
  });

const Grading = z
  .strictObject({
    lossOver: z.strictObject({ '1': Positive, '2': Positive }),
    reachFrom: Positive,
    regulatorChannels: z.array(Channel),
  })
  .refine(({ lossOver }) => lossOver['1'] > lossOver['2'], {
    path: ['lossOver', '1'],
    message: 'must be more than the loss of level 2',
  });

const Clocks = z.strictObject({
  'C-1': perLevel(Allowance),
  'C-4': perLevel(Allowance),
  'C-5': perLevel(Allowance),
  'C-8': perLevel(Allowance),
});

/** From the best band down; the last one starts at 0, so that every result has a band (S-18). */
const Bands = z
  .array(z.strictObject({ id: Id, name: Names, from: NotNegative }))
  .min(1, 'must hold at least one band')
  .superRefine((bands, context) => {
    refuseRepeats(
      bands.map(({ id }) => id),
      context,
      (index) => [index, 'id'],
    );
    for (const [index, { from }] of bands.entries()) {
      const next = bands[index + 1];
      if (next ? next.from < from : from === 0) continue;
      const message = next ? `must be more than the next band's ${next.from}` : 'must be 0 in the last band';
      context.addIssue({ code: 'custom', path: [index, 'from'], message });
    }
  });

const Catalogue = z
  .array(
    z.strictObject({
      causeCode: Id,
      kind: z.enum(['direct', 'management', 'system']),
      effect: z.union(
        [z.strictObject({ points: Points }), z.strictObject({ percentBp: Points })],
        'must be points or percentBp, a whole number of hundredths',
      ),
    }),
  )
  .superRefine((effects, context) =>
    refuseRepeats(
      effects.map(({ causeCode, kind }) => `${causeCode} ${kind}`),
      context,
      (index) => [index],
    ),
  );

/** Linked shares by year of introduction, and the rate of each band that moves a bonus (S-18). */
const Bonus = z.strictObject({
  introductionYear: Positive,
  linkedShareBp: z
    .array(NotNegative.max(WHOLE_BP, `must be at most ${WHOLE_BP}`))
    .min(1, 'must hold at least the first year'),
  rateBp: z.record(Id, Points.min(-WHOLE_BP, `must be at least -${WHOLE_BP}`)),
});

const PointRules = z.strictObject({
  cardBase: NotNegative,
  bands: Bands,
  bonus: Bonus,
  satisfaction: z.strictObject({ 'very-satisfied': Points, satisfied: Points, neutral: Points, dissatisfied: Points }),
  attitude: z.strictObject({ types: z.array(Id), indicator: Id, dissatisfied: Points }),
  base: perLevel(NotNegative),
  catalogue: Catalogue,
});

const RuleTexts = z
  .record(z.string().regex(/^[A-Z]-\d+(\.\d[a-z]?)?$/, 'must be a rule id such as G-2.1a'), Names)
  .superRefine((rules, context) => {
    for (const rule of CITED_RULES.filter((cited) => !(cited in rules))) {
      context.addIssue({ code: 'custom', path: [rule], message: 'is cited by decisions and needs a text' });
    }
  });

const PolicyDocument = z.strictObject({
  version: Positive,
  name: Text,
  effectiveFrom: Day,
  calendar: z.strictObject({ id: Id, version: Positive }),
  categories: Categories,
  indicators: Indicators,
  intake: Intake,
  money: Exchange,
  grading: Grading,
  clocks: Clocks,
  investigation: z.strictObject({
    jointLevels: z.array(Level),
    jointLossOver: NotNegative,
    team: z.array(Id),
    teamLevel1: z.array(Id),
  }),
  determination: z.strictObject({ maxShares: Positive }),
  points: PointRules,
  exports: z.strictObject({
    linkSeconds: Positive.max(LONGEST_LINK_SECONDS, `must be at most ${LONGEST_LINK_SECONDS}`),
  }),
  review: z.strictObject({ frequentOverBp: BasisPoints }),
  rules: RuleTexts,
});

/** A whole policy document: strict, and every id that it names within itself is there (P-1). */
export const PolicySchema: z.ZodType<Policy> = PolicyDocument.superRefine((policy, context) => {
  const fault = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
  const indicators = new Set(policy.indicators.map(({ id }) => id));
  for (const [c, { types }] of policy.categories.entries()) {
    for (const [t, type] of types.entries()) {
      for (const [i, indicator] of type.indicators.entries()) {
        if (!indicators.has(indicator))
          fault(['categories', c, 'types', t, 'indicators', i], `${indicator} is no indicator`);
      }
    }
  }
  const { attitude, bands, bonus } = policy.points;
  for (const band of Object.keys(bonus.rateBp)) {
    if (!bands.some(({ id }) => id === band)) fault(['points', 'bonus', 'rateBp', band], `${band} is no band`);
  }
  if (!indicators.has(attitude.indicator))
    fault(['points', 'attitude', 'indicator'], `${attitude.indicator} is no indicator`);
  const types = new Set(policy.categories.flatMap((category) => category.types.map(({ id }) => id)));
  for (const [index, type] of attitude.types.entries()) {
    if (!types.has(type)) fault(['points', 'attitude', 'types', index], `${type} is no type of the tree`);
  }
  const { category, type } = policy.intake.unclassified;
  const node = policy.categories.find(({ id }) => id === category);
  if (!node) fault(['intake', 'unclassified', 'category'], `${category} is no category`);
  else if (!node.types.some(({ id }) => id === type)) {
    fault(['intake', 'unclassified', 'type'], `${type} is no type of the category ${category}`);
  }
});
