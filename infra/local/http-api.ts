import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { unescape as decoded, type ParsedUrlQuery, parse } from 'node:querystring';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { ACCOUNT, AwsError, type Functions, type Machine, REGION, type Resource, type SignedReply } from './cloud.ts';
import { bodyOf, targetOf } from './gateway.ts';
import { type Claims, jwtAuthorizer } from './http-authorizer.ts';
import type { Logs } from './logs.ts';

const MOST_BODY_BYTES = 10 * 1024 * 1024;
const INTEGRATION_TIMEOUT_MS = 30_000;

/** A call; what the event and the access log are to tell of it is added as it becomes known. */
interface Call {
  readonly request: IncomingMessage;
  readonly requestId: string;
  /** On the moved clock. */
  readonly at: Date;
  route?: Wired;
  /** Values of the route's variables, decoded. */
  parameters?: Record<string, string>;
  /** Undefined for a route that is open to anyone. */
  claims?: Claims;
  body?: Buffer;
  error?: string;
  integrationError?: string;
}

/** One route and everything behind it. */
interface Wired {
  readonly key: string;
  readonly apiId: string;
  /** Of method and path. */
  readonly pattern: RegExp;
  readonly authorize?: ReturnType<typeof jwtAuthorizer>;
  /** @throws AwsError when the function's policy does not let the route call it */
  readonly invoke: (event: object) => ReturnType<Functions['invoke']>;
}

type Answered = Call & { readonly reply: SignedReply; readonly milliseconds: number };

/** What an access log may tell of a call. */
const VARIABLES = new Map<string, (call: Answered) => string | number | undefined>([
  ['$context.requestId', ({ requestId }) => requestId],
  ['$context.requestTime', ({ at }) => commonLogTime(at)],
  ['$context.routeKey', ({ route }) => route?.key],
  ['$context.status', ({ reply }) => reply.status],
  ['$context.responseLatency', ({ milliseconds }) => milliseconds],
  ['$context.responseLength', ({ reply }) => Buffer.byteLength(reply.body)],
  ['$context.error.message', ({ error }) => error],
  ['$context.integrationErrorMessage', ({ integrationError }) => integrationError],
]);
const VARIABLE = /\$context\.[A-Za-z]+(?:\.[A-Za-z]+)*/g;

const Api = z.strictObject({ Name: z.string(), Description: z.string().optional(), ProtocolType: z.literal('HTTP') });
const Route = z.strictObject({
  ApiId: z.string(),
  RouteKey: z.string().regex(/^(GET|POST|PUT|PATCH|DELETE) (\/[\w.-]+|\/\{\w+\})+$/),
  Target: z.string().startsWith('integrations/'),
  AuthorizationType: z.enum(['NONE', 'JWT']),
  AuthorizerId: z.string().optional(),
});
const Integration = z.strictObject({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string().startsWith('arn:aws:lambda:'),
  PayloadFormatVersion: z.literal('2.0'),
});
const Authorizer = z.strictObject({
  ApiId: z.string(),
  Name: z.string(),
  AuthorizerType: z.literal('JWT'),
  IdentitySource: z.tuple([z.literal('$request.header.Authorization')]),
  JwtConfiguration: z.strictObject({ Audience: z.array(z.string()), Issuer: z.url() }),
});
const Stage = z.strictObject({
  ApiId: z.string(),
  StageName: z.literal('$default'),
  AutoDeploy: z.literal(true),
  DefaultRouteSettings: z.strictObject({
    DetailedMetricsEnabled: z.boolean(), // There are no metrics here.
    ThrottlingBurstLimit: z.number().positive(),
    ThrottlingRateLimit: z.number().positive(),
  }),
  AccessLogSettings: z.strictObject({
    DestinationArn: z.string(),
    Format: z.string().superRefine((format, context) => {
      for (const [variable] of format.matchAll(VARIABLE))
        if (!VARIABLES.has(variable)) context.addIssue({ code: 'custom', message: `${variable} is not supported` });
    }),
  }),
});

