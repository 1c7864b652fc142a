import type { CommandBodies } from '#shared/contracts/api/bodies.ts';
import type { ReportV1 } from '#shared/contracts/report.v1.ts';
import { COMMAND_NAMES, type CommandName } from '#shared/domain/dispute/commands.ts';
import type { Share } from '#shared/domain/dispute/dispute.ts';
import {
  DECIDER,
  HEAD_OF_DISPUTES,
  HEAD_OF_PERFORMANCE,
  OFFICER,
  PERFORMANCE_IN_TEAM,
  person,
} from '#test/e2e/people.ts';
import type { Claims } from '#test/e2e/system.ts';
import { DIRECTORY, POLICY } from '#test/support/sample.ts';
import type { Random } from './random.ts';

export const SOURCES = ['phone', 'chat', 'email', 'social', 'letter', 'web', 'regulator'] as const;
/** The one that may also be named on the in-house queue, and by whom. */
export const IN_HOUSE_SOURCE = 'letter';
export const IN_HOUSE_PRINCIPAL = 'AROALETTERSCANNER';

/** A report's place in the world: everything about its dispute is asked for under it. */
export interface Addressed {
  readonly source: string;
  readonly externalId: string;
}

export interface Reported {
  readonly door: 'webhook' | 'in-house' | 'either';
  readonly body: unknown;
  readonly refused: boolean;
  /** Of a readable one. */
  readonly report?: ReportV1;
}

/** A command to be given: what it is about decides what would fit. */
export interface Planned {
  readonly name: CommandName;
  readonly about: Addressed;
  readonly reported: Reported;
  readonly random: Random;
}

const OCCURRED = ['2026-09-16', '2026-09-17T00:30:00Z', '2026-08-31T15:59:59Z', '2026-08-31T16:00:00Z', '2025-12-31'];
const AMOUNTS = [
  { minor: 5800, currency: 'CNY' },
  { minor: 10_000_000, currency: 'CNY' },
  { minor: 10_000_001, currency: 'CNY' },
  { minor: 50_000_001, currency: 'CNY' },
  { minor: 7_500_000, currency: 'USD' },
  { minor: 3_000_000, currency: 'JPY' },
  { minor: 5_000_000, currency: 'KWD' },
  { minor: 99_999_999, currency: 'ZMW' },
];
const TYPES = POLICY.categories.flatMap(({ id, types }) => types.map((type) => ({ category: id, type: type.id })));
/** Where S-2 looks at the person as well. */
const ATTITUDE = { category: 'service', type: 'service-attitude' };
const SUBJECTS = [...DIRECTORY.values()].filter(({ id, department }) => ![id, department].includes('performance'));
const ids = (kind: string) => SUBJECTS.filter((subject) => subject.kind === kind).map(({ id }) => id);
const DEPARTMENTS = ids('department');

/**
 * One report, mostly a good one.
 *
 * @param newcomer a customer who is heard of for the first time about now, over several channels perhaps
 */
export function reportOf(about: Addressed, newcomer: string, random: Random): Reported {
  const report = goodReport(about.externalId, newcomer, random);
  const inHouse = about.source === IN_HOUSE_SOURCE;
  if (random.chance(0.85)) return { door: inHouse ? 'either' : 'webhook', body: report, refused: false, report };
  const wrong = random.pick<unknown>([
    { ...report, category: undefined, type: 'time-travel' },
    { ...report, occurredAt: '2027-06-01T00:00:00Z' },
    { ...report, employee: 'E-999' },
    { ...report, mood: 'bad' },
    { externalId: about.externalId, occurredAt: report.occurredAt },
    '{"externalId":',
  ]);
  return { door: inHouse ? 'either' : random.pick(['webhook', 'in-house'] as const), body: wrong, refused: true };
}

function goodReport(externalId: string, newcomer: string, random: Random): ReportV1 {
  const maybe = <T>(probability: number, value: () => T) => (random.chance(probability) ? value() : undefined);
  const place = random.pick<{ category?: string; type?: string }>([
    random.pick(TYPES),
    random.pick(TYPES),
    ATTITUDE,
    { category: random.pick(POLICY.categories).id },
    { type: 'late-delivery' },
    {},
  ]);
  const text = maybe(0.6, () => `text of ${externalId}`) ?? (place.type ? undefined : 'only words');
  return dropUndefined({
    externalId,
    occurredAt: random.pick(OCCURRED),
    customer: maybe(0.75, () => customerOf(externalId, newcomer, random)),
    text,
    demand: maybe(0.6, () => `demand of ${externalId}`),
    ...place,
    amount: maybe(0.6, () => random.pick(AMOUNTS)),
    facts: maybe(0.4, () => factsOf(random)),
    publicOpinion: maybe(0.2, () => opinionOf(random)),
    partner: maybe(0.2, () => random.pick(ids('partner'))),
    department: maybe(0.2, () => random.pick(DEPARTMENTS)),
    employee: maybe(0.4, () => random.pick(ids('employee'))),
    product: maybe(0.3, () => 'sofa-3'),
    order: maybe(0.3, () => 'SO-7781'),
    attributes: maybe(0.1, () => ({ weight: 1.5, gift: true })),
  });
}

/** The same details whenever the same customer is named: what differed would depend on who came last. */
function customerOf(externalId: string, newcomer: string, random: Random): ReportV1['customer'] {
  const ref = random.pick([newcomer, newcomer, 'C-0', 'C-9']);
  return random.pick([
    { ref, name: `Name of ${ref}`, tier: 'ordinary' as const },
    { ref, phone: `+86 139 0000 000${ref.slice(-1)}` },
    { phone: '0086 139-1111-2222' },
    { name: `Nobody in particular, ${externalId}` },
    { tier: 'high-value' as const },
  ]);
}

