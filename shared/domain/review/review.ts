import { type Day, dayOfNumber, epochSeconds, type Month } from '../calendar/civil-date.ts';
import { SECONDS_PER_DAY } from '../calendar/zone-offset.ts';
import { type Arrived, arrivedOf, NONE_ARRIVED } from '../intake/reconciliation.ts';
import type { Names } from '../policy/policy.ts';
import type { PointSums, ReviewInputs } from './inputs.ts';
import { largestFirst, type Part, partsOf, rateBp, sum, WHOLE_BP, withShares } from './parts.ts';
import { type Provisional, provisionalOf, type Statement, statementsOf, tallyBySource } from './reconcile.ts';

/** What is counted once per dispute and month, in the order in which a dispute meets it. */
export const TOTALS = [
  'opened',
  'filed',
  'assigned',
  'investigated',
  'reported',
  'noticed',
  'waived',
  'final',
  'resolved',
  'closed',
  'reopened',
] as const;
export type TotalName = (typeof TOTALS)[number];

/** Stands for what has no level or category: a count whose other half is still on its way. */
export const UNKNOWN = '-';

const VALIDITIES = ['valid', 'partly-valid', 'unfounded', 'external'] as const;
const RATINGS = ['very-satisfied', 'satisfied', 'neutral', 'dissatisfied'] as const;
const LEVELS = ['1', '2', '3'] as const;
/**
 * What has a deadline, with the counter of all that was done and of what was done in time. Where a missed deadline is an
 * event of its own, `missed` counts it once, done since or not (C-10); elsewhere only what was done late is known.
 */
const TIMED = [
  { what: 'alerts', all: 'alerts.acknowledged', inTime: 'alerts.inTime', missed: 'breached.C-1' },
  { what: 'filings', all: 'filed', inTime: 'filed.inTime', missed: 'breached.C-4' },
  { what: 'cause-reports', all: 'reported', inTime: 'reported.inTime', missed: undefined },
  { what: 'filings-learned', all: 'learned', inTime: 'learned.inTime', missed: undefined },
] as const;

export interface TypePart extends Part {
  readonly category: string;
  readonly name?: Names;
  /** Over the policy's share of the month's disputes. */
  readonly frequent: boolean;
}
export interface CategoryPart extends Part {
  readonly name?: Names;
  readonly types: readonly TypePart[];
}
export interface DepartmentRow extends Part, PointSums {
  /** Absent for `-`, where the scored party has none, and for one that the directory does not know. */
  readonly name?: string;
  readonly filed: number;
  readonly resolved: number;
  readonly closed: number;
  readonly breached: number;
}
export interface InTime {
  readonly what: (typeof TIMED)[number]['what'];
  /** How many were done, in time or not. */
  readonly all: number;
  readonly inTime: number;
  /** Deadlines that passed before it was done; of alerts and filings also those of which it never was. */
  readonly missed: number;
  /** Of `inTime` and `missed` together, which is everything that was due; undefined of nothing. */
  readonly rateBp?: number;
}

/** The monthly review in its first form: figures only, without a word of any language. */
export interface Review {
  readonly period: Month;
  readonly running: boolean;
  readonly policyVersion: number;
  readonly frequentOverBp: number;
  /** Absent where the figures stand. */
  readonly provisional?: Provisional;
  readonly totals: Readonly<Record<TotalName, number>>;
  readonly categories: readonly CategoryPart[];
  readonly levels: readonly Part[];
  readonly channels: readonly Part[];
  readonly departments: readonly DepartmentRow[];
  readonly alerts: Readonly<Record<'raised' | 'acknowledged' | 'inTime' | 'superseded' | 'breached', number>>;
  readonly inTime: readonly InTime[];
  /** Deadlines missed, by clock. */
  readonly breaches: readonly { readonly clock: string; readonly count: number }[];
  readonly determinations: readonly Part[];
  readonly ratings: readonly Part[];
  readonly points: PointSums;
  readonly received: {
    readonly total: Arrived;
    readonly sources: readonly (Arrived & { readonly source: string })[];
    /** Every day of the month. */
    readonly days: readonly { readonly day: Day; readonly received: number }[];
  };
  readonly statements: readonly Statement[];
}

/**
 * What the inputs of a month say (R-3). Each list adds up to its total; the order of the inputs' cells does not matter.
 */
export function reviewOf(inputs: ReviewInputs): Review {
  const { period, running, policyVersion, frequentOverBp } = inputs;
  const counters = sumsByName(inputs);
  const at = (name: string) => counters.get(name) ?? 0;
  const departments = departmentsOf(inputs);
  const provisional = provisionalOf(inputs);
  return {
    period,
    running,
    policyVersion,
    frequentOverBp,
    ...(provisional && { provisional }),
    totals: totalsOf(at),
    categories: categoriesOf(inputs),
    levels: withRest(LEVELS, 'level.', at),
    channels: largestFirst(partsOf(named('channel.', counters))),
    departments,
    alerts: {
      raised: at('alerts.raised'),
      acknowledged: at('alerts.acknowledged'),
      inTime: at('alerts.inTime'),
      superseded: at('alerts.superseded'),
      breached: at('breached.C-1'),
    },
    inTime: TIMED.map((timed) => inTimeOf(timed, at)),
    breaches: [...named('breached.', counters)].sort(byId).map(([clock, count]) => ({ clock, count })),
    determinations: partsOf(new Map(VALIDITIES.map((id) => [id, at(`determined.${id}`)]))),
    ratings: partsOf(new Map(RATINGS.map((id) => [id, at(`rated.${id}`)]))),
    points: {
      pending: sum(departments.map(({ pending }) => pending)),
      posted: sum(departments.map(({ posted }) => posted)),
      voided: sum(departments.map(({ voided }) => voided)),
    },
    received: receivedOf(inputs),
    statements: statementsOf(inputs),
  };
}

