import type { IncomingMessage, ServerResponse } from 'node:http';
import { Temporal } from 'temporal-polyfill';
import * as z from 'zod';
import { bodyOf, targetOf } from './gateway.ts';
import type { LocalCloud } from './local-cloud.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** What a route under `/_local/` answers, as JSON; some name something in their path. */
export type LocalRoute = (body: unknown, name: string) => Promise<unknown> | unknown;
type LocalRoutes = Readonly<Record<string, LocalRoute>>;

const Move = z.union([
  z.strictObject({ now: z.iso.datetime({ offset: true }) }),
  z.strictObject({ advance: z.iso.duration() }),
]);
const Dropping = z.strictObject({ dropping: z.boolean() });
/** Counting begins anew; whether tables are asked what each call consumed, which costs time. */
const Counting = z.strictObject({ capacity: z.boolean().default(false) });
const Subject = z.looseObject({ sub: z.string().min(1) });
const MOST_BYTES = 65_536;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** The development helpers of interface.md that know nothing of what runs here; keys are `METHOD /path` below `/_local`. */
export function localRoutes(cloud: LocalCloud, issuer: TokenIssuer): LocalRoutes {
  const { clock } = cloud.machine;
  const time = () => ({ now: new Date(clock.now()).toISOString(), seconds: Math.floor(clock.now() / 1000) });
  return {
    'GET /issuer/.well-known/openid-configuration': () => issuer.discovery,
    'GET /issuer/.well-known/jwks.json': () => issuer.jwks,
    'POST /token': async (body) => ({ token: await issuer.tokenFor(Subject.parse(body)) }),
    'GET /clock': time,
    'POST /clock': (body) => {
      const move = Move.parse(body);
      const now = Temporal.Instant.fromEpochMilliseconds(Math.floor(clock.now())).toZonedDateTimeISO('UTC');
      clock.moveTo('now' in move ? Date.parse(move.now) : now.add(move.advance).epochMilliseconds);
      return time();
    },
    'POST /streams': async (body) => {
      const { dropping } = Dropping.parse(body);
      await cloud.mappings.drop(dropping);
      return { dropping };
    },
    'GET /queues': () => ({ items: cloud.queues.overview() }),
    'GET /writes': () => cloud.tables.writes(),
    'GET /calls': () => ({ items: cloud.calls.all() }),
    'POST /calls': (body) => {
      cloud.calls.reset(Counting.parse(body).capacity);
      return { items: [] };
    },
    'GET /functions': () => ({ items: cloud.functions.stats() }),
    'GET /outputs': () => cloud.outputs,
    'GET /unused-grants': () => ({ items: cloud.machine.iam.unused() }),
    'GET /schedules': () => ({ items: cloud.scheduler.names() }),
    'POST /schedules/{name}/run': async (_body, name) => {
      await cloud.scheduler.run(name);
      return { ran: name };
    },
  };
}

/** Answers a call of a helper; bad input is 422 naming what would be right, an unknown helper 404 naming those there are. */
export async function answerLocal(routes: LocalRoutes, request: IncomingMessage, response: ServerResponse) {
  const answer = (status: number, body: unknown) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (!isFromHere(request))
    return answer(403, { message: 'the helpers answer this machine alone, and no other site’s pages' });
  const path = targetOf(request.url ?? '').path.replace(/^\/_local/, '');
  const [, name] = /^\/schedules\/([^/]+)\/run$/.exec(path) ?? [];
  const route = routes[`${request.method} ${name === undefined ? path : '/schedules/{name}/run'}`];
  if (!route) return answer(404, { message: `there is no such helper; there are ${Object.keys(routes).join(', ')}` });
  try {
    const body = await bodyOf(request, MOST_BYTES);
    if (!body) throw new RangeError(`a helper takes at most ${MOST_BYTES} bytes`);
    answer(200, await route(JSON.parse(body.toString('utf8') || '{}'), decodeURIComponent(name ?? '')));
  } catch (error) {
    if (error instanceof z.ZodError) answer(422, { message: z.prettifyError(error) });
    else if (error instanceof RangeError || error instanceof SyntaxError || error instanceof URIError)
      answer(422, { message: error.message });
    else throw error;
  }
}

/** Pages of other sites, open in a browser here, may send to this machine, and under a name of theirs also read. */
function isFromHere({ headers: { host, origin } }: IncomingMessage): boolean {
  const hosts = [host && `http://${host}`, origin].filter((each) => each !== undefined);
  return hosts.every((each) => LOOPBACK.includes(URL.parse(each)?.hostname ?? ''));
}