function factsOf(random: Random): NonNullable<ReportV1['facts']> {
  return {
    personalSafety: random.chance(0.1),
    hazard: random.chance(0.1),
    leaving: random.chance(0.3),
    interrupted: random.chance(0.3),
    threat: random.pick(['none', 'none', 'regulator', 'lawsuit', 'media'] as const),
  };
}

function opinionOf(random: Random): NonNullable<ReportV1['publicOpinion']> {
  return { reach: random.pick([0, 99_999, 100_000]), media: random.chance(0.2), regulator: random.chance(0.1) };
}

/** The body of a command that fits, as far as one can know beforehand, and who gives it. */
export function commandBody({ name, about, reported, random }: Planned): { by: Claims; body: object } {
  const officer = random.chance(0.5) ? OFFICER : HEAD_OF_DISPUTES;
  const decider = random.chance(0.9) ? DECIDER : random.pick([PERFORMANCE_IN_TEAM, HEAD_OF_PERFORMANCE]);
  switch (name) {
    case 'filing':
      return { by: officer, body: filingBody(about, random) };
    case 'assignment':
      return { by: officer, body: { assignee: random.pick(['E-602', 'E-603', 'E-402']), reason: 'skill' } };
    case 'regrading':
      return { by: officer, body: regradingBody(random) };
    case 'investigation':
      return { by: officer, body: investigationBody(reported, random) };
    case 'cause-report': {
      const branches = random.pick([['people'], ['process', 'people'], ['system'], ['institution']] as const);
      return { by: officer, body: { causes: branches.map((branch) => ({ branch, text: `cause in ${branch}` })) } };
    }
    case 'determination':
      return { by: decider, body: determinationBody(random) };
    case 'waiver':
      return { by: decider, body: { reason: 'nobody is at fault' } };
    case 'notice':
      return { by: decider, body: {} };
    case 'resolution':
      return {
        by: officer,
        body: { solution: 'refund', basis: 'contract 4.2', compensation: { minor: 1200, currency: 'CNY' } },
      };
    case 'rating':
      return {
        by: officer,
        body: { value: random.pick(['very-satisfied', 'satisfied', 'neutral', 'dissatisfied', 'dissatisfied']) },
      };
    case 'closure':
      return { by: officer, body: {} };
    case 'reopening':
      return { by: officer, body: { reason: 'not solved' } };
  }
}

/** Any command at all, by anybody: most of them are refused. */
export function misfit(planned: Planned): { name: CommandName; by: Claims; body: object } {
  const { random } = planned;
  const name = random.pick(COMMAND_NAMES);
  const { by, body } = commandBody({ ...planned, name });
  const other = random.pick([by, by, OFFICER, person('E-204', 'employee'), person('E-201', 'performance')]);
  return { name, by: other, body: random.chance(0.2) ? { ...body, unheardOf: true } : body };
}

function filingBody(about: Addressed, random: Random): CommandBodies['filing'] {
  // No report names a mail address: what the customer is called by others must not depend on who came last.
  const customer = { email: 'found@mail.example' };
  const all = { customer, demand: `an apology for ${about.externalId}`, text: 'what was said' };
  if (random.chance(0.15)) return { demand: all.demand };
  const place = random.pick<object>([random.pick(TYPES), random.pick(TYPES), { department: random.pick(DEPARTMENTS) }]);
  return { ...all, ...place };
}

function regradingBody(random: Random): CommandBodies['regrading'] {
  const reason = 'new facts';
  return random.pick<CommandBodies['regrading']>([
    { reason, facts: factsOf(random) },
    { reason, facts: { hazard: random.chance(0.5) } },
    { reason, facts: { personalSafety: random.chance(0.5), hazard: false, interrupted: random.chance(0.5) } },
    { reason, facts: { personalSafety: false, hazard: false, leaving: false, interrupted: false, threat: 'none' } },
    { reason, amount: random.pick(AMOUNTS) },
    { reason, publicOpinion: opinionOf(random) },
    { reason, ...random.pick(TYPES) },
    { reason, department: random.pick([...DEPARTMENTS, 'nowhere']) },
  ]);
}

/** Somebody of every department that a joint team may need (D-1), so that most investigations start. */
function investigationBody({ report }: Reported, random: Random): CommandBodies['investigation'] {
  const everybody = ['E-702', 'E-201', 'E-301', 'E-402', 'E-501', 'E-801', 'E-901'];
  const alone = random.chance(report?.amount || report?.publicOpinion ? 0.1 : 0.3);
  return { investigator: 'E-601', joint: random.pick([undefined, true, false]), team: alone ? [] : everybody };
}

function determinationBody(random: Random): CommandBodies['determination'] {
  const reasons = 'as found';
  if (random.chance(0.12)) return { validity: random.pick(['unfounded', 'external'] as const), shares: [], reasons };
  return { validity: random.pick(['valid', 'partly-valid'] as const), shares: sharesOf(random), reasons };
}

/** One to five shares, often odd ones, that add up; once in a while they do not. */
function sharesOf(random: Random): Share[] {
  const subjects = random.shuffled(SUBJECTS).slice(0, random.int(1, 5));
  const cuts = [0, ...subjects.slice(1).map(() => random.int(1, 9_999)), 10_000].sort((a, b) => a - b);
  return subjects.map(({ id }, index) => {
    const bp = (cuts[index + 1] ?? 0) - (cuts[index] ?? 0) - (random.chance(0.02) ? 1 : 0);
    return {
      kind: index === 0 ? 'system' : random.pick(['direct', 'management'] as const),
      subject: id,
      bp: Math.max(1, bp),
    };
  });
}

/** An object without its undefined fields, as JSON has it. */
function dropUndefined<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}