/** The one HTTP API of the templates, with payload format 2.0, JWT authorizers, throttling and access log. */
export function httpApi(machine: Machine, functions: Functions, logs: Logs) {
  const routes: { readonly route: z.infer<typeof Route>; readonly resource: Resource }[] = [];
  const functionArns = new Map<string, string>();
  const authorizers = new Map<string, ReturnType<typeof jwtAuthorizer>>();
  let stage: z.infer<typeof Stage> | undefined;
  let answer = async (_call: Call, _response: ServerResponse): Promise<void> => {
    throw new RangeError('there is no stage of an HTTP API');
  };
  const carries: Readonly<Record<string, ReturnType<typeof carried>>> = {
    'AWS::ApiGatewayV2::Api': carried(Api, () => {}),
    'AWS::ApiGatewayV2::Route': carried(Route, (route, resource) => routes.push({ route, resource })),
    'AWS::ApiGatewayV2::Integration': carried(Integration, ({ IntegrationUri }, { ref }) =>
      functionArns.set(`integrations/${ref}`, IntegrationUri),
    ),
    'AWS::ApiGatewayV2::Authorizer': carried(Authorizer, ({ JwtConfiguration: { Issuer, Audience } }, { ref }) =>
      authorizers.set(ref, jwtAuthorizer(machine, Issuer, Audience)),
    ),
    'AWS::ApiGatewayV2::Stage': carried(Stage, (properties, { stack, logicalId }) => {
      if (stage) throw new RangeError(`${stack}/${logicalId}: a second stage is not supported`);
      stage = properties;
    }),
  };
  const wired = ({ route, resource: { stack, logicalId } }: (typeof routes)[number]): Wired => {
    const { ApiId: apiId, RouteKey: key, Target, AuthorizationType, AuthorizerId = '' } = route;
    const functionArn = functionArns.get(Target);
    const authorize = authorizers.get(AuthorizerId);
    if (functionArn === undefined || (AuthorizationType === 'JWT' && !authorize))
      throw new RangeError(`${stack}/${logicalId}: Target or AuthorizerId of the route is not there`);
    const sourceArn = `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiId}/$default/${key.replace(' /', '/')}`;
    const by = { service: 'apigateway.amazonaws.com', sourceArn };
    const invoke = async (event: object) => {
      machine.iam.authorizeService(by, { action: 'lambda:InvokeFunction', resource: functionArn });
      return functions.invoke(functionArn, event);
    };
    const pattern = key.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    return { key, apiId, pattern: new RegExp(`^${pattern}$`), authorize, invoke };
  };
  return {
    carries,
    add: (resource: Resource) => carries[resource.type]?.add(resource),
    /** Wires the resources, which have come in any order. */
    start() {
      if (!stage) return;
      const all = routes.map(wired).sort(literalFirst);
      const admits = tokenBucket(stage.DefaultRouteSettings);
      const log = accessLog(stage.AccessLogSettings, logs);
      answer = async (call, response) => {
        const began = performance.now();
        const reply = await replyTo(call, all, admits);
        const { status, headers, body } = reply;
        const own = { 'content-length': Buffer.byteLength(body), 'apigw-requestid': call.requestId };
        response.writeHead(status, { ...headers, ...own }).end(body);
        log({ ...call, reply, milliseconds: Math.round(performance.now() - began) });
      };
    },
    /** Answers every request, also one for which there is no route. */
    handle(request: IncomingMessage, response: ServerResponse) {
      machine.count('apigateway', 'Request', 'all');
      const requestId = randomBytes(11).toString('base64');
      return answer({ request, requestId, at: new Date(machine.clock.now()) }, response);
    },
  };
}

/** A type of resource: which of its properties are carried out, and what becomes of them. */
function carried<T>(schema: z.ZodType<T> & z.ZodObject, read: (properties: T, resource: Resource) => unknown) {
  const add = (resource: Resource) => void read(propertiesOf<T>(schema, resource), resource);
  return { properties: Object.keys(schema.shape), add };
}

/** As AWS chooses: literal parts stand before variables, from left to right. `{` comes after all that a literal may have. */
function literalFirst(a: Wired, b: Wired): number {
  const [one, other] = [a, b].map(({ key }) => key.replaceAll(/\{\w+\}/g, '{'));
  return String(one) < String(other) ? -1 : 1;
}

