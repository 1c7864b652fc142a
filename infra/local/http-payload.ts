import type { IncomingMessage } from 'node:http';
import { unescape as decoded } from 'node:querystring';
import * as z from 'zod';
import { ACCOUNT } from './cloud.ts';
import type { Identity } from './http-authorizer.ts';

/** A request and what has been found out about it. */
export interface MatchedRequest {
  readonly request: IncomingMessage;
  readonly apiId: string;
  readonly requestId: string;
  /** `GET /things/{id}` */
  readonly routeKey: string;
  /** Values of the route's variables, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Undefined for a route that is open to anyone. */
  readonly jwt?: { readonly claims: Identity['claims']; readonly scopes: Identity['scopes'] | null };
  /** On the moved clock. */
  readonly at: Date;
}

/** The parts of a request's target. `rawPath` is decoded, as HTTP APIs have it. */
export function targetOf({ url = '/' }: IncomingMessage) {
  const [path = '', ...query] = url.split('?');
  return { rawPath: decoded(path), segments: path.split('/').slice(1).map(decoded), rawQueryString: query.join('?') };
}

/** The event of payload format 2.0. */
export function eventOf({ request, apiId, requestId, routeKey, parameters, body, jwt, at }: MatchedRequest) {
  const { headers, method, httpVersion, socket } = request;
  const { rawPath, rawQueryString } = targetOf(request);
  const isText = isTextual(headers['content-type']);
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    headers: headersOf(request),
    queryStringParameters: presentOnes(queryOf(rawQueryString)),
    pathParameters: presentOnes(parameters),
    requestContext: {
      accountId: ACCOUNT,
      apiId,
      ...(jwt && { authorizer: { jwt } }),
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

function queryOf(text: string): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text))
    values.set(name, values.has(name) ? `${values.get(name)},${value}` : value);
  return Object.fromEntries(values);
}

function headersOf({ headersDistinct }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values = []]) => [name, values.join(',')]));
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

/** What goes to the caller. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** @throws ZodError for an answer that has another form */
export function replyOf(result: unknown): Reply {
  const { statusCode: status, headers, body } = Answer.parse(result);
  return { status, headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers }, body: Buffer.from(body) };
}
