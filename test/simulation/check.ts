import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import { PartiesNoticedV1 } from '#shared/contracts/events/parties-noticed.v1.ts';
import { ResponsibilityFinalV1 } from '#shared/contracts/events/responsibility-final.v1.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import { DisputeItem } from '#shared/contracts/items/dispute-item.ts';
import { EntryItem } from '#shared/contracts/items/entry-item.ts';
import { ScoringItem } from '#shared/contracts/items/scoring-item.ts';
import { plusSeconds, secondsBetween } from '#shared/domain/calendar/civil-date.ts';
import { type Entry, withStatus } from '#shared/domain/performance/entry.ts';
import { recompute } from '#shared/domain/performance/explanation.ts';
import type { Item } from '#shared/domain/ports/tables.ts';
import { HEAD_OF_PERFORMANCE } from '#test/e2e/people.ts';
import { verifyMemory } from '#test/ledger/sealed-ledger.ts';
import { CALM, type Chaos, ROUGH } from './chaos.ts';
import type { Planted } from './interlock.ts';
import { QUEUES } from './interlock.ts';
import { itemsOf, type Projection, projectionOf } from './projection.ts';
import { seeded } from './random.ts';
import { type Run, run } from './run.ts';
import { type Act, type Phase, type Script, scriptOf } from './script.ts';
import type { Outage } from './world.ts';

/** A promise of the system that a run has broken. */
export interface Broken {
  readonly invariant: string;
  readonly detail: string;
}

/** What one seed came to. */
export interface Checked {
  readonly broken: readonly Broken[];
  readonly faults: number;
  readonly repeats: number;
}

/** Runs a seed's script once calmly and once roughly, and tells every promise that does not hold. */
export async function checkSeed(seed: number, planted?: Planted): Promise<Checked> {
  const script = scriptOf(seed);
  const calm = planted ? await rememberedCalm(script) : await finished(script, CALM);
  const rough = await finished(script, ROUGH, planted);
  const broken = [...calm.broken, ...rough.broken];
  if (calm.end && rough.end) {
    broken.push(...differences(calm.end.projection, rough.end.projection));
    broken.push(...uncounted(calm.end.received, rough.end));
  }
  return { broken, faults: rough.end?.faults ?? 0, repeats: rough.end?.repeats ?? 0 };
}

/**
 * Runs a seed's script once calmly and once with two hours whose stream records are lost, and tells every promise that
 * does not hold (architecture 3.6).
 */
export async function checkLoss(seed: number, chaos: Chaos, planted?: Planted): Promise<Checked> {
  const { script, outage } = withOutage(scriptOf(seed));
  const calm = await finished(script, CALM);
  const lossy = await finished(script, chaos, planted, outage);
  const broken = [...calm.broken, ...lossy.broken];
  if (calm.end && lossy.end)
    broken.push(...differences(withoutLateness(calm.end.projection), withoutLateness(lossy.end.projection)));
  return { broken, faults: lossy.end?.faults ?? 0, repeats: lossy.end?.repeats ?? 0 };
}

/** Until an act may rely again on what was lost, in seconds: two hours of outage, and checks that fail now and then. */
const LONG_ENOUGH = 11 * 3600;
const OUTAGE_SECONDS = 7200;

/**
 * Two hours around one phase, which a random stream of its own picks, in a script in which nobody acts for long after
 * it: people who act upon what is not there yet would be answered otherwise than in a clean run, and rightly.
 * Acknowledgements and regradings are left out of the phase itself: an alert that hears of them hours later has
 * breached, and rightly, too.
 */
