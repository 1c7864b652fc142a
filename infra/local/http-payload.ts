import type { IncomingMessage } from 'node:http';
import { unescape as decoded, type ParsedUrlQuery, parse } from 'node:querystring';
import * as z from 'zod';
import { ACCOUNT } from './cloud.ts';
import { targetOf } from './gateway.ts';
import type { Claims } from './http-authorizer.ts';

/** A call, and what its access log is to tell of it, as that becomes known. */
export interface Call {
  readonly request: IncomingMessage;
  readonly requestId: string;
  /** On the moved clock. */
  readonly at: Date;
  routeKey?: string;
  error?: string;
  integrationError?: string;
}

/** What goes to the caller. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What the event tells of a call beside its request. */
export interface Matched {
  readonly apiId: string;
  /** Values of the route's variables, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Undefined for a route that is open to anyone. */
  readonly claims?: Claims;
}

/** The event of payload format 2.0. */
export function eventOf({ request, requestId, routeKey, at }: Call, { apiId, parameters, body, claims }: Matched) {
  const { headers, headersDistinct, method, httpVersion, socket, url = '/' } = request;
  const { path, query } = targetOf(url);
  const rawPath = decoded(path); // As HTTP APIs have it.
  const isText = isTextual(headers['content-type']);
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString: query,
    headers: joined(headersDistinct),
    queryStringParameters: presentOnes(joined(parse(query, '&', '=', { maxKeys: 0 }))),
    pathParameters: presentOnes(parameters),
    requestContext: {
      accountId: ACCOUNT,
      apiId,
      ...(claims && { authorizer: { jwt: { claims, scopes: null } } }),
      domainName: headers.host,
      domainPrefix: apiId,
      http: {
        method,
        path: rawPath,
        protocol: `HTTP/${httpVersion}`,
        sourceIp: socket.remoteAddress,
        userAgent: headers['user-agent'],
      },
      requestId,
      routeKey,
      stage: '$default',
      time: commonLogTime(at),
      timeEpoch: at.getTime(),
    },
    body: body.length > 0 ? body.toString(isText ? 'utf8' : 'base64') : undefined,
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** `12/Mar/2020:19:03:58 +0000` */
export function commonLogTime(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}

/** AWS leaves a member out that has nothing to say. */
function presentOnes(values: Readonly<Record<string, string>>) {
  return Object.keys(values).length > 0 ? values : undefined;
}

function joined(values: ParsedUrlQuery): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat().join(',')]));
}

/** What AWS hands on as text; forms, `+json` types and bodies without a type arrive in base64. */
function isTextual(contentType = ''): boolean {
  return /^(text\/[^;]*|application\/(json|xml|javascript))\s*(;|$)/i.test(contentType);
}

/** What a function answers: other forms of payload format 2.0 are refused by name. */
const Answer = z.strictObject({
  statusCode: z.int().min(100).max(599),
  headers: z.record(z.string().toLowerCase(), z.string()).default({}),
  body: z.string().default(''),
});

/** @throws ZodError for an answer that has another form */
export function replyOf(result: unknown): Reply {
  const { statusCode: status, headers, body } = Answer.parse(result);
  return { status, headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers }, body: Buffer.from(body) };
}
