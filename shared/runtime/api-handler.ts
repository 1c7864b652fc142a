import middy from '@middy/core';
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { type Endpoint, type EndpointsOf, findEndpoint } from '../contracts/api/endpoints.ts';
import { faultsOf } from '../contracts/api/faults.ts';
import { type ApiRequest, notFound, problem, type Reply } from '../contracts/api/request.ts';
import { findRoute, type Route, type Step } from '../contracts/api/routes.ts';
import type { Actor } from '../domain/access/roles.ts';
import { UnknownCursor } from '../domain/ports/tables.ts';
import type { Fault } from '../domain/refusal.ts';
import { actorOf } from './actor.ts';
import {
  bodyBytes,
  correlationIdOf,
  expectedOf,
  type HttpEvent,
  httpResult,
  idempotencyKeyOf,
  ifMatchOf,
} from './http-event.ts';
import { asError, logger } from './logger.ts';
import { count, publishMetrics } from './metrics.ts';

/** A Lambda behind the HTTP API. */
export type HttpHandler = (event: HttpEvent, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** A call whose body nobody has read: the webhook checks its bytes before anything is parsed (I-3). */
export interface RawRequest {
  readonly params: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly correlationId: string;
  readonly requestId: string;
}

/**
 * Answers the routes of one step: finds the use case by the route, checks the caller against the access matrix (T-1),
 * parses what came with the contract, and turns the reply into HTTP. Refusals are problems (RFC 9457); what is thrown
 * is logged and becomes 500 without a word of why.
 *
 * @param answers a use case for every route of the step
 */
export function apiHandler<S extends Step>(_step: S, answers: EndpointsOf<S>): HttpHandler {
  const useCases = new Map<string, UseCase>(Object.entries<UseCase>(answers));
  return overHttp(async (event) => {
    const useCase = useCases.get(event.routeKey);
    if (!useCase) return notFound('There is no such route.');
    const request = requestOf(event);
    return 'refused' in request ? request.refused : useCase(request.accepted);
  });
}

/** As {@link apiHandler} for a route that is open to signed sources, with the bytes as they came. */
export function rawApiHandler<S extends Step>(_step: S, useCase: (request: RawRequest) => Promise<Reply>): HttpHandler {
  return overHttp((event) =>
    useCase({
      params: presentOnes(event.pathParameters),
      headers: presentOnes(event.headers),
      body: bodyBytes(event),
      correlationId: correlationIdOf(event),
      requestId: event.requestContext.requestId,
    }),
  );
}

/** A use case of any route: written as a method's type, since the map forgets which route has which types. */
type UseCase = { answer(request: ApiRequest): Promise<Reply> }['answer'];

/** Outermost first; `onError` and `after` run in reverse, so the logger sees everything. */
function overHttp(answer: (event: HttpEvent) => Promise<Reply>): HttpHandler {
  return middy<HttpEvent, APIGatewayProxyStructuredResultV2>()
    .use(LOGGING)
    .use(COUNTING)
    .use(MAPPING_ERRORS)
    .handler(async (event: HttpEvent) => httpResult(await answer(event), correlationIdOf(event)));
}

type Middleware = middy.MiddlewareObj<HttpEvent, APIGatewayProxyStructuredResultV2>;

const LOGGING: Middleware = {
  before: ({ event, context }) => {
    logger.addContext(context);
    logger.appendKeys({ route: event.routeKey, correlationId: correlationIdOf(event) });
  },
  after: logAnswer,
  onError: logAnswer,
};

function logAnswer({ response }: { response: APIGatewayProxyStructuredResultV2 | null | undefined }): void {
  logger.info('A request was answered', { status: response?.statusCode });
  logger.resetKeys();
}

const COUNTING: Middleware = { after: publishMetrics, onError: publishMetrics };

const MAPPING_ERRORS: Middleware = {
  onError: (request) => {
    if (request.error instanceof UnknownCursor) {
      const wrong = unprocessable([{ path: 'cursor', message: 'is not one that a page of this list gave' }]);
      request.response = httpResult(wrong, correlationIdOf(request.event));
      return;
    }
    count('UnexpectedErrors');
    logger.error('A request could not be answered', asError(request.error));
    const reply = problem(500, { detail: 'Something went wrong on our side; the request can be sent again.' });
    request.response = httpResult(reply, correlationIdOf(request.event));
  },
};

type Read = { readonly accepted: ApiRequest } | { readonly refused: Reply };

/** From HTTP to what a use case takes, or the refusal: the caller first, then the path, then all else that came. */
function requestOf(event: HttpEvent): Read {
  const route = findRoute(event.routeKey);
  const endpoint = findEndpoint(event.routeKey);
  if (!route || !endpoint) return { refused: notFound('There is no such route.') };
  const caller = callerOf(event, route);
  if ('refused' in caller) return caller;
  const params = endpoint.params.safeParse(presentOnes(event.pathParameters));
  if (!params.success) return { refused: notFound() };

  const query = endpoint.query.safeParse(presentOnes(event.queryStringParameters));
  const body = readBody(event, endpoint);
  const { key: idempotencyKey, wrong } = idempotencyKeyOf(event);
  const faults = [
    ...(query.error ? faultsOf(query.error) : []),
    ...('faults' in body ? body.faults : []),
    ...(wrong ? [{ path: 'Idempotency-Key', message: 'is not 1 to 255 visible ASCII characters' }] : []),
  ];
  if (faults.length > 0) return { refused: unprocessable(faults) };
  return {
    accepted: {
      actor: caller.actor,
      params: params.data,
      query: query.data,
      body: 'value' in body ? body.value : undefined,
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ifMatch: ifMatchOf(event),
      expects: expectedOf(event),
      accept: event.headers.accept,
      acceptLanguage: event.headers['accept-language'],
      correlationId: correlationIdOf(event),
      requestId: event.requestContext.requestId,
    },
  };
}

/** Nobody in particular: who calls a route that is open to anyone. */
const ANYONE: Actor = { sub: 'anyone', roles: [] };

function callerOf({ requestContext }: HttpEvent, { access }: Route): { actor: Actor } | { refused: Reply } {
  if (access === 'anyone' || access === 'signed-source') return { actor: ANYONE };
  const claims = requestContext.authorizer?.jwt?.claims;
  const actor = claims && actorOf(claims);
  if (!actor) return { refused: problem(401, { detail: 'This route needs a bearer token that names a subject.' }) };
  if (access.some((role) => actor.roles.includes(role))) return { actor };
  const detail = `This route needs one of the roles ${access.join(', ')}.`;
  return { refused: problem(403, { detail, rule: 'T-1', roles: access }) };
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** No body is an empty object: `notice`, `closure` and `reopening` need none. */
function readBody(event: HttpEvent, { body }: Endpoint): { value: unknown } | { faults: readonly Fault[] } {
  if (!body) return { value: undefined };
  const bytes = bodyBytes(event);
  const json = bytes.length === 0 ? { value: {} } : parseJson(bytes);
  if ('faults' in json) return json;
  const parsed = body.safeParse(json.value);
  return parsed.success ? { value: parsed.data } : { faults: faultsOf(parsed.error) };
}

function parseJson(bytes: Uint8Array): { value: unknown } | { faults: readonly Fault[] } {
  try {
    return { value: JSON.parse(UTF_8.decode(bytes)) };
  } catch {
    return { faults: [{ path: '', message: 'is not JSON in UTF-8' }] };
  }
}

function unprocessable(faults: readonly Fault[]): Reply {
  return problem(422, { detail: 'What was sent does not fit; see errors.', errors: faults });
}

function presentOnes(values: Readonly<Record<string, string | undefined>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
