import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { unescape as decoded } from 'node:querystring';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { ACCOUNT, AwsError, type Functions, type Invocation, type Machine, REGION, type Resource } from './cloud.ts';
import { bodyOf, targetOf } from './gateway.ts';
import { jwtAuthorizer } from './http-authorizer.ts';
import { type Call, commonLogTime, eventOf, type Reply, replyOf } from './http-payload.ts';
import type { Logs } from './logs.ts';

const MOST_BODY_BYTES = 10 * 1024 * 1024;
const INTEGRATION_TIMEOUT_MS = 30_000;

type Told = (call: Call, reply: Reply, milliseconds: number) => string | number | undefined;
/** What an access log may tell of a call. */
const VARIABLES = new Map<string, Told>([
  ['$context.requestId', ({ requestId }) => requestId],
  ['$context.requestTime', ({ at }) => commonLogTime(at)],
  ['$context.routeKey', ({ routeKey }) => routeKey],
  ['$context.status', (_call, { status }) => status],
  ['$context.responseLatency', (_call, _reply, milliseconds) => milliseconds],
  ['$context.responseLength', (_call, { body }) => body.length],
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

/** One route and everything behind it. */
interface Wired {
  readonly key: string;
  readonly apiId: string;
  readonly authorize?: ReturnType<typeof jwtAuthorizer>;
  /** @throws AwsError when the function's policy does not let the route call it */
  readonly invoke: (event: object) => Promise<Invocation>;
}

/** What calls go through, once every resource is there. */
interface Standing {
  readonly find: ReturnType<typeof router>;
  readonly admits: () => boolean;
  readonly log: ReturnType<typeof accessLog>;
}

/** The one HTTP API of the templates, with payload format 2.0, JWT authorizers, throttling and access log. */
export function httpApi(machine: Machine, functions: Functions, logs: Logs) {
  const routes: { readonly route: z.infer<typeof Route>; readonly resource: Resource }[] = [];
  const functionArns = new Map<string, string>();
  const authorizers = new Map<string, ReturnType<typeof jwtAuthorizer>>();
  let stage: z.infer<typeof Stage> | undefined;
  let standing: Standing | undefined;
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
    return { key, apiId, authorize, invoke };
  };
  return {
    carries,
    add: (resource: Resource) => carries[resource.type]?.add(resource),
    /** Wires the resources, which have come in any order. */
    start() {
      if (!stage) return;
      const { DefaultRouteSettings: limits, AccessLogSettings: settings } = stage;
      standing = { find: router(routes.map(wired)), admits: tokenBucket(limits), log: accessLog(settings, logs) };
    },
    /** Answers every request, also one for which there is no route. */
    async handle(request: IncomingMessage, response: ServerResponse) {
      if (!standing) throw new RangeError('there is no stage of an HTTP API');
      const began = performance.now();
      const call = { request, requestId: randomBytes(11).toString('base64'), at: new Date(machine.clock.now()) };
      const reply = await replyTo(call, standing);
      const { status, headers, body } = reply;
      response.writeHead(status, { ...headers, 'content-length': body.length, 'apigw-requestid': call.requestId });
      response.end(body);
      standing.log(call, reply, Math.round(performance.now() - began));
    },
  };
}

/** A type of resource: which of its properties are carried out, and what becomes of them. */
function carried<T>(schema: z.ZodType<T> & z.ZodObject, read: (properties: T, resource: Resource) => unknown) {
  const add = (resource: Resource) => void read(propertiesOf<T>(schema, resource), resource);
  return { properties: Object.keys(schema.shape), add };
}

async function replyTo(call: Call, { find, admits }: Standing): Promise<Reply> {
  const { method, url = '/', headers } = call.request;
  const found = find(`${method} ${targetOf(url).path}`);
  if (!found) return refuse(call, 404, 'Not Found');
  const { route, parameters } = found;
  call.routeKey = route.key;
  if (!admits()) return refuse(call, 429, 'Too Many Requests');
  const bearer = await route.authorize?.(headers.authorization);
  if (bearer && 'refused' in bearer) {
    const why = `Bearer error="invalid_token" error_description="${bearer.refused.replace(/[^ -~]|["\\]/g, "'")}"`;
    return refuse(call, 401, 'Unauthorized', { 'www-authenticate': why });
  }
  const body = await bodyOf(call.request, MOST_BODY_BYTES);
  if (!body) return refuse(call, 413, 'Request Entity Too Large');
  const event = eventOf(call, { apiId: route.apiId, parameters, body, claims: bearer?.claims });
  try {
    const invocation = await inTime(route.invoke(event));
    if (invocation?.ok) return replyOf(invocation.result);
    call.integrationError = invocation ? `${invocation.errorType}: ${invocation.errorMessage}` : 'timeout';
    if (!invocation) return refuse(call, 503, 'Service Unavailable');
  } catch (error) {
    if (error instanceof AwsError) call.integrationError = error.message;
    else if (error instanceof z.ZodError)
      call.integrationError = `the function's answer is not supported: ${z.prettifyError(error)}`;
    else throw error;
  }
  return refuse(call, 500, 'Internal Server Error');
}

/** What the gateway itself says. */
function refuse(call: Call, status: number, message: string, more: Reply['headers'] = {}): Reply {
  call.error = message;
  const headers = { 'content-type': 'application/json', ...more };
  return { status, headers, body: Buffer.from(JSON.stringify({ message })) };
}

/** Undefined for what takes longer than an integration may. */
async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, INTEGRATION_TIMEOUT_MS, undefined);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** Finds by method and path the route that AWS would choose: literal parts stand before variables, from left to right. */
function router(routes: readonly Wired[]) {
  const order = ({ key }: Wired) => key.replaceAll(/\{\w+\}/g, '{'); // Which comes after all that a literal part may have.
  const candidates = routes
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
    .map((route) => {
      const pattern = route.key.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
      return { route, pattern: new RegExp(`^${pattern}$`) };
    });
  return (methodAndPath: string) => {
    for (const { route, pattern } of candidates) {
      const match = pattern.exec(methodAndPath);
      if (!match) continue;
      const values = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decoded(value)]);
      return { route, parameters: Object.fromEntries(values) };
    }
    return undefined;
  };
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
  return (...call: Parameters<Told>) => {
    const told = (name: string) => JSON.stringify(String(VARIABLES.get(name)?.(...call) ?? '-')).slice(1, -1);
    logs.write(group, '$default', Format.replace(VARIABLE, told));
  };
}
