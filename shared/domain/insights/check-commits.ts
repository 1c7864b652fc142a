import { type Instant, plusSeconds, secondsBetween } from '../calendar/civil-date.ts';
import type { Commit } from '../event.ts';
import type { CheckPoint, CheckPointStore } from '../ports/check-point-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommitLog, UnreadableCommit } from '../ports/commit-log.ts';
import type { CounterStore } from '../ports/counter-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import { WriteRefused } from '../ports/tables.ts';
import { published } from '../published.ts';
import { endsDay, type Hour, hourOf, hoursAfter, hoursBetween } from './hour.ts';

/** What a look at the commits of one gear reaches out to. */
export interface LookPorts {
  readonly log: CommitLog;
  readonly counters: Pick<CounterStore, 'counted'>;
  readonly bus: EventBus;
  /** The gear whose commits these are: `interlock.disputes` or `interlock.performance`. */
  readonly source: string;
}

/** What the commits of one hour came to. */
export interface CheckedHour {
  readonly hour: Hour;
  readonly commits: number;
  /** Events that nobody had counted. */
  readonly missing: number;
  /** How many of them are on the bus again. */
  readonly published: number;
  /** Why the others are not, where they were to be published. */
  readonly refused: readonly unknown[];
  /** Records that are no commits: nobody can say whether their events were counted. */
  readonly unreadable: readonly UnreadableCommit[];
}

/**
 * Compares the commits of one hour with the marks of what was counted (architecture 3.6), and publishes the missing
 * events again just as the publisher does. Safe to repeat, also for events that are only late: consumers count once.
 *
 * What the bus refuses keeps nothing else back: after a refusal the commits of the page go out one by one. Nor does what
 * cannot be read.
 *
 * @param publish false to look and change nothing
 */
export async function checkHour(hour: Hour, ports: LookPorts, publish: boolean): Promise<CheckedHour> {
  const sum = { commits: 0, missing: 0, published: 0 };
  const refused: unknown[] = [];
  const unreadable: UnreadableCommit[] = [];
  for await (const { commits, unreadable: broken } of ports.log.recordedIn(hour)) {
    unreadable.push(...broken);
    const lost = missingOf(commits, await ports.counters.counted(commits));
    sum.commits += commits.length;
    sum.missing += eventsIn(lost);
    if (!publish || lost.length === 0) continue;
    const tried = await publishAll(lost, ports);
    sum.published += tried.published;
    refused.push(...tried.refused);
  }
  return { hour, ...sum, refused, unreadable };
}

/** The commits with those of their events alone whose ids no mark names; whole ones are left out. */
function missingOf(commits: readonly Commit[], counted: ReadonlySet<string>): readonly Commit[] {
  return commits
    .map((commit) => ({ ...commit, events: commit.events.filter(({ id }) => !counted.has(id)) }))
    .filter(({ events }) => events.length > 0);
}

function eventsIn(commits: readonly Commit[]): number {
  return commits.reduce((sum, { events }) => sum + events.length, 0);
}

async function publishAll(
  commits: readonly Commit[],
  ports: LookPorts,
): Promise<Pick<CheckedHour, 'published' | 'refused'>> {
  const { bus, source } = ports;
  try {
    await bus.publish(commits.flatMap(({ events }) => events.map((event) => published(source, event))));
    return { published: eventsIn(commits), refused: [] };
  } catch (error) {
    if (commits.length === 1) return { published: 0, refused: [error] };
    const each: Pick<CheckedHour, 'published' | 'refused'>[] = [];
    for (const commit of commits) each.push(await publishAll([commit], ports));
    return {
      published: each.reduce((sum, one) => sum + one.published, 0),
      refused: each.flatMap((one) => one.refused),
    };
  }
}

/** How the hourly check goes about its work. */
export interface CheckSettings {
  /** An hour is looked at once it is over for so long: its last events are counted by then. */
  readonly settledAfterSeconds: number;
  /** New hours with commits and open ones, each at most, that one run takes; what was down catches up run by run. */
  readonly hoursPerRun: number;
  /** New hours at most that one run looks at, whether anything was recorded in them or not: one without is soon passed. */
  readonly looksPerRun: number;
  /** Events that were published so often and are still not counted will not be counted by one more time. */
  readonly mostTries: number;
  /** An open hour is looked at again after so long, which counting needs. */
  readonly againAfterSeconds: number;
  /**
   * How far the very first check looks back. What was recorded before it was there may have been lost like anything
   * else, so it is as far as a table can be restored from, and not only as far as a stream reaches.
   */
  readonly firstHours: number;
}

