import { type Instant, plusSeconds, startOfDay } from '#shared/domain/calendar/civil-date.ts';
import type { CommandName } from '#shared/domain/dispute/commands.ts';
import { DECIDER, HEAD_OF_LOGISTICS, HEAD_OF_PERFORMANCE, PERFORMANCE_IN_TEAM } from '#test/e2e/people.ts';
import type { Claims } from '#test/e2e/system.ts';
import { ZONE } from '#test/support/sample.ts';
import { type Random, seeded } from './random.ts';
import { type Addressed, commandBody, misfit, type Planned, reportOf, SOURCES } from './script-parts.ts';

export type { Addressed } from './script-parts.ts';

/** One thing that somebody outside does. */
export type Act =
  | {
      readonly do: 'report';
      readonly door: 'webhook' | 'in-house';
      readonly about: Addressed;
      /** What goes through the door: a report, or for the in-house queue anything at all. */
      readonly body: unknown;
      /** Whether the door or the worker will refuse it. */
      readonly refused: boolean;
    }
  | {
      readonly do: 'command';
      readonly about: Addressed;
      readonly name: CommandName;
      readonly by: Claims;
      readonly body: object;
      /** The caller's own key: the same for every try. */
      readonly key: string;
    }
  | {
      readonly do: 'acknowledgement';
      readonly about: Addressed;
      readonly by: Claims;
      readonly triggered: 'all' | 'none' | 'foreign';
      readonly key: string;
    };

/** What happens at one planned instant: lanes run beside each other, the acts of a lane one after the other. */
export interface Phase {
  readonly at: Instant;
  readonly lanes: readonly (readonly Act[])[];
}
export interface Script {
  readonly seed: number;
  readonly start: Instant;
  readonly phases: readonly Phase[];
  /** When everything that is still open has fallen due. */
  readonly end: Instant;
}

/**
 * Minutes of the local day at which things happen. Any two are apart by at least four minutes, and further than that
 * from every deadline that one of them starts (C-1: 10, 30 and 120 minutes; C-4: one working hour; C-8: 18:00), so a
 * burst that takes two minutes stays on the same side of all of them, on every day.
 */
const SLOTS = [
  [9, 10],
  [9, 14],
  [9, 30],
  [9, 55],
  [11, 40],
  [13, 20],
  [14, 0],
  [16, 45],
  [17, 20],
  [20, 30],
].map(([hours = 0, minutes = 0]) => hours * 60 + minutes);
/** First days: ordinary weeks, around the end of a month, before a holiday with make-up days, over the new year. */
const FIRST_DAYS = ['2026-11-16', '2026-11-19', '2026-11-26', '2026-09-17', '2026-09-28', '2026-12-29'];
/** Days of the script; determinations of its first half have their appeal windows over in its second. */
const DAYS = 15;
/** Until the last appeal window is over, in seconds: three working days, with the longest holiday. */
const AFTERWARDS = 14 * 86_400;
/** From which phase on the reports' own days are over. */
const MOST_REPORTS = 12;

/** A random script: what is reported, done about it and when; all of it follows from the seed. */
export function scriptOf(seed: number): Script {
  const random = seeded(seed);
  const firstDay = startOfDay(ZONE, random.pick(FIRST_DAYS));
  const times = phaseTimes(random);
  const lanes = times.map((): Act[][] => []);
  const reports = random.int(3, MOST_REPORTS);
  for (let number = 1; number <= reports; number += 1) plan(number, times, lanes, random);
  const at = (minutes: number) => plusSeconds(firstDay, minutes * 60);
  return {
    seed,
    start: at(SLOTS[0] ?? 0),
    phases: times.map((minutes, index) => ({ at: at(minutes), lanes: lanes[index] ?? [] })),
    end: plusSeconds(at(DAYS * 1440), AFTERWARDS),
  };
}

/**
 * Minutes from the first day's midnight on: many on the first day, some on each of the others. Never twice the same slot
 * at a distance of two days, which is what C-5 allows a joint investigation.
 */
function phaseTimes(random: Random): readonly number[] {
  const days = Array.from({ length: DAYS }, (_, day) => {
    const wanted = day === 0 ? random.int(4, 7) : random.int(0, 2);
    return random
      .shuffled(SLOTS)
      .slice(0, wanted)
      .map((slot) => day * 1440 + slot);
  });
  const times: number[] = [];
  for (const time of days.flat().sort((a, b) => a - b)) if (!times.includes(time - 2 * 1440)) times.push(time);
  return times;
}

