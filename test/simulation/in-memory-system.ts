import '#test/support/quiet-runtime.ts';
import * as z from 'zod';
import { findRoute, ROUTES, type Step } from '#shared/contracts/api/routes.ts';
import { secondsBetween } from '#shared/domain/calendar/civil-date.ts';
import { signed } from '#test/e2e/http-system.ts';
import type { Answer, Claims, System } from '#test/e2e/system.ts';
import { httpEvent, LAMBDA_CONTEXT } from '#test/support/http-event.ts';
import { IN_HOUSE_SENDER, loadSample } from '#test/support/reference.ts';
import { CALM, type Chaos } from './chaos.ts';
import { DEAD_LETTERS, IN_HOUSE_QUEUE, type Interlock, interlockIn, QUEUES } from './interlock.ts';
import { simulatedWorld, type World } from './world.ts';

const MOST_TRIES = 300;
const EventDetail = z.looseObject({ occurredAt: z.string(), data: z.record(z.string(), z.unknown()) });

/** The whole system in memory, called as the gateway calls it: its routes, tokens' claims and 401 included. */
export async function inMemorySystem(
  policy: 'policy-1' | 'fast',
  seed = 1,
  chaos: Chaos = CALM,
  wire: (world: World) => Interlock = (world) => interlockIn(world, { senderId: IN_HOUSE_SENDER }),
): Promise<System> {
  const world = simulatedWorld(seed, chaos, '2026-11-20T02:31:05Z');
  await loadSample(world.memory, policy);
  const calls = callsOn(wire(world));

  return {
    name: 'in memory',
    policy,
    ...calls,
    sendInHouse: (body) => world.queue(IN_HOUSE_QUEUE).send(body),
    sendDeadLetter: (door, body) => world.queue(DEAD_LETTERS[door]).send(body),
    sign: async (body, secret, offsetSeconds = 0) =>
      signed(body, secret, new Date(Date.parse(world.clock.now()) + offsetSeconds * 1000)),
    now: async () => new Date(world.clock.now()),
    reach: (instant) => world.advance(Math.max(0, secondsBetween(world.clock.now(), instant))),
    async eventually(what, found) {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        await world.settle();
        const value = await found();
        if (value !== undefined) return value;
        await world.advance(1);
      }
      throw new Error(`${what}: not within ${MOST_TRIES} s of the clock`);
    },
    storedOfCustomers: async () => JSON.stringify(world.memory.dump().customers),
    events: async () =>
      world.published.map(({ detailType, detail }) => ({
        'detail-type': detailType,
        detail: EventDetail.parse(detail),
      })),
    close: async () => undefined,
    async storedOutsideCustomers() {
      const { customers: _, ...tables } = world.memory.dump();
      const queues = QUEUES.map((name) => [`queue ${name}`, JSON.stringify(world.waiting(name))]);
      const items = Object.entries(tables).map(([name, all]) => [`table ${name}`, JSON.stringify(all)]);
      return { ...Object.fromEntries([...items, ...queues]), events: JSON.stringify(world.published) };
    },
  };
}

/** Calls the handlers as the gateway does. */
export function callsOn({ handlers }: Pick<Interlock, 'handlers'>): Pick<System, 'call' | 'deliver'> {
  async function invoke(
    route: string,
    step: Step,
    given: Omit<Parameters<typeof httpEvent>[0], 'route'>,
  ): Promise<Answer> {
    if (step === 'about/describe-api') throw new RangeError(`${route} is not part of the in-memory system`);
    const { statusCode = 0, headers = {}, body } = await handlers[step](httpEvent({ route, ...given }), LAMBDA_CONTEXT);
    return {
      status: statusCode,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
      body: body ? bodyOf(body, String(headers['content-type'])) : undefined,
    };
  }
  return {
    async call(method, path, by, body, headers) {
      const { pathname, searchParams } = new URL(path, 'http://memory');
      const { route, params } = matched(method, pathname);
      const { access, step } = route;
      if (!by && access !== 'anyone' && access !== 'signed-source')
        return { status: 401, headers: {}, body: undefined };
      const query = Object.fromEntries(searchParams);
      const key = `${method} ${route.path}`;
      return invoke(key, step, { params, query, headers, claims: by && claimsAsText(by), body });
    },
    deliver: ({ source, body, headers }) =>
      invoke('POST /intake/{source}', 'intake/receive-report', { params: { source }, headers, body, base64: true }),
  };
}

/** What is written out comes before what is a parameter. */
const PATTERNS = [...ROUTES]
  .sort((a, b) => places(a.path) - places(b.path))
  .map(({ method, path }) => ({
    method,
    route: findRoute(`${method} ${path}`),
    pattern: new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  }));

/** The route of a path, as the gateway finds it. */
function matched(method: string, pathname: string) {
  for (const { method: own, route, pattern } of PATTERNS) {
    const found = own === method ? pattern.exec(pathname) : null;
    if (route && found) return { route, params: found.groups };
  }
  throw new RangeError(`no route ${method} ${pathname}`);
}

function places(path: string): number {
  return path.split('{').length;
}

/** As a caller over HTTP reads it: what is no JSON stays a text. */
function bodyOf(body: string, type: string): unknown {
  return /[/+]json/.test(type) ? JSON.parse(body) : body;
}

/** API Gateway hands array claims over as text. */
function claimsAsText(claims: Claims): Record<string, unknown> {
  return { ...claims, roles: `[${claims.roles.join(' ')}]` };
}
