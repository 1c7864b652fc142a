import type { Month } from '../calendar/civil-date.ts';
import type { CaseHeader, DisputeEvent } from '../dispute/dispute-events.ts';
import type { IntakeEvent } from '../intake/intake-events.ts';
import type { EntryTotal, PerformanceEvent } from '../performance/performance-events.ts';

/** One step of one counter. */
export interface Increment {
  /**
   * The dispute's month, that of its first report's `occurredAt`; the entry's period for `points.*`; the month in
   * which the report arrived for `received.*`.
   */
  readonly month: Month;
  /** The responsible department; the scored one for `points.*`, {@link NO_DEPARTMENT} where a partner is scored. */
  readonly department: string;
  readonly type: string;
  readonly name: string;
  /** A whole number; hundredths of a point for `points.*`. */
  readonly by: number;
}

/** The counters of one department and type in one month. A name that is missing stands at 0. */
export interface CounterCell {
  readonly department: string;
  readonly type: string;
  readonly counters: Readonly<Record<string, number>>;
}

/** Stands for the department of a scored party that belongs to none. */
export const NO_DEPARTMENT = '-';

/**
 * What one event adds to the counters. Every step commutes with every other, so the order in which events come
 * does not matter; that each counts once is the store's work.
 *
 * `opened`, `category.*`, `channel.*` and `level.*` follow a dispute when it is corrected or graded again. What was done
 * (filed, breached, resolved …) stays counted where the dispute stood when it was done, and so does `received.<source>`,
 * which ties what was counted to what intake received (I-7, R-7).
 */
export function countersOf(event: IntakeEvent | DisputeEvent | PerformanceEvent): readonly Increment[] {
  switch (event.type) {
    case 'ReportRejected.v1':
      return []; // No dispute came of it; the reconciliation counts arrivals (I-7).
    case 'EntriesPending.v1':
      return points(event.data.dispute, event.data.totals, { 'points.pending': 1 });
    case 'EntriesPosted.v1':
      return [
        ...points(event.data.dispute, event.data.totals, { 'points.pending': -1, 'points.posted': 1 }),
        ...points(event.data.dispute, event.data.reversals, { 'points.posted': 1 }),
      ];
    case 'EntriesVoided.v1':
      return points(event.data.dispute, event.data.totals, { 'points.pending': -1, 'points.voided': 1 });
    case 'SatisfactionRated.v1': {
      const { dispute, counts, value, replaces } = event.data;
      const now = step(dispute, counts ? `rated.${value}` : 'rated.tooLate');
      // A dispute has one rating that counts (D-7): the one before leaves where it was counted.
      return replaces ? [step({ ...dispute, ...replaces }, `rated.${replaces.value}`, -1), now] : [now];
    }
    case 'DisputeCorrected.v1': {
      const { dispute, from, previousLevel } = event.data;
      const follow = (category: string) => [...whereItStands({ ...dispute, category }), `level.${previousLevel}`];
      return [
        ...follow(from.category).map((name) => step({ ...dispute, ...from }, name, -1)),
        ...follow(dispute.category).map((name) => step(dispute, name)),
      ];
    }
    case 'DisputeOpened.v1': {
      const { dispute, receivedOn } = event.data;
      const received = step({ ...dispute, month: receivedOn.slice(0, 7) }, `received.${dispute.source}`);
      return [...whereItStands(dispute).map((name) => step(dispute, name)), received];
    }
    default:
      return namesOf(event).map(([name, by]) => step(event.data.dispute, name, by));
  }
}

/** Counters that the event moves in the cell of its dispute. */
function namesOf(
  event: Exclude<
    DisputeEvent | PerformanceEvent,
    {
      type:
        | 'DisputeOpened.v1'
        | 'EntriesPending.v1'
        | 'EntriesPosted.v1'
        | 'EntriesVoided.v1'
        | 'DisputeCorrected.v1'
        | 'SatisfactionRated.v1';
    }
  >,
): readonly (readonly [name: string, by: number])[] {
  switch (event.type) {
    case 'DisputeGraded.v1': {
      const { previousLevel, grade } = event.data;
      const before = previousLevel === undefined ? [] : [[`level.${previousLevel}`, -1] as const];
      return [...before, [`level.${grade.level}`, 1]];
    }
    case 'DisputeFiled.v1':
      return once('filed', event.data.inTime && 'filed.inTime', event.data.automatic && 'filed.automatic');
    case 'DisputeAssigned.v1':
      return once('assigned');
    case 'InvestigationStarted.v1':
      return once('investigated', event.data.joint && 'investigated.joint');
    case 'CausesReported.v1':
      return once('reported', event.data.inTime && 'reported.inTime');
    case 'ResponsibilityDetermined.v1':
      return once(`determined.${event.data.validity}`);
    case 'PartiesNoticed.v1':
      return once('noticed');
    case 'ResponsibilityWaived.v1':
      return once('waived');
    case 'ResponsibilityFinal.v1':
      return once('final');
    case 'DisputeResolved.v1':
      return once('resolved');
    case 'DisputeClosed.v1':
      return once('closed');
    case 'DisputeReopened.v1':
      return once('reopened');
    case 'ClockBreached.v1':
      return once(`breached.${event.data.clock}`);
    case 'AlertRaised.v1':
      return once('alerts.raised');
    case 'AlertCorrected.v1':
      return []; // What happens to an alert counts where it was raised.
    case 'AlertSuperseded.v1':
      return once('alerts.superseded');
    case 'AlertAcknowledged.v1':
      return once('alerts.acknowledged', event.data.inTime && 'alerts.inTime');
    case 'FilingLearned.v1':
      return once('learned', event.data.inTime && 'learned.inTime');
  }
}

/** What counts an opened dispute where it stands: a type `other` is of the category that it is counted under. */
function whereItStands({ category, channel }: CaseHeader): readonly string[] {
  return ['opened', `category.${category}`, `channel.${channel}`];
}

function once(...names: readonly (string | false)[]): readonly (readonly [string, number])[] {
  return names.filter((name) => name !== false).map((name) => [name, 1] as const);
}

function step({ month, department, type }: Omit<Increment, 'name' | 'by'>, name: string, by = 1): Increment {
  return { month, department, type, name, by };
}

/** The points of every scored party, to each counter with its sign. */
function points(
  { type }: CaseHeader,
  totals: readonly EntryTotal[],
  signs: Readonly<Record<string, 1 | -1>>,
): readonly Increment[] {
  return totals.flatMap(({ period: month, department = NO_DEPARTMENT, points: hundredths }) =>
    Object.entries(signs).map(([name, sign]) => step({ month, department, type }, name, sign * hundredths)),
  );
}

/** Cells of one month added up: one per department and type, in their order, without counters that stand at 0. */
export function sumCells(cells: readonly CounterCell[]): readonly CounterCell[] {
  const groups = Map.groupBy(cells, ({ department, type }) => JSON.stringify([department, type]));
  return [...groups.values()]
    .map((group) => group.reduce(addCells))
    .map((cell) => ({
      ...cell,
      counters: Object.fromEntries(Object.entries(cell.counters).filter(([, at]) => at !== 0)),
    }))
    .filter(({ counters }) => Object.keys(counters).length > 0)
    .sort((a, b) => compare(a.department, b.department) || compare(a.type, b.type));
}

function addCells(a: CounterCell, b: CounterCell): CounterCell {
  const counters = { ...a.counters };
  for (const [name, at] of Object.entries(b.counters)) counters[name] = (counters[name] ?? 0) + at;
  return { ...a, counters };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
