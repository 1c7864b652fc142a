import type { IncomingMessage, ServerResponse } from 'node:http';
import { Temporal } from 'temporal-polyfill';
import * as z from 'zod';
import type { LocalCloud } from './local-cloud.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** What a route under `/_local/` answers, as JSON. */
export type LocalRoute = (body: unknown) => Promise<unknown> | unknown;

const Move = z.union([
  z.strictObject({ now: z.iso.datetime({ offset: true }) }),
  z.strictObject({ advance: z.iso.duration() }),
]);
const Dropping = z.strictObject({ dropping: z.boolean() });
/** Counting begins anew; whether tables are asked what each call consumed, which costs time. */
const Counting = z.strictObject({ capacity: z.boolean().default(false) });
const Subject = z.looseObject({ sub: z.string().min(1) });
const MOST_BYTES = 65_536;

/** The development helpers of interface.md that know nothing of what runs here; keys are `METHOD /path` below `/_local`. */
export function localRoutes(cloud: LocalCloud, issuer: TokenIssuer): Readonly<Record<string, LocalRoute>> {
  const { clock } = cloud.machine;
  const time = () => ({ now: new Date(clock.now()).toISOString(), seconds: Math.floor(clock.now() / 1000) });
  return {
    'POST /token': async (body) => ({ token: await issuer.tokenFor(Subject.parse(body)) }),
    'GET /clock': time,
    'POST /clock': (body) => {
      const move = Move.parse(body);
      clock.moveTo('now' in move ? Date.parse(move.now) : after(clock.now(), move.advance));
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
  };
}

function after(now: number, duration: string): number {
  const start = Temporal.Instant.fromEpochMilliseconds(Math.floor(now)).toZonedDateTimeISO('UTC');
  return start.add(Temporal.Duration.from(duration)).epochMilliseconds;
}

/** Answers a call of a helper; bad input is 422 naming what would be right, an unknown helper 404 naming those there are. */
export async function answerLocal(
  routes: Readonly<Record<string, LocalRoute>>,
  cloud: LocalCloud,
  issuer: TokenIssuer,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const path = (request.url ?? '').split('?')[0]?.replace(/^\/_local/, '') ?? '';
  const answer = (status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const document = issuer.document(path.replace(/^\/issuer/, ''));
  if (request.method === 'GET' && document) return void answer(200, document);
  try {
    const schedule = /^\/schedules\/([^/]+)\/run$/.exec(path)?.[1];
    if (request.method === 'POST' && schedule !== undefined) {
      await cloud.scheduler.run(decodeURIComponent(schedule));
      return void answer(200, { ran: decodeURIComponent(schedule) });
    }
    const route = routes[`${request.method} ${path}`];
    if (!route)
      return void answer(404, { message: `there is no such helper; there are ${Object.keys(routes).join(', ')}` });
    answer(200, await route(request.method === 'POST' ? await jsonOf(request) : undefined));
  } catch (error) {
    if (error instanceof z.ZodError) answer(422, { message: z.prettifyError(error) });
    else if (error instanceof RangeError || error instanceof SyntaxError || error instanceof URIError)
      answer(422, { message: error.message });
    else throw error;
  }
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new RangeError(`a helper takes at most ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return size === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