export const COMMIT_CHECK: CheckSettings = {
  settledAfterSeconds: 600,
  hoursPerRun: 48,
  looksPerRun: 1_000,
  mostTries: 5,
  againAfterSeconds: 1800,
  firstHours: 35 * 24,
};

export interface CheckPorts extends LookPorts {
  readonly checkPoints: CheckPointStore;
  readonly clock: Clock;
  /** Raises the alarm for an hour with missing events. */
  readonly missing: (found: CheckedHour) => void;
  /** The same for one whose events were published too often already and are left to people. */
  readonly givenUp: (found: CheckedHour) => void;
  /** The same for every record of an hour that is no commit; people must mend it. */
  readonly unreadable: (hour: Hour, commit: UnreadableCommit) => void;
}

/**
 * Checks every hour that is over and was not checked yet, and those again that were not whole. An hour is done when
 * nothing is missing of it and all of it could be read. One whose missing events were published
 * {@link CheckSettings.mostTries} times is given up: it is still looked at, and told, with every run, but left to people.
 *
 * Progress is kept after every hour in which something was recorded and after every day without, so that a run that
 * ends too early loses little. Where another check runs at the same time, it is that one which kept its progress that
 * goes on; this one ends.
 *
 * @throws AggregateError for events that the bus refused, after everything else was done; their hours stay open
 */
export async function checkCommits(ports: CheckPorts, settings: CheckSettings = COMMIT_CHECK): Promise<void> {
  const now = ports.clock.now();
  const refused: unknown[] = [];
  let point = (await ports.checkPoints.load()) ?? firstPoint(now, settings);
  let found = 0;
  const hours = hoursToCheck(point, now, settings);
  for (const [index, { hour, tries }] of hours.entries()) {
    const givenUp = tries >= settings.mostTries;
    const checked = await checkHour(hour, ports, !givenUp);
    if (checked.missing > 0) (givenUp ? ports.givenUp : ports.missing)(checked);
    for (const commit of checked.unreadable) ports.unreadable(hour, commit);
    refused.push(...checked.refused);
    const isEmpty = checked.commits === 0 && checked.unreadable.length === 0;
    if (!isEmpty && hour >= point.next) found += 1;
    point = pointAfter(point, checked, { tries, now, givenUp });
    const isLast = found >= settings.hoursPerRun || index === hours.length - 1;
    if (isEmpty && !isLast && !endsDay(hour)) continue;
    point = { ...point, version: point.version + 1 };
    if (!(await saved(point, ports.checkPoints)) || isLast) break;
  }
  if (refused.length > 0) throw new AggregateError(refused, `the bus refused ${refused.length} commits`);
}

/** Whether this run's progress is kept: not so where another run was faster, which has the rest of the work. */
async function saved(point: CheckPoint, checkPoints: CheckPointStore): Promise<boolean> {
  try {
    await checkPoints.save(point);
    return true;
  } catch (error) {
    if (error instanceof WriteRefused) return false;
    throw error;
  }
}

function settledBefore(now: Instant, { settledAfterSeconds }: CheckSettings): Hour {
  return hourOf(plusSeconds(now, -settledAfterSeconds));
}

function firstPoint(now: Instant, settings: CheckSettings): CheckPoint {
  return { version: 0, next: hoursAfter(settledBefore(now, settings), -settings.firstHours), open: [] };
}

/** Open hours first, those that waited longest before others; then new ones. */
function hoursToCheck({ next, open }: CheckPoint, now: Instant, settings: CheckSettings) {
  const again = open.filter(({ checkedAt }) => secondsBetween(checkedAt, now) >= settings.againAfterSeconds);
  const fresh = hoursBetween(next, settledBefore(now, settings)).map((hour) => ({ hour, tries: 0 }));
  return [...again.slice(0, settings.hoursPerRun), ...fresh.slice(0, settings.looksPerRun)];
}

/** Only what reached the bus was tried: a bus that is down gives up no hour, and nor does what cannot be read. */
function pointAfter(
  point: CheckPoint,
  { hour, missing, refused, unreadable }: CheckedHour,
  { tries, now, givenUp }: { readonly tries: number; readonly now: Instant; readonly givenUp: boolean },
): CheckPoint {
  const tried = givenUp || refused.length > 0 || missing === 0 ? tries : tries + 1;
  const others = point.open.filter((open) => open.hour !== hour);
  return {
    version: point.version,
    next: hour < point.next ? point.next : hoursAfter(hour, 1),
    open: missing === 0 && unreadable.length === 0 ? others : [...others, { hour, tries: tried, checkedAt: now }],
  };
}
