import { type Day, dayIn, type Month, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { type CounterCell, NO_DEPARTMENT } from '#shared/domain/insights/count-events.ts';
import { IN_HOUSE } from '#shared/domain/intake/arrival.ts';
import { NONE_ARRIVED, type Tally } from '#shared/domain/intake/reconciliation.ts';
import { daysBetween, isOpen, plusDays, type TallyState } from '#shared/domain/intake/tally-days.ts';
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
  readonly intake: Pick<IntakeStore, 'tally'>;
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
 * makes no difference to the first two; arrivals are read only of days that no tally has reached or whose tally found
 * some that were still open, and entries only of the month's own cards.
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
    receivedIn(period, countedBySource(cells).size > 0, intake, ports),
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
 * A month's arrivals by day and source: from the tallies, and from the arrivals themselves where none stands, or none
 * that stands for good.
 *
 * @param counted whether the counters know of any: then every day of the month is looked at
 */
async function receivedIn(
  month: Month,
  counted: boolean,
  view: IntakeView,
  { tallies, intake }: GatheringPorts,
): Promise<readonly DayReceived[]> {
  const { today, sources } = view;
  const from = counted ? `${month}-01` : firstDay(view);
  const kept = (await tallies.ofMonth(month)).filter((tally) => !isOpen(tally));
  const known = new Set(kept.map(({ day }) => day));
  const last = `${month}-31` < today ? lastDayOf(month) : today;
  const found = kept.flatMap(({ day, sources: own }) => own.map(({ source, ...tally }) => of(day, source, tally)));
  for (const day of daysBetween(`${month}-01`, last)) {
    if (known.has(day) || day < from) continue;
    const read = sources.map(async (source) => of(day, source, await intake.tally(source, day)));
    found.push(...(await Promise.all(read)).filter(({ received }) => received > 0));
  }
  return found.sort(byDayAndSource);
}

function of(day: Day, source: string, { awaitingCompletion: _, ...arrived }: Tally): DayReceived {
  return { day, source, ...arrived };
}

/**
 * The first day on which arrivals are looked for, unless a month before it counted some: the first tallied one, and as
 * long as no night was tallied, yesterday, for no environment is older than its first night.
 */
function firstDay({ tallied, today }: IntakeView): Day {
  return tallied?.since ?? plusDays(today, -1);
}

/** Months that are read at a time. */
const MONTHS_AT_ONCE = 12;

/** Sources that received more in a later month than is accounted for. */
async function uncountedAfter(period: Month, intake: IntakeView, ports: GatheringPorts): Promise<readonly Uncounted[]> {
  const months: Month[] = [];
  for (let month = monthAfter(period); month <= intake.today.slice(0, 7); month = monthAfter(month)) months.push(month);
  const uncounted: Uncounted[] = [];
  for (let at = 0; at < months.length; at += MONTHS_AT_ONCE) {
    const some = months.slice(at, at + MONTHS_AT_ONCE).map((month) => uncountedIn(month, intake, ports));
    uncounted.push(...(await Promise.all(some)).flat());
  }
  return uncounted;
}

async function uncountedIn(month: Month, intake: IntakeView, ports: GatheringPorts): Promise<readonly Uncounted[]> {
  const counted = countedBySource(await ports.counters.counters(month));
  const received = tallyBySource(await receivedIn(month, counted.size > 0, intake, ports));
  return [...new Set([...received.keys(), ...counted.keys()])].sort().flatMap((source) => {
    const tally = received.get(source) ?? NONE_ARRIVED;
    const accounted = accountedFor(tally, counted.get(source) ?? 0);
    return tally.received === accounted ? [] : [{ month, source, received: tally.received, accounted }];
  });
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