function withOutage(script: Script): { readonly script: Script; readonly outage: Outage } {
  const meetsClock = (act: Act) => act.do === 'acknowledgement' || (act.do === 'command' && act.name === 'regrading');
  const known = (lane: readonly Act[]) => lane.filter((act) => !meetsClock(act));
  const { at } = seeded(script.seed + 3).pick(
    script.phases.filter(({ lanes }) => lanes.some((lane) => known(lane)[0])),
  );
  const stands = ({ at: when }: Phase) => when <= at || secondsBetween(at, when) >= LONG_ENOUGH;
  // A dispute whose first report goes with such a phase goes with it: a later report of it would race what is done to it.
  const reported = (phases: readonly Phase[]) =>
    new Set(
      phases.flatMap(({ lanes }) => lanes.flat().flatMap((act) => (act.do === 'report' ? [keyOf(act.about)] : []))),
    );
  const before = reported(script.phases.filter((phase) => phase.at <= at));
  const unreported = reported(script.phases.filter((phase) => !stands(phase))).difference(before);
  const phases = script.phases.filter(stands).map((phase) => ({
    at: phase.at,
    lanes: phase.lanes.map((lane) =>
      (phase.at === at ? known(lane) : lane).filter(({ about }) => !unreported.has(keyOf(about))),
    ),
  }));
  const from = plusSeconds(at, -60);
  return { script: { ...script, phases }, outage: { from, to: plusSeconds(from, OUTAGE_SECONDS) } };
}

function keyOf({ source, externalId }: Act['about']): string {
  return `${source} ${externalId}`;
}

/** How long filings took to be learned is measured, and hours without publishers are part of it. */
function withoutLateness(projection: Projection): Projection {
  const kept = (name: string, value: unknown) => (name === 'learned.inTime' ? undefined : value);
  return { ...projection, counters: JSON.parse(JSON.stringify(projection.counters, kept)) };
}

/** How a run ended, unless it never did. */
interface Finished {
  readonly broken: readonly Broken[];
  readonly end?: {
    readonly projection: Projection;
    readonly received: number;
    readonly callsAgain: number;
    readonly faults: number;
    readonly repeats: number;
  };
}

const calmOnes = new Map<number, Promise<Finished>>();

/** Clean runs are the same for every mistake that is planted into rough ones. */
function rememberedCalm(script: Script): Promise<Finished> {
  const known = calmOnes.get(script.seed) ?? finished(script, CALM);
  calmOnes.set(script.seed, known);
  return known;
}

async function finished(script: Script, chaos: Chaos, planted?: Planted, outage?: Outage): Promise<Finished> {
  let ended: Run;
  try {
    ended = await run(script, chaos, planted, outage);
  } catch (error) {
    return { broken: [{ invariant: 'everything is handled in the end', detail: said(error) }] };
  }
  try {
    const { world, callsAgain } = ended;
    const received = itemsOf(world.memory.dump().cases, 'arrival').length;
    const broken = await brokenIn(ended);
    const projection = await projectionOf(ended);
    return { broken, end: { projection, received, callsAgain, faults: world.faults, repeats: world.repeats } };
  } catch (error) {
    return { broken: [{ invariant: 'the end can be read', detail: said(error) }] };
  }
}

