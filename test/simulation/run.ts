import { v4 } from 'uuid';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { AlertsItem } from '#shared/contracts/items/alert-item.ts';
import { ReferenceItem, referenceKeys } from '#shared/contracts/items/reference-item.ts';
import { type Instant, secondsBetween } from '#shared/domain/calendar/civil-date.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import { SourceSchema } from '#shared/policy/source-schema.ts';
import { signed } from '#test/e2e/http-system.ts';
import { OPERATOR } from '#test/e2e/people.ts';
import type { Answer, System } from '#test/e2e/system.ts';
import { loadSample } from '#test/support/reference.ts';
import type { Chaos } from './chaos.ts';
import { callsOn } from './in-memory-system.ts';
import { IN_HOUSE_QUEUE, type Interlock, interlockIn, type Planted } from './interlock.ts';
import { type Random, seeded } from './random.ts';
import type { Act, Addressed, Phase, Script } from './script.ts';
import { IN_HOUSE_PRINCIPAL, IN_HOUSE_SOURCE, SOURCES } from './script-parts.ts';
import { type Outage, simulatedWorld, type World } from './world.ts';

/** How far the clock may run on during one phase, in seconds: far below the four minutes that part its slots. */
const LONGEST_PHASE = 150;
/** A call that was never answered this often will never be. */
const MOST_CALLS = 60;
/** Acts at the same time, at most. */
const LANES = 3;
/** Of a client to send again what was answered already, under the same key. */
const ASKS_AGAIN = 0.15;

/** One finished run of a script. */
export interface Run {
  readonly world: World;
  readonly interlock: Interlock;
  readonly calls: Pick<System, 'call' | 'deliver'>;
  /** What each act was answered, in the order of the script. */
  readonly answers: readonly string[];
  /** Seconds that the longest phase took. */
  readonly longestPhase: number;
  /** Calls that were sent again, because they were not answered or for good measure. */
  readonly callsAgain: number;
}

/** Runs a script from its start to the day on which nothing is open or under way any more. */
export async function run(script: Script, chaos: Chaos, planted?: Planted, outage?: Outage): Promise<Run> {
  const client = await clientIn(script.seed, chaos, script.start, planted, outage);
  const { world, interlock, calls, answers } = client;
  let longestPhase = 0;
  for (const phase of script.phases) {
    await world.advance(Math.max(0, secondsBetween(world.clock.now(), phase.at)));
    const took = await runPhase(phase, client);
    longestPhase = Math.max(longestPhase, took);
    if (took > LONGEST_PHASE) throw new Error(`seed ${script.seed}: the phase of ${phase.at} took ${took} s`);
  }
  await world.advance(Math.max(0, secondsBetween(world.clock.now(), script.end)));
  await world.drain();
  const acts = script.phases.flatMap(({ lanes }) => lanes.flat());
  const told = acts.map((act) => `${nameOf(act)}: ${answers.get(act)}`);
  return { world, interlock, calls, answers: told, longestPhase, callsAgain: client.again };
}

/** A system in a world of its own, and everybody who calls it. */
export async function clientIn(
  seed: number,
  chaos: Chaos,
  start: Instant,
  planted?: Planted,
  outage?: Outage,
): Promise<Client> {
  const world = simulatedWorld(seed, chaos, start, outage);
  const ids = seeded(seed + 2);
  const interlock = interlockIn(world, {
    senderId: `${IN_HOUSE_PRINCIPAL}:scanner-7`,
    newId: () => v4({ random: Uint8Array.from({ length: 16 }, () => ids.int(0, 255)) }),
    reference: await sampleReference(),
    planted,
    outage,
  });
  const calls = callsOn(interlock);
  const secrets = new Map<string, string>();
  for (const source of SOURCES) {
    const { body } = await calls.call('POST', `/sources/${source}/secret`, OPERATOR);
    secrets.set(source, body.secret);
  }
  return { world, interlock, calls, secrets, random: seeded(seed + 1), answers: new Map(), chaos, again: 0 };
}

/** Everybody outside of the system. */
export interface Client {
  readonly world: World;
  readonly interlock: Interlock;
  readonly calls: Pick<System, 'call' | 'deliver'>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly random: Random;
  readonly answers: Map<Act, string>;
  readonly chaos: Chaos;
  again: number;
}

/**
 * Carries out one phase and lets everything settle. In a rough world some lanes move at the same time, with consumers
 * beside them, and nothing waits for anything; the instants of a lane's acts differ in every world.
 *
 * @returns the seconds that it took
 */
async function runPhase({ at, lanes }: Phase, client: Client): Promise<number> {
  const { world, random, chaos } = client;
  let open = lanes.map((acts) => [...acts]);
  for (;;) {
    open = open.filter((acts) => acts.length > 0);
    if (open.length === 0) break;
    const now = chaos.shuffled ? random.shuffled(open).slice(0, random.int(1, LANES)) : open.slice(0, 1);
    const acts = now.flatMap((lane) => lane.shift() ?? []);
    const beside = chaos.shuffled && random.chance(0.3) ? [world.step()] : [];
    await Promise.all([...acts.map((act) => carryOut(act, client)), ...beside]);
    if (!chaos.shuffled) await world.settle();
    world.pass(1);
  }
  await world.settle();
  return Math.max(0, secondsBetween(at, world.clock.now()));
}

