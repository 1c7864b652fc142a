import type { Month } from '../calendar/civil-date.ts';
import { NO_DEPARTMENT } from '../insights/count-events.ts';
import { type Arrived, arrivedOf, NONE_ARRIVED } from '../intake/reconciliation.ts';
import { type Entry, withStatus } from '../performance/entry.ts';
import type { DepartmentPoints, PointSums, ReviewInputs } from './inputs.ts';
import { sum } from './parts.ts';

/** What a line of the statement compares: two figures that were counted each for itself. */
export const COMPARED = [
  'received',
  'counted',
  'accounted',
  'later',
  'points.pending',
  'points.posted',
  'points.voided',
] as const;
export type Compared = (typeof COMPARED)[number];

/** One line of the statement of reconciliation: hundredths for points, else reports. */
export interface Statement {
  readonly about: Compared;
  /** A source; a department for points. */
  readonly of: string;
  /** Of `later`: in which month the reports were received. */
  readonly month?: Month;
  /** By whom the event happened: intake, or the ledger. */
  readonly expected: number;
  /** By the counters. */
  readonly found: number;
  /** `expected` less `found`; 0 where both agree. */
  readonly difference: number;
}

/** What a review lacks; absent where nothing does, and only there: where every statement agrees on a month that is over. */
export interface Provisional {
  /**
   * By how much received and counted differ, of the month and later: any of these reports may be about it. Of several
   * lines about one source the largest difference.
   */
  readonly reports: number;
  /** By how much counters and ledger differ, in hundredths of a point. */
  readonly points: number;
  readonly running: boolean;
}

/** Arrivals that are accounted for: those whose dispute is counted, and those of which none comes. */
export function accountedFor({ joined, duplicate, rejected }: Arrived, counted: number): number {
  return counted + joined + duplicate + rejected;
}

/** How many disputes each source opened with reports received in a month, as counted from events. */
export function countedBySource(cells: ReviewInputs['cells']): ReadonlyMap<string, number> {
  const counted = new Map<string, number>();
  for (const [name, at] of cells.flatMap(({ counters }) => Object.entries(counters))) {
    if (!name.startsWith('received.')) continue;
    const source = name.slice('received.'.length);
    counted.set(source, (counted.get(source) ?? 0) + at);
  }
  return counted;
}

/** Tallies of any number of days added up per source, in the order of their ids. */
export function tallyBySource(
  tallies: readonly (Arrived & { readonly source: string })[],
): ReadonlyMap<string, Arrived> {
  const bySource = Map.groupBy(tallies, ({ source }) => source);
  return new Map([...bySource].sort(byKey).map(([source, each]) => [source, each.reduce(arrivedOf, NONE_ARRIVED)]));
}

/** What the parts of a tally add up to: by I-7 that is what was received. */
export function partsOfTally(tally: Arrived): number {
  const { opened, joined, duplicate, rejected, deadLettered, inFlight } = tally;
  return opened + joined + duplicate + rejected + deadLettered + inFlight;
}

/** What a card's entries move, by what each counts as (S-13). */
export function sumsOfCard(entries: readonly Entry[]): readonly DepartmentPoints[] {
  const marked = withStatus(entries);
  const departments = Map.groupBy(marked, ({ department = NO_DEPARTMENT }) => department);
  return [...departments].map(([department, own]) => {
    const of = (status: string) => sum(own.map((entry) => (entry.status === status ? (entry.points ?? 0) : 0)));
    return { department, pending: of('pending'), posted: of('posted'), voided: of('void') };
  });
}

/** Points of many cards added up per department, without those that moved nothing, in the order of their ids. */
export function sumPoints(all: readonly DepartmentPoints[]): readonly DepartmentPoints[] {
  return [...Map.groupBy(all, ({ department }) => department)]
    .sort(byKey)
    .map(([department, own]) => ({
      department,
      pending: sum(own.map(({ pending }) => pending)),
      posted: sum(own.map(({ posted }) => posted)),
      voided: sum(own.map(({ voided }) => voided)),
    }))
    .filter(({ pending, posted, voided }) => pending !== 0 || posted !== 0 || voided !== 0);
}

/** Points as the counters have them, per department. */
export function countedPoints(cells: ReviewInputs['cells']): readonly DepartmentPoints[] {
  return sumPoints(
    cells.map(({ department, counters }) => ({
      department,
      pending: counters['points.pending'] ?? 0,
      posted: counters['points.posted'] ?? 0,
      voided: counters['points.voided'] ?? 0,
    })),
  );
}

/**
 * The statement of reconciliation: what intake received against its parts (I-7), against what was counted and against
 * what is accounted for, and the counted points against the ledger's entries. Every figure is counted for itself.
 */
export function statementsOf(inputs: ReviewInputs): readonly Statement[] {
  return [...reportStatements(inputs), ...pointStatements(inputs)];
}

function reportStatements(inputs: ReviewInputs): readonly Statement[] {
  const tallies = tallyBySource(inputs.received);
  const counted = countedBySource(inputs.cells);
  const sources = [...new Set([...tallies.keys(), ...counted.keys()])].sort();
  const tallyFor = (source: string) => tallies.get(source) ?? NONE_ARRIVED;
  return [
    ...[...tallies].map(([of, tally]) => line({ about: 'received', of }, tally.received, partsOfTally(tally))),
    ...sources.map((of) => line({ about: 'counted', of }, tallyFor(of).opened, counted.get(of) ?? 0)),
    ...sources.map((of) => {
      const accounted = accountedFor(tallyFor(of), counted.get(of) ?? 0);
      return line({ about: 'accounted', of }, tallyFor(of).received, accounted);
    }),
    ...inputs.uncountedLater.map(({ month, source: of, received, accounted }) =>
      line({ about: 'later', of, month }, received, accounted),
    ),
  ];
}

/** What is missing before a review stands; undefined where every statement agrees and the month is over. */
export function provisionalOf(inputs: ReviewInputs): Provisional | undefined {
  const bySource = Map.groupBy(reportStatements(inputs), ({ of, month = '' }) => JSON.stringify([of, month]));
  const largest = [...bySource.values()].map((own) => Math.max(...own.map(({ difference }) => Math.abs(difference))));
  const reports = sum(largest);
  const points = sum(pointStatements(inputs).map(({ difference }) => Math.abs(difference)));
  const { running } = inputs;
  return reports !== 0 || points !== 0 || running ? { reports, points, running } : undefined;
}

const NO_POINTS: PointSums = { pending: 0, posted: 0, voided: 0 };

function pointStatements({ cells, ledger }: ReviewInputs): readonly Statement[] {
  const counted = new Map(countedPoints(cells).map((each) => [each.department, each]));
  const entries = new Map(sumPoints(ledger).map((each) => [each.department, each]));
  const departments = [...new Set([...entries.keys(), ...counted.keys()])].sort();
  const inState = (state: keyof PointSums) =>
    departments
      .map((of) => {
        const [expected, found] = [entries.get(of) ?? NO_POINTS, counted.get(of) ?? NO_POINTS];
        return line({ about: `points.${state}`, of }, expected[state], found[state]);
      })
      .filter(({ expected, found }) => expected !== 0 || found !== 0);
  return [...inState('pending'), ...inState('posted'), ...inState('voided')];
}

function line(what: Pick<Statement, 'about' | 'of' | 'month'>, expected: number, found: number): Statement {
  return { ...what, expected, found, difference: expected - found };
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
