import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { ACCOUNT, AwsError, type Functions, type Machine, REGION, type Resource, type Service } from './cloud.ts';
import { type Identity, jwtAuthorizer } from './http-authorizer.ts';
import { commonLogTime, eventOf, type MatchedRequest, type Reply, replyOf, targetOf } from './http-payload.ts';
import { router } from './http-routes.ts';
import type { Logs } from './logs.ts';

const MOST_BODY_BYTES = 10 * 1024 * 1024;
const INTEGRATION_TIMEOUT_MS = 30_000;

/** The HTTP API of the templates. */
export interface HttpApi extends Service {
  /** Answers every request, also one for which there is no route. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** What one call has come to; the access log tells it. */
interface Outcome {
  readonly reply: Reply;
  readonly routeKey?: string;
  readonly error?: string;
  readonly integrationError?: string;
}
interface LogLine extends Outcome {
  readonly requestId: string;
  readonly at: Date;
  readonly milliseconds: number;
}

/** What an access log may tell of a call. */
const VARIABLES = new Map<string, (line: LogLine) => string | number | undefined>([
  ['$context.requestId', ({ requestId }) => requestId],
  ['$context.requestTime', ({ at }) => commonLogTime(at)],
  ['$context.routeKey', ({ routeKey }) => routeKey],
  ['$context.status', ({ reply }) => reply.status],
  ['$context.responseLatency', ({ milliseconds }) => milliseconds],
  ['$context.responseLength', ({ reply }) => reply.body.length],
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
  AuthorizationScopes: z.array(z.string()).optional(),
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
  readonly functionArn: string;
  readonly authorize?: ReturnType<typeof jwtAuthorizer>;
  readonly scopes?: readonly string[];
}

/** What calls go through, once every resource is there. */
interface Standing {
  readonly machine: Machine;
  readonly functions: Functions;
  readonly apiId: string;
  readonly find: ReturnType<typeof router<Wired>>;
  readonly admits: () => boolean;
  readonly log: (line: LogLine) => void;
  /** Routes whose function has been seen to permit the call: permissions do not change while the machine runs. */
  readonly permitted: Set<Wired>;
}

/** The one HTTP API of the templates, with payload format 2.0, JWT authorizers, throttling and access log. */
export function httpApi(machine: Machine, functions: Functions, logs: Logs): HttpApi {
  const { readers, given } = resourceReaders(machine);
  let standing: Standing | undefined;
  return {
    carries: {
      'AWS::ApiGatewayV2::Api': { properties: Object.keys(Api.shape) },
      'AWS::ApiGatewayV2::Route': { properties: Object.keys(Route.shape) },
      'AWS::ApiGatewayV2::Integration': { properties: Object.keys(Integration.shape) },
      'AWS::ApiGatewayV2::Authorizer': { properties: Object.keys(Authorizer.shape) },
      'AWS::ApiGatewayV2::Stage': { properties: Object.keys(Stage.shape) },
    },
    add: (resource) => readers[resource.type]?.(resource),
    start() {
      const { stage, routes } = given();
      if (!stage) return;
      const admits = tokenBucket(stage.DefaultRouteSettings);
      const log = accessLog(stage.AccessLogSettings, logs);
      const find = router(routes);
      standing = { machine, functions, apiId: stage.ApiId, find, admits, log, permitted: new Set() };
    },
    async handle(request, response) {
      if (!standing) throw new RangeError('there is no stage of an HTTP API');
      const began = performance.now();
      const arrived = { request, requestId: randomBytes(11).toString('base64'), at: new Date(machine.clock.now()) };
      const outcome = await outcomeOf(arrived, standing);
      const { status, headers, body } = outcome.reply;
      response.writeHead(status, { ...headers, 'content-length': body.length, 'apigw-requestid': arrived.requestId });
      response.end(body);
      standing.log({ ...arrived, ...outcome, milliseconds: Math.round(performance.now() - began) });
    },
  };
}

/** Reads the resources as they come, in any order; they are wired once all are there. */
function resourceReaders(machine: Machine) {
  const routes: { readonly resource: Resource; readonly route: z.infer<typeof Route> }[] = [];
  const integrations = new Map<string, string>();
  const authorizers = new Map<string, ReturnType<typeof jwtAuthorizer>>();
  let stage: z.infer<typeof Stage> | undefined;
  const readers: Readonly<Record<string, (resource: Resource) => void>> = {
    'AWS::ApiGatewayV2::Api': (resource) => void propertiesOf(Api, resource),
    'AWS::ApiGatewayV2::Route': (resource) => void routes.push({ resource, route: propertiesOf(Route, resource) }),
    'AWS::ApiGatewayV2::Integration': (resource) =>
      void integrations.set(`integrations/${resource.ref}`, propertiesOf(Integration, resource).IntegrationUri),
    'AWS::ApiGatewayV2::Authorizer': (resource) => {
      const { Issuer, Audience } = propertiesOf(Authorizer, resource).JwtConfiguration;
      authorizers.set(resource.ref, jwtAuthorizer(machine, Issuer, Audience));
    },
    'AWS::ApiGatewayV2::Stage': (resource) => {
      const properties = propertiesOf(Stage, resource);
      if (stage) throw new RangeError(`${resource.stack}/${resource.logicalId}: a second stage is not supported`);
      stage = properties;
    },
  };
  const wired = ({ resource, route }: (typeof routes)[number]): Wired => {
    const functionArn = integrations.get(route.Target);
    const authorize = authorizers.get(route.AuthorizerId ?? '');
    if (functionArn === undefined || (route.AuthorizationType === 'JWT' && !authorize))
      throw new RangeError(`${resource.stack}/${resource.logicalId}: Target or AuthorizerId of the route is not there`);
    return { key: route.RouteKey, functionArn, authorize, scopes: route.AuthorizationScopes };
  };
  return { readers, given: () => ({ stage, routes: routes.map(wired) }) };
}

type Arrived = Pick<MatchedRequest, 'request' | 'requestId' | 'at'>;
async function outcomeOf(arrived: Arrived, standing: Standing): Promise<Outcome> {
  const { request } = arrived;
  const found = standing.find(request.method ?? '', targetOf(request).segments);
  if (!found) return refused(404, 'Not Found');
  const { route, parameters } = found;
  const { key: routeKey } = route;
  if (!standing.admits()) return { ...refused(429, 'Too Many Requests'), routeKey };
  const authorized = await route.authorize?.(request.headers.authorization);
  if (authorized && 'refused' in authorized) {
    const why = `Bearer error="invalid_token" error_description="${authorized.refused.replace(/[^ -~]|["\\]/g, "'")}"`;
    return { ...refused(401, 'Unauthorized', { 'www-authenticate': why }), routeKey };
  }
  const identity = authorized?.identity;
  if (!mayCall(route, identity)) return { ...refused(403, 'Forbidden'), routeKey };
  const body = await bodyOf(request);
  if (!body) return { ...refused(413, 'Request Entity Too Large'), routeKey };
  const jwt = identity && { claims: identity.claims, scopes: route.scopes ? identity.scopes : null };
  const matched = { ...arrived, apiId: standing.apiId, routeKey, parameters, body, jwt };
  return { ...(await answerOf(matched, route, standing)), routeKey };
}

function mayCall({ scopes }: Wired, identity: Identity | undefined): boolean {
  return !scopes || scopes.some((scope) => identity?.scopes.includes(scope));
}

/** What the gateway itself says. */
function refused(status: number, message: string, more: Reply['headers'] = {}): Outcome {
  const headers = { 'content-type': 'application/json', ...more };
  return { reply: { status, headers, body: Buffer.from(JSON.stringify({ message })) }, error: message };
}

async function answerOf(matched: MatchedRequest, route: Wired, standing: Standing): Promise<Outcome> {
  const failed = (integrationError: string) => ({ ...refused(500, 'Internal Server Error'), integrationError });
  try {
    permit(route, standing);
    const invocation = await inTime(standing.functions.invoke(route.functionArn, eventOf(matched)));
    if (!invocation) return { ...refused(503, 'Service Unavailable'), integrationError: 'timeout' };
    if (!invocation.ok) return failed(`${invocation.errorType}: ${invocation.errorMessage}`);
    return { reply: replyOf(invocation.result) };
  } catch (error) {
    if (error instanceof AwsError) return failed(error.message);
    if (error instanceof z.ZodError) return failed(`the function's answer is not supported: ${z.prettifyError(error)}`);
    throw error;
  }
}

/** @throws AwsError when the function's policy does not let the route call it */
function permit(route: Wired, { machine, apiId, permitted }: Standing): void {
  if (permitted.has(route)) return;
  const sourceArn = `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiId}/$default/${route.key.replace(' /', '/')}`;
  const by = { service: 'apigateway.amazonaws.com', sourceArn };
  machine.iam.authorizeService(by, { action: 'lambda:InvokeFunction', resource: route.functionArn });
  permitted.add(route);
}

/** Undefined for what takes longer than an integration may. */
async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, INTEGRATION_TIMEOUT_MS, undefined);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** Undefined for one that is too large; the rest of it is not read. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // The stream stays, so that the answer still reaches the caller.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
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
  return (line: LogLine) => {
    const told = (name: string) => JSON.stringify(String(VARIABLES.get(name)?.(line) ?? '-')).slice(1, -1);
    logs.write(group, '$default', Format.replace(VARIABLE, told));
  };
}