async function carryOut(act: Act, client: Client): Promise<void> {
  switch (act.do) {
    case 'report':
      client.answers.set(act, await report(act, client));
      return;
    case 'command': {
      const dispute = await disputeOf(act.about, client.world);
      if (!dispute) return;
      const path = `/disputes/${dispute}/${act.name}`;
      const headers = { 'idempotency-key': act.key };
      const answer = await answered(() => client.calls.call('POST', path, act.by, act.body, headers), client);
      const { status, responsibility, version } = answer.body ?? {};
      const state = answer.status === 200 ? ` ${status} ${responsibility} v${version}` : '';
      client.answers.set(act, `${answer.status}${state}`);
      if (answer.status === 200)
        await askAgain(() => client.calls.call('POST', path, act.by, act.body, headers), client);
      return;
    }
    case 'acknowledgement': {
      const dispute = await disputeOf(act.about, client.world);
      const item = dispute && (await client.world.memory.get('scorecards', { pk: `ALERTS#${dispute}`, sk: 'STATE' }));
      const alert = item && AlertsItem.parse(item).state.alerts.at(-1);
      if (!alert) return;
      const triggered = { all: alert.indicators, none: [], foreign: ['phase-of-the-moon'] }[act.triggered];
      const send = () =>
        client.calls.call(
          'POST',
          `/alerts/${alert.alertId}/acknowledgement`,
          act.by,
          { specialIndicators: triggered },
          { 'idempotency-key': act.key },
        );
      const answer = await answered(send, client);
      client.answers.set(act, `${answer.status} ${answer.body?.state ?? ''} ${answer.body?.breached ?? ''}`);
      if (answer.status === 200) await askAgain(send, client);
    }
  }
}

/**
 * Sends a report through its door. One that the door refuses is sent without faults: sent again, a refused POST is one
 * more arrival (I-7), and the figures of two runs could not be compared.
 */
export async function report(
  { about, door, body, refused }: Omit<Extract<Act, { do: 'report' }>, 'do'>,
  client: Client,
): Promise<string> {
  const { world, calls, secrets } = client;
  const { source } = about;
  if (door === 'in-house') {
    await world.queue(IN_HOUSE_QUEUE).send(typeof body === 'object' ? { source, ...body } : body);
    return 'sent';
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const post = () => {
    const headers = signed(text, secrets.get(source) ?? '', new Date(Date.parse(world.clock.now())));
    return calls.deliver({ source, body: text, headers });
  };
  const { status } = refused ? await post() : await answered(post, client);
  return String(status);
}

/** Sends a call until it is answered by more than that something went wrong. */
async function answered(send: () => Promise<Answer>, client: Client): Promise<Answer> {
  for (let tries = 0; tries < MOST_CALLS; tries += 1) {
    const result = await client.world.call(send);
    if (result.ended === 'answered' && result.answer.status < 500) return result.answer;
    if (!result.injected) throw new Error(`a call failed by itself: ${JSON.stringify(result)}`);
    client.again += 1;
  }
  throw new Error(`a call was not answered in ${MOST_CALLS} tries`);
}

/** As a client does that did not hear the answer: it has to get the same one, and nothing may happen (`interface.md`). */
async function askAgain(send: () => Promise<Answer>, client: Client): Promise<void> {
  if (!client.chaos.shuffled || !client.random.chance(ASKS_AGAIN)) return;
  client.again += 1;
  const answer = await answered(send, client);
  if (answer.status !== 200) throw new Error(`a repeat under the same key was answered ${answer.status}`);
}

async function disputeOf({ source, externalId }: Addressed, { memory }: World): Promise<string | undefined> {
  const claim = await memory.get('cases', { pk: `CLAIM#${source}#${externalId}`, sk: 'STATE' });
  return claim && String(claim.disputeId);
}

function nameOf(act: Act): string {
  const { source, externalId } = act.about;
  const what = act.do === 'command' ? `${act.name} by ${act.by.sub}` : act.do;
  return `${source} ${externalId} ${what}`;
}

let reference: Promise<Reference> | undefined;

/** The sample's reference data with one source's registered principal, read once for all worlds. */
function sampleReference(): Promise<Reference> {
  reference ??= (async () => {
    const tables = memoryTables();
    await loadSample(tables);
    const key = referenceKeys.source(IN_HOUSE_SOURCE);
    const known = ReferenceItem.parse(await tables.get('reference', key));
    const document = { ...SourceSchema.parse(known.document), principal: IN_HOUSE_PRINCIPAL };
    await tables.write([{ table: 'reference', put: { ...known, document } }]);
    const read = referenceStore(tables, { now: () => '2026-01-01T00:00:00Z' });
    // Read at once and in full: a first reading inside a run would change who comes next there.
    const policies = await read.policies();
    await Promise.all([
      read.sources(),
      read.directory(),
      ...policies.flatMap(({ version, calendar }) => [
        read.policy(version),
        read.calendar(calendar.id, calendar.version),
      ]),
    ]);
    return read;
  })();
  return reference;
}