function said(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${said(error.cause)}`;
}

/** Where the rough end state is another than the calm one, part by part. */
function differences(calm: Projection, rough: Projection): Broken[] {
  return Object.entries(calm).flatMap(([part, expected]): Broken[] => {
    const found: unknown = Object.entries(rough).find(([name]) => name === part)?.[1];
    if (isDeepStrictEqual(plain(expected), plain(found))) return [];
    return [
      { invariant: `the same ${part} as in a clean run`, detail: firstDifference(plain(expected), plain(found)) },
    ];
  });
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The first place where two values differ, in words. */
function firstDifference(expected: unknown, found: unknown, path = ''): string {
  if (isDeepStrictEqual(expected, found)) return '';
  const bothObjects = [expected, found].every((value) => typeof value === 'object' && value !== null);
  if (!bothObjects) return `${path}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`;
  const [a, b] = [Object.entries(expected ?? {}), Object.entries(found ?? {})];
  const keys = [...new Set([...a, ...b].map(([key]) => key))];
  const value = (entries: typeof a, key: string): unknown => entries.find(([name]) => name === key)?.[1];
  return keys.map((key) => firstDifference(value(a, key), value(b, key), `${path}/${key}`)).find((text) => text) ?? '';
}

/** Every POST and message is an arrival (I-7): none is missing, and only calls sent again add some. */
function uncounted(
  calm: number,
  { received, callsAgain }: { readonly received: number; readonly callsAgain: number },
): Broken[] {
  if (received >= calm && received <= calm + callsAgain) return [];
  const detail = `${received} arrivals, ${calm} in a clean run, ${callsAgain} calls sent again`;
  return [{ invariant: 'every arrival is counted', detail }];
}

/** The promises that hold in any run by itself. */
async function brokenIn(ended: Run): Promise<Broken[]> {
  const dump = ended.world.memory.dump();
  const entries = itemsOf(dump.scorecards, 'entry').map((item) => EntryItem.parse(item).entry);
  const found: Record<string, readonly string[]> = {
    'nothing is under way at the end': underWay(ended, dump.cases),
    'what is added only is never changed': ended.world.tamperings.map((each) => JSON.stringify(each)),
    'commits have no gap, and make their state': gaps([...dump.cases, ...dump.scorecards]),
    'an event is published, and always with the same content': events(ended, [...dump.cases, ...dump.scorecards]),
    'scoring waits for nothing': waiting(dump.scorecards),
    'a group counts as a whole or not at all (S-12)': parted(entries),
    'points are what their inputs make (S-19)': unfounded(entries),
    'a dispute is final when its window is over (S-13)': hasty(ended),
    'a customer has one pseudonym (I-8)': twoPseudonyms(dump.customers),
    'every entry is sealed once, and the ledger proves itself (S-20)': await unproven(ended),
    'posted points are the explanation of the card (S-19)': await unexplained(ended, entries),
  };
  return Object.entries(found).flatMap(([invariant, details]) => {
    const [detail] = details;
    return detail === undefined ? [] : [{ invariant, detail }];
  });
}

function underWay({ world }: Run, cases: readonly Item[]): string[] {
  const messages = QUEUES.flatMap((queue) =>
    world.waiting(queue).map(({ body }) => `${queue}: ${JSON.stringify(body)}`),
  );
  const arrivals = itemsOf(cases, 'arrival').filter(({ outcome }) => outcome === 'queued');
  const receipts = itemsOf(cases, 'receipt').filter(({ status }) => status !== 'opened' && status !== 'rejected');
  return [...messages, ...[...arrivals, ...receipts].map((item) => JSON.stringify(item))];
}

/** Commits are numbered from 1 without a gap, each event id stands once, and a dispute is at its last commit's version. */
function gaps(items: readonly Item[]): string[] {
  const commits = itemsOf(items, 'commit').map((item) => CommitItem.parse(item).commit);
  const ids = commits.flatMap(({ events: all }) => all.map(({ id }) => id));
  const faults = ids.length === new Set(ids).size ? [] : ['two events have one id'];
  const last = new Map<string, number>();
  for (const { aggregateId, aggregateVersion } of commits) {
    last.set(aggregateId, Math.max(last.get(aggregateId) ?? 0, aggregateVersion));
  }
  for (const item of itemsOf(items, 'dispute')) {
    const { disputeId, version } = DisputeItem.parse(item).state;
    const numbers = commits.filter(({ aggregateId }) => aggregateId === disputeId).length;
    if (last.get(disputeId) !== version || numbers !== version)
      faults.push(`${disputeId} is at ${version} with ${numbers} commits`);
  }
  return faults;
}

const Identified = z.object({ id: z.string() });

function events({ world }: Run, items: readonly Item[]): string[] {
  const published = new Map<string, string>();
  const faults: string[] = [];
  for (const { detail } of world.published) {
    const { id } = Identified.parse(detail);
    const text = JSON.stringify(detail);
    if ((published.get(id) ?? text) !== text) faults.push(`${id} was published with other content: ${text}`);
    published.set(id, text);
  }
  for (const item of itemsOf(items, 'commit')) {
    for (const event of CommitItem.parse(item).commit.events) {
      if (!published.has(event.id)) faults.push(`${event.type} ${event.id} was never published`);
      published.delete(event.id);
    }
  }
  return [...faults, ...[...published.values()].map((text) => `published without a commit: ${text}`)];
}

function waiting(items: readonly Item[]): string[] {
  return itemsOf(items, 'scoring')
    .map((item) => ScoringItem.parse(item).state)
    .filter((scoring) => scoring.waiting.length > 0 || scoring.determinationGroups.pending)
    .map((scoring) => JSON.stringify(scoring));
}

/** All shares of a determination stand in its group, and every card of a group says the same of it. */
function parted(entries: readonly Entry[]): string[] {
  return [...Map.groupBy(entries, ({ groupId }) => groupId)].flatMap(([groupId, group]) => {
    const cards = [...Map.groupBy(group, ({ subject, period }) => `${subject.id} ${period}`).values()];
    const words = cards.map((card) =>
      card
        .filter(({ kind }) => kind === 'posted' || kind === 'void')
        .map(({ kind }) => kind)
        .join(),
    );
    const shares = group.filter(({ reverses, inputs }) => !reverses && inputs?.rule === 'S-5');
    const wanted = shares.flatMap(({ inputs }) =>
      inputs?.rule === 'S-5' && inputs.by === 'base' ? [inputs.shares] : [],
    )[0];
    const points = shares.reduce((sum, entry) => sum + (entry.points ?? 0), 0);
    const whole = shares.flatMap(({ inputs }) =>
      inputs?.rule === 'S-5' && inputs.by === 'base' ? [inputs.base] : [],
    )[0];
    const missing = wanted && (wanted.length !== shares.length || Math.abs(points) !== Math.abs(whole ?? 0));
    return missing || new Set(words).size > 1 ? [`${groupId}: ${words.join(' / ')}, ${shares.length} shares`] : [];
  });
}

/** What the verifier finds, and what nobody has sealed. */
async function unproven({ world }: Run): Promise<string[]> {
  const { differences, unsealed } = await verifyMemory(world.memory, memoryFiles());
  const found = differences.map(({ place, what }) => `${place}: ${what}`);
  return unsealed === 0 ? found : [...found, `${unsealed} entries are not sealed`];
}

function unfounded(entries: readonly Entry[]): string[] {
  return entries
    .filter(({ inputs, points }) => inputs && JSON.stringify(recompute(inputs)) !== JSON.stringify({ points }))
    .map((entry) => JSON.stringify(entry));
}

/** Word that points are posted must be of the determination noticed last, whose window was over by then. */
function hasty({ world }: Run): string[] {
  const told = (type: string) => world.published.filter(({ detailType }) => detailType === type);
  const notices = told('PartiesNoticed.v1').map(({ detail }) => PartiesNoticedV1.parse(detail).data);
  const ends = new Map(notices.map(({ determinationId, windowEndsAt }) => [determinationId, windowEndsAt]));
  const finals = told('ResponsibilityFinal.v1').map(({ detail }) => ResponsibilityFinalV1.parse(detail));
  return finals.flatMap((event) => {
    if (event.data.because === 'no-points') return [];
    const windowEndsAt = ends.get(event.data.determinationId);
    const over = windowEndsAt !== undefined && event.occurredAt > windowEndsAt;
    return over ? [] : [`final at ${event.occurredAt}, window until ${windowEndsAt}`];
  });
}

/** A reference names one customer, under whatever dispute it stands. */
function twoPseudonyms(items: readonly Item[]): string[] {
  const pseudonyms = new Map<string, string>();
  return itemsOf(items, 'profile').flatMap(({ ref, pseudonym }) => {
    if (typeof ref !== 'string' || typeof pseudonym !== 'string') return [];
    const known = pseudonyms.get(ref) ?? pseudonym;
    pseudonyms.set(ref, known);
    return known === pseudonym ? [] : [`${ref} is ${known} and ${pseudonym}`];
  });
}

/** On every card with entries, what is posted adds up to where the explanation ends. */
async function unexplained({ calls }: Run, entries: readonly Entry[]): Promise<string[]> {
  const cards = [...Map.groupBy(entries, ({ subject, period }) => `${subject.id}/${period}`)];
  const faults = cards.map(async ([card, all]) => {
    const { body } = await calls.call('GET', `/scorecards/${card}/explanation`, HEAD_OF_PERFORMANCE);
    const posted = withStatus(all).reduce(
      (sum, entry) => sum + (entry.status === 'posted' ? (entry.points ?? 0) : 0),
      0,
    );
    const hundredths = (text: string) => Math.round(Number(text) * 100);
    const balance = hundredths(body.entries.at(-1)?.balance ?? body.card.base) - hundredths(body.card.base);
    const fits = balance === posted && hundredths(body.card.adjustments) === posted;
    return fits ? [] : [`${card}: ${posted} posted, explained ${balance}, shown ${body.card.adjustments}`];
  });
  return (await Promise.all(faults)).flat();
}
