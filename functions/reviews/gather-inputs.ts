import { type Day, dayIn, type Month, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { type CounterCell, NO_DEPARTMENT } from '#shared/domain/insights/count-events.ts';
import { IN_HOUSE } from '#shared/domain/intake/arrival.ts';
import { NOTHING_RECEIVED, tallyOf } from '#shared/domain/intake/reconciliation.ts';
import { daysBetween, plusDays, type TallyState } from '#shared/domain/intake/tally-days.ts';
import { cardPolicy } from '#shared/domain/performance/card.ts';
import type { Directory } from '#shared/domain/policy/directory.ts';
import type { Policy } from '#shared/domain/policy/policy.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { CounterStore } from '#shared/domain/ports/counter-store.ts';
import type { IntakeStore } from '#shared/domain/ports/intake-store.ts';
import type { Ledger } from '#shared/domain/ports/ledger.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { TallyStore } from '#shared/domain/ports/tally-store.ts';
import type { DayReceived, DepartmentPoints, ReviewInputs, Uncounted } from '#shared/domain/review/inputs.ts';
import { sum } from '#shared/domain/review/parts.ts';
import {
  accountedFor,
  countedBySource,
  sumPoints,
  sumsOfCard,
  tallyBySource,
} from '#shared/domain/review/reconcile.ts';

export interface GatheringPorts {
  readonly counters: CounterStore;
  readonly tallies: TallyStore;
  readonly intake: Pick<IntakeStore, 'arrivals'>;
  readonly ledger: Pick<Ledger, 'entries'>;
  readonly reference: Reference;
  readonly clock: Clock;
  /** The organisation's. */
  readonly zone: TimeZone;
}

/** Why a month has no review. */
export type NoReview = 'not-begun' | 'no-policy';

/**
 * Reads what a month's review is made of (R-3): counters, tallies, and the cards' entries. How many disputes there are
 * makes no difference to the first two; arrivals are read only of days that no tally has reached, and entries only of
 * the month's own cards.
 */
export async function gatherInputs(period: Month, ports: GatheringPorts): Promise<ReviewInputs | NoReview> {
  const { reference, counters, clock, zone } = ports;
  const today = dayIn(zone, clock.now());
  const thisMonth = today.slice(0, 7);
  if (period > thisMonth) return 'not-begun';
  const [policies, directory, cells, state] = await Promise.all([
    reference.policies(),
    reference.directory(),
    counters.counters(period),
    ports.tallies.state(),
  ]);
  const policy = cardPolicy(policies, period, today);
  if (!policy) return 'no-policy';
  const sources = [...new Set([...(await reference.sourcesNow()).map(({ source }) => source), IN_HOUSE])].sort();
  const intake: IntakeView = { today, sources, tallied: state };
  const [received, uncountedLater, ledger] = await Promise.all([
    receivedIn(period, cells, intake, ports),
    uncountedAfter(period, intake, ports),
    ledgerOf(period, directory, ports),
  ]);
  return {
    form: 1,
    period,
    running: period === thisMonth,
    policyVersion: policy.version,
    frequentOverBp: policy.review.frequentOverBp,
    categories: namesOf(policy),
    departments: namedIn(cells, directory),
    cells,
    received,
    uncountedLater,
    ledger,
  };
}

/** What is known of intake before its figures are read. */
interface IntakeView {
  readonly today: Day;
  readonly sources: readonly string[];
  readonly tallied: TallyState | undefined;
}

/**
 * A month's arrivals by day and source: from the tallies, and from the arrivals themselves where none stands. What came
 * before the first tally (or today, where there is none yet) is looked for only when the counters know of more.
 */
async function receivedIn(
  month: Month,
  cells: readonly CounterCell[],
  { today, sources, tallied }: IntakeView,
  { tallies, intake }: GatheringPorts,
): Promise<readonly DayReceived[]> {
  const kept = await tallies.ofMonth(month);
  const known = new Set(kept.map(({ day }) => day));
  const last = `${month}-31` < today ? lastDayOf(month) : today;
  const missing = daysBetween(`${month}-01`, last).filter((day) => !known.has(day));
  const found: DayReceived[] = kept.flatMap(({ day, sources: own }) => own.map((tally) => ({ day, ...tally })));
  const read = async (days: readonly Day[]) => {
    for (const day of days) {
      const tallies = sources.map(async (source) => ({ day, source, ...tallyOf(await intake.arrivals(source, day)) }));
      found.push(...(await Promise.all(tallies)).filter(({ received }) => received > 0));
    }
  };
  const first = tallied?.since ?? today;
  await read(missing.filter((day) => day >= first));
  if (sum(found.map(({ opened }) => opened)) < sum(countedBySource(cells).values()))
    await read(missing.filter((day) => day < first));
  return found.sort(byDayAndSource);
}

/** Sources that received more in a later month than is accounted for; months before the first tally have none. */
async function uncountedAfter(period: Month, intake: IntakeView, ports: GatheringPorts): Promise<readonly Uncounted[]> {
  const thisMonth = intake.today.slice(0, 7);
  const since = (intake.tallied?.since ?? intake.today).slice(0, 7);
  const uncounted: Uncounted[] = [];
  for (let month = since; month <= thisMonth; month = monthAfter(month)) {
    if (month <= period) continue;
    const cells = await ports.counters.counters(month);
    const received = tallyBySource(await receivedIn(month, cells, intake, ports));
    const counted = countedBySource(cells);
    for (const source of [...new Set([...received.keys(), ...counted.keys()])].sort()) {
      const tally = received.get(source) ?? NOTHING_RECEIVED;
      const accounted = accountedFor(tally, counted.get(source) ?? 0);
      if (tally.received !== accounted) uncounted.push({ month, source, received: tally.received, accounted });
    }
  }
  return uncounted;
}

/** Cards that are read at a time. */
const CARDS_AT_ONCE = 16;

/** What the entries say: independent of the events that the counters come from. */
async function ledgerOf(
  period: Month,
  directory: Directory,
  { ledger }: GatheringPorts,
): Promise<readonly DepartmentPoints[]> {
  const subjects = [...directory.keys()];
  const sums: DepartmentPoints[] = [];
  for (let from = 0; from < subjects.length; from += CARDS_AT_ONCE) {
    const cards = subjects.slice(from, from + CARDS_AT_ONCE).map((subject) => ledger.entries(subject, period));
    sums.push(...(await Promise.all(cards)).flatMap(sumsOfCard));
  }
  return sumPoints(sums);
}

function namesOf({ categories }: Policy): ReviewInputs['categories'] {
  return categories.map(({ id, name, types }) => ({
    id,
    name,
    types: types.map((type) => ({ id: type.id, name: type.name })),
  }));
}

function namedIn(cells: readonly CounterCell[], directory: Directory): ReviewInputs['departments'] {
  const ids = [...new Set(cells.map(({ department }) => department))].filter((id) => id !== NO_DEPARTMENT).sort();
  return ids.flatMap((id) => {
    const name = directory.get(id)?.name;
    return name === undefined ? [] : [{ id, name }];
  });
}

function lastDayOf(month: Month): Day {
  return plusDays(`${monthAfter(month)}-01`, -1);
}

function monthAfter(month: Month): Month {
  return plusDays(`${month}-01`, 31).slice(0, 7);
}

function byDayAndSource(a: DayReceived, b: DayReceived): number {
  return `${a.day} ${a.source}` < `${b.day} ${b.source}` ? -1 : 1;
}