async function replyTo(call: Call, routes: readonly Wired[], admits: () => boolean): Promise<SignedReply> {
  const { method, url = '/', headers } = call.request;
  const wanted = `${method} ${targetOf(url).path}`;
  const route = routes.find(({ pattern }) => pattern.test(wanted));
  if (!route) return refuse(call, 404, 'Not Found');
  call.route = route;
  if (!admits()) return refuse(call, 429, 'Too Many Requests');
  const bearer = await route.authorize?.(headers.authorization);
  if (bearer && 'refused' in bearer) {
    const why = `Bearer error="invalid_token" error_description="${bearer.refused.replace(/[^ -~]|["\\]/g, "'")}"`;
    return refuse(call, 401, 'Unauthorized', { 'www-authenticate': why });
  }
  const body = await bodyOf(call.request, MOST_BODY_BYTES);
  if (!body) return refuse(call, 413, 'Request Entity Too Large');
  const variables = Object.entries(route.pattern.exec(wanted)?.groups ?? {});
  const parameters = Object.fromEntries(variables.map(([name, value]) => [name, decoded(value)]));
  try {
    const invocation = await inTime(route.invoke(eventOf({ ...call, parameters, claims: bearer?.claims, body })));
    if (invocation?.ok) return replyOf(invocation.result);
    call.integrationError = invocation ? `${invocation.errorType}: ${invocation.errorMessage}` : 'timeout';
    if (!invocation) return refuse(call, 503, 'Service Unavailable');
    if (invocation.errorType === 'RequestTooLargeException') return refuse(call, 413, 'Request Too Long');
  } catch (error) {
    if (error instanceof AwsError) call.integrationError = error.message;
    else if (error instanceof z.ZodError)
      call.integrationError = `the function's answer is not supported: ${z.prettifyError(error)}`;
    else throw error;
  }
  return refuse(call, 500, 'Internal Server Error');
}

/** What the gateway itself says. */
function refuse(call: Call, status: number, message: string, more: SignedReply['headers'] = {}): SignedReply {
  call.error = message;
  return { status, headers: { 'content-type': 'application/json', ...more }, body: JSON.stringify({ message }) };
}

/** Undefined for what takes longer than an integration may. */
async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, INTEGRATION_TIMEOUT_MS, undefined);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** The event of payload format 2.0. */
function eventOf({ request, requestId, at, route, parameters = {}, claims, body = Buffer.of() }: Call) {
  const { headers, headersDistinct, method, httpVersion, socket, url = '/' } = request;
  const { path, query } = targetOf(url);
  const rawPath = decoded(path); // As HTTP APIs have it.
  const { host, 'content-type': contentType, 'user-agent': userAgent } = headers;
  const isText = isTextual(contentType);
  return {
    version: '2.0',
    routeKey: route?.key,
    rawPath,
    rawQueryString: query,
    headers: joined(headersDistinct),
    queryStringParameters: presentOnes(joined(parse(query, '&', '=', { maxKeys: 0 }))),
    pathParameters: presentOnes(parameters),
    requestContext: {
      accountId: ACCOUNT,
      apiId: route?.apiId,
      ...(claims && { authorizer: { jwt: { claims, scopes: null } } }),
      domainName: host,
      domainPrefix: route?.apiId,
      http: { method, path: rawPath, protocol: `HTTP/${httpVersion}`, sourceIp: socket.remoteAddress, userAgent },
      requestId,
      routeKey: route?.key,
      stage: '$default',
      time: commonLogTime(at),
      timeEpoch: at.getTime(),
    },
    body: body.length > 0 ? body.toString(isText ? 'utf8' : 'base64') : undefined,
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** `12/Mar/2020:19:03:58 +0000` */
function commonLogTime(at: Date): string {
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
function replyOf(result: unknown): SignedReply {
  const { statusCode: status, headers, body } = Answer.parse(result);
  return { status, headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers }, body };
}

/** Lets the burst in at once, and the rate a second in the long run. */
function tokenBucket({ ThrottlingRateLimit, ThrottlingBurstLimit }: z.infer<typeof Stage>['DefaultRouteSettings']) {
  const millisecondsPerCall = 1000 / ThrottlingRateLimit;
  let usedUpTo = 0;
  return (): boolean => {
    const now = performance.now();
    const next = Math.max(usedUpTo, now) + millisecondsPerCall;
    if (next > now + ThrottlingBurstLimit * millisecondsPerCall) return false;
    usedUpTo = next;
    return true;
  };
}

/** One line per call to the log group; what there is nothing to say of is a dash, as on AWS. */
function accessLog({ DestinationArn, Format }: z.infer<typeof Stage>['AccessLogSettings'], logs: Logs) {
  const group = /:log-group:([^:]+)/.exec(DestinationArn)?.[1] ?? DestinationArn;
  return (call: Answered) => {
    const told = (name: string) => JSON.stringify(String(VARIABLES.get(name)?.(call) ?? '-')).slice(1, -1);
    logs.write(group, '$default', Format.replace(VARIABLE, told));
  };
}