/** Plans one report with its repeats, acknowledgements and commands. */
function plan(number: number, times: readonly number[], lanes: Act[][][], random: Random): void {
  const source = random.pick(SOURCES);
  const about = { source, externalId: `${source}-${number}` };
  const first = random.pick([0, 0, 0, 1, 2]);
  const reported = reportOf(about, `C-${first}`, random);
  const door = () => (reported.door === 'either' ? random.pick(['webhook', 'in-house'] as const) : reported.door);
  for (let sent = random.pick([1, 1, 1, 2, 3]); sent > 0; sent -= 1) {
    const act: Act = { do: 'report', door: door(), about, body: reported.body, refused: reported.refused };
    lanes[random.chance(0.8) ? first : random.int(first, times.length - 1)]?.push([act]);
    if (sent === 1) lanes[first]?.push([{ ...act, door: door() }]);
  }
  if (reported.refused && random.chance(0.7)) return;
  const steps = wayOf(random);
  let phase = first;
  const byPhase = new Map<number, Act[]>();
  const put = (at: number, act: Act) => byPhase.set(at, [...(byPhase.get(at) ?? []), act]);
  for (let acknowledgement = random.int(0, 3); acknowledgement > 0; acknowledgement -= 1) {
    const at = Math.min(times.length - 1, first + random.int(1, 6));
    put(at, acknowledged(about, `${number}-a${acknowledgement}`, random));
  }
  for (const [index, name] of steps.entries()) {
    phase =
      isAfterwards(name) && random.chance(0.7) ? afterWindow(times, phase) : phase + random.pick([0, 0, 0, 1, 1, 2]);
    const at = Math.max(first + 1, phase);
    if (at >= times.length) break;
    const planned: Planned = { name, about, reported, random };
    put(at, { do: 'command', about, ...commandBody(planned), name, key: `${number}-c${index}` });
    if (random.chance(0.12)) put(at, { do: 'command', about, ...misfit(planned), key: `${number}-m${index}` });
  }
  for (const [at, acts] of byPhase) lanes[at]?.push(acts);
}

/** Steps that wait for the end of the responsibility track, if somebody thinks of it. */
function isAfterwards(name: CommandName): boolean {
  return name === 'closure' || name === 'reopening';
}

/** The first phase when an appeal window that opens in this one is over, in an ordinary week. */
function afterWindow(times: readonly number[], phase: number): number {
  const over = (times[phase] ?? 0) + 5 * 1440;
  const found = times.findIndex((minutes) => minutes >= over);
  return found === -1 ? times.length : found;
}

/** The steps of one dispute in an order that mostly fits, with some left out. */
function wayOf(random: Random): readonly CommandName[] {
  const maybe = (probability: number, ...names: CommandName[]) => (random.chance(probability) ? names : []);
  const finding = (): CommandName[] => [
    ...maybe(0.3, 'regrading'),
    ...maybe(0.75, 'investigation', ...maybe(0.9, 'cause-report')),
    ...maybe(0.15, 'rating'),
    ...(random.chance(0.85) ? (['determination', ...maybe(0.95, 'notice')] as const) : (['waiver'] as const)),
  ];
  const customers = (): CommandName[] => [
    ...maybe(0.4, 'regrading', 'regrading', ...maybe(0.5, 'regrading')),
    ...maybe(0.95, 'resolution', ...maybe(0.8, 'rating', ...maybe(0.3, 'rating'))),
  ];
  const round = (): CommandName[] =>
    random.chance(0.5) ? merged(finding(), customers(), random) : [...finding(), ...customers()];
  return [
    ...maybe(0.8, 'filing'),
    ...maybe(0.7, 'assignment'),
    ...round(),
    ...maybe(0.5, 'closure'),
    ...maybe(0.7, 'reopening', ...finding(), ...customers(), ...maybe(0.7, 'closure')),
  ];
}

/** Two lists in one, each in its own order. */
function merged<T>(a: readonly T[], b: readonly T[], random: Random): T[] {
  const [left, right] = [[...a], [...b]];
  const all: T[] = [];
  while (left.length + right.length > 0) {
    const next = (random.int(1, left.length + right.length) <= left.length ? left : right).shift();
    if (next !== undefined) all.push(next);
  }
  return all;
}

const ACKNOWLEDGERS: readonly Claims[] = [
  HEAD_OF_PERFORMANCE,
  HEAD_OF_PERFORMANCE,
  PERFORMANCE_IN_TEAM,
  DECIDER,
  HEAD_OF_LOGISTICS,
];

function acknowledged(about: Addressed, key: string, random: Random): Act {
  const triggered = random.pick(['all', 'all', 'none', 'foreign'] as const);
  return { do: 'acknowledgement', about, by: random.pick(ACKNOWLEDGERS), triggered, key };
}