type At = (name: string) => number;

/** Every counter of the month over all departments and types. */
function sumsByName({ cells }: ReviewInputs): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [name, at] of cells.flatMap(({ counters }) => Object.entries(counters)))
    sums.set(name, (sums.get(name) ?? 0) + at);
  return sums;
}

/** The counters whose names start so, by the rest of their names. */
function named(prefix: string, counters: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const found = [...counters].filter(([name, at]) => name.startsWith(prefix) && at !== 0);
  return new Map(found.map(([name, at]) => [name.slice(prefix.length), at]));
}

function totalsOf(at: At): Record<TotalName, number> {
  return {
    opened: at('opened'),
    filed: at('filed'),
    assigned: at('assigned'),
    investigated: at('investigated'),
    reported: at('reported'),
    noticed: at('noticed'),
    waived: at('waived'),
    final: at('final'),
    resolved: at('resolved'),
    closed: at('closed'),
    reopened: at('reopened'),
  };
}

function inTimeOf({ what, all, inTime, missed }: (typeof TIMED)[number], at: At): InTime {
  const late = missed === undefined ? at(all) - at(inTime) : at(missed);
  const rate = rateBp(at(inTime), at(inTime) + late);
  return { what, all: at(all), inTime: at(inTime), missed: late, ...(rate !== undefined && { rateBp: rate }) };
}

/** These parts of the opened disputes, and what none of them has. */
function withRest(ids: readonly string[], prefix: string, at: At): readonly Part[] {
  const counts = new Map(ids.map((id) => [id, at(`${prefix}${id}`)]));
  const rest = at('opened') - sum(counts.values());
  return partsOf(rest === 0 ? counts : counts.set(UNKNOWN, rest));
}

/** Disputes by category and, below, by type: a type `other` belongs to the category that it was counted under. */
function categoriesOf(inputs: ReviewInputs): readonly CategoryPart[] {
  const steps = inputs.cells.flatMap(({ type, counters }) => {
    const known = Object.entries(counters).filter(([name]) => name.startsWith('category.'));
    const rest = (counters.opened ?? 0) - sum(known.map(([, at]) => at));
    const byCategory = known.map(([name, at]) => ({ category: name.slice('category.'.length), type, at }));
    return [...byCategory, { category: UNKNOWN, type, at: rest }];
  });
  const types = [...Map.groupBy(steps, ({ category, type }) => JSON.stringify([category, type]))].flatMap(([, own]) =>
    own.slice(0, 1).map(({ category, type: id }) => ({ id, category, count: sum(own.map(({ at }) => at)) })),
  );
  const counted = types.filter(({ count }) => count !== 0);
  const total = sum(counted.map(({ count }) => count));
  const categories = [...Map.groupBy(counted, ({ category }) => category)].map(([id, own]) => ({
    id,
    count: sum(own.map(({ count }) => count)),
    own,
  }));
  return largestFirst(withShares(categories)).map(({ own, ...part }) => {
    const names = inputs.categories.find(({ id }) => id === part.id);
    const typeParts = withShares(own, part.shareBp).map((type): TypePart => {
      const name = names?.types.find(({ id }) => id === type.id)?.name;
      const frequent = type.count * WHOLE_BP > total * inputs.frequentOverBp;
      return { ...type, ...(name && { name }), frequent };
    });
    return { ...part, ...(names && { name: names.name }), types: largestFirst(typeParts) };
  });
}

/** Every department for which something was counted, but for what it only received about other months. */
function departmentsOf(inputs: ReviewInputs): readonly DepartmentRow[] {
  const rows = [...Map.groupBy(inputs.cells, ({ department }) => department)].map(([id, cells]) => {
    const counters = sumsByName({ ...inputs, cells });
    return { id, count: counters.get('opened') ?? 0, counters };
  });
  const concerned = rows.filter(({ counters }) =>
    [...counters].some(([name, at]) => at !== 0 && !name.startsWith('received.')),
  );
  return largestFirst(withShares(concerned)).map(({ counters, ...part }) => {
    const at = (name: string) => counters.get(name) ?? 0;
    const name = inputs.departments.find(({ id }) => id === part.id)?.name;
    return {
      ...part,
      ...(name !== undefined && { name }),
      filed: at('filed'),
      resolved: at('resolved'),
      closed: at('closed'),
      breached: sum(named('breached.', counters).values()),
      pending: at('points.pending'),
      posted: at('points.posted'),
      voided: at('points.voided'),
    };
  });
}

function receivedOf({ received, period }: ReviewInputs): Review['received'] {
  const sources = [...tallyBySource(received)].map(([source, tally]) => ({ source, ...tally }));
  const byDay = Map.groupBy(received, ({ day }) => day);
  return {
    total: received.reduce<Arrived>(arrivedOf, NONE_ARRIVED),
    sources,
    days: daysOf(period).map((day) => ({ day, received: sum((byDay.get(day) ?? []).map((each) => each.received)) })),
  };
}

/** Every day of a month, in order. */
export function daysOf(month: Month): readonly Day[] {
  const first = epochSeconds(`${month}-01T00:00:00Z`) / SECONDS_PER_DAY;
  return Array.from({ length: 31 }, (_, index) => dayOfNumber(first + index)).filter((day) => day.startsWith(month));
}

function byId([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
