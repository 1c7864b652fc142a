import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { ACCOUNT, AwsError, type Functions, type Machine, REGION, type Resource, type Service } from './cloud.ts';
import { jwtAuthorizer } from './http-authorizer.ts';
import {
  commonLogTime,
  eventOf,
  type MatchedRequest,
  messageReply,
  newRequestId,
  type Reply,
  replyOf,
  sourceIpOf,
  targetOf,
} from './http-payload.ts';
import { type Found, type RouteNode, routeOf, routeTree } from './http-routes.ts';

const MOST_BODY_BYTES = 10 * 1024 * 1024;
const MOST_HEADER_BYTES = 10_240;
const INTEGRATION_TIMEOUT_MS = 30_000;

/** Takes the lines of the access log. */
export interface AccessLog {
  write(group: string, stream: string, line: string): void;
}

/** The HTTP API of the templates. */
export interface HttpApi extends Service {
  /** Answers every request, also one for which there is no route. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

const Api = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  ProtocolType: z.literal('HTTP', { error: 'only HTTP is supported' }),
});
const Route = z.strictObject({
  ApiId: z.string(),
  RouteKey: z.string().regex(/^(\$default|[A-Z]+ \/\S*)$/),
  Target: z.string().startsWith('integrations/'),
  AuthorizationType: z.enum(['NONE', 'JWT'], { error: 'only NONE and JWT are supported' }).default('NONE'),
  AuthorizerId: z.string().optional(),
  AuthorizationScopes: z.array(z.string()).optional(),
});
const Integration = z.strictObject({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY', { error: 'only AWS_PROXY is supported' }),
  IntegrationUri: z.string().startsWith('arn:aws:lambda:'),
  PayloadFormatVersion: z.literal('2.0', { error: 'only 2.0 is supported' }),
});
const Authorizer = z.strictObject({
  ApiId: z.string(),
  Name: z.string(),
  AuthorizerType: z.literal('JWT', { error: 'only JWT is supported' }),
  IdentitySource: z.tuple([z.literal('$request.header.Authorization')]),
  JwtConfiguration: z.strictObject({ Audience: z.array(z.string()).min(1), Issuer: z.url() }),
});
const Stage = z.strictObject({
  ApiId: z.string(),
  StageName: z.literal('$default', { error: 'only $default is supported' }),
  AutoDeploy: z.literal(true, { error: 'only a stage that deploys by itself is supported' }),
  DefaultRouteSettings: z
    .strictObject({
      DetailedMetricsEnabled: z.boolean().optional(), // There are no metrics here.
      ThrottlingBurstLimit: z.number().positive(),
      ThrottlingRateLimit: z.number().positive(),
    })
    .optional(),
  AccessLogSettings: z.strictObject({ DestinationArn: z.string(), Format: z.string() }).optional(),
});
const Permission = z.strictObject({
  Action: z.literal('lambda:InvokeFunction'),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
});

/** One route and everything behind it. */
interface Wired {
  readonly key: string;
  readonly functionArn: string;
  readonly authorize?: ReturnType<typeof jwtAuthorizer>;
  readonly scopes?: readonly string[];
}

/** What one request has come to; the access log tells it. */
interface Outcome {
  readonly reply: Reply;
  readonly routeKey?: string;
  readonly error?: string;
  readonly integrationError?: string;
}

/** The HTTP API of the templates, one at most, with payload format 2.0, JWT authorizers, throttling and access log. */
export function httpApi(machine: Machine, functions: Functions, logs: AccessLog): HttpApi {
  const given = givenResources();
  let api: { readonly id: string; readonly routes: RouteNode<Wired> } | undefined;
  let admits = () => true;
  let log: (line: LogLine) => void = () => {};
  const permitted = new Set<Wired>();
  return {
    carries: {
      'AWS::ApiGatewayV2::Api': { properties: ['ProtocolType'], withoutEffect: ['Name', 'Description'] },
      'AWS::ApiGatewayV2::Route': { properties: Object.keys(Route.shape) },
      'AWS::ApiGatewayV2::Integration': { properties: Object.keys(Integration.shape) },
      'AWS::ApiGatewayV2::Authorizer': { properties: Object.keys(Authorizer.shape) },
      'AWS::ApiGatewayV2::Stage': { properties: Object.keys(Stage.shape) },
      'AWS::Lambda::Permission': { properties: Object.keys(Permission.shape) }, // IAM decides by it.
    },
    add: given.add,
    start() {
      const { id, stage } = given;
      if (id === undefined) return;
      api = { id, routes: routeTree(given.wired(machine)) };
      const { DefaultRouteSettings: limits, AccessLogSettings: access } = stage ?? {};
      if (limits) admits = tokenBucket(limits.ThrottlingRateLimit, limits.ThrottlingBurstLimit);
      if (access) log = accessLog(access, logs);
    },
    async handle(request, response) {
      const began = performance.now();
      const at = new Date(machine.clock.now());
      const requestId = newRequestId();
      const outcome = api
        ? await outcomeOf(
            { request, requestId, at, apiId: api.id },
            { routes: api.routes, admits, machine, functions, permitted },
          )
        : { reply: messageReply(404, 'Not Found') };
      const { status, headers, body } = outcome.reply;
      response.writeHead(status, { ...outgoing(headers), 'content-length': body.length, 'apigw-requestid': requestId });
      response.end(request.method === 'HEAD' ? undefined : body);
      log({ request, requestId, at, outcome, milliseconds: Math.round(performance.now() - began), apiId: api?.id });
    },
  };
}

/** The resources as they come, in any order; they are wired once all are there. */
function givenResources() {
  const routes: { readonly resource: Resource; readonly route: z.infer<typeof Route> }[] = [];
  const integrations = new Map<string, string>();
  const authorizers = new Map<string, z.infer<typeof Authorizer>>();
  const all = { id: undefined as string | undefined, stage: undefined as z.infer<typeof Stage> | undefined };
  const readers: Readonly<Record<string, (resource: Resource) => void>> = {
    'AWS::ApiGatewayV2::Api': (resource) => {
      propertiesOf(Api, resource);
      if (all.id !== undefined)
        throw new RangeError(`${resource.stack}/${resource.logicalId}: a second HTTP API is not supported`);
      all.id = resource.ref;
    },
    'AWS::ApiGatewayV2::Route': (resource) => void routes.push({ resource, route: propertiesOf(Route, resource) }),
    'AWS::ApiGatewayV2::Integration': (resource) =>
      void integrations.set(resource.ref, propertiesOf(Integration, resource).IntegrationUri),
    'AWS::ApiGatewayV2::Authorizer': (resource) =>
      void authorizers.set(resource.ref, propertiesOf(Authorizer, resource)),
    'AWS::ApiGatewayV2::Stage': (resource) => {
      all.stage = propertiesOf(Stage, resource);
      checkLogFormat(resource, all.stage.AccessLogSettings?.Format ?? '');
    },
    'AWS::Lambda::Permission': (resource) => void propertiesOf(Permission, resource),
  };
  return {
    get id() {
      return all.id;
    },
    get stage() {
      return all.stage;
    },
    add: (resource: Resource) => readers[resource.type]?.(resource),
    wired(machine: Machine): Wired[] {
      const checks = new Map(
        [...authorizers].map(
          ([
            ref,
            {
              JwtConfiguration: { Issuer, Audience },
            },
          ]) => [ref, jwtAuthorizer(machine, Issuer, Audience)],
        ),
      );
      return routes.map(({ resource, route }) => {
        const functionArn = integrations.get(route.Target.slice('integrations/'.length));
        const authorize = checks.get(route.AuthorizerId ?? '');
        const missing =
          functionArn === undefined ? 'Target' : route.AuthorizationType === 'JWT' && !authorize && 'AuthorizerId';
        if (functionArn === undefined || missing)
          throw new RangeError(`${resource.stack}/${resource.logicalId}: the ${missing} of the route is not there`);
        return { key: route.RouteKey, functionArn, authorize, scopes: route.AuthorizationScopes };
      });
    },
  };
}

type Arrived = Pick<MatchedRequest, 'request' | 'apiId' | 'requestId' | 'at'>;
interface Behind {
  readonly routes: RouteNode<Wired>;
  readonly admits: () => boolean;
  readonly machine: Machine;
  readonly functions: Functions;
  /** Routes whose function has been seen to permit the call: permissions do not change while the machine runs. */
  readonly permitted: Set<Wired>;
}

async function outcomeOf(arrived: Arrived, behind: Behind): Promise<Outcome> {
  const { request } = arrived;
  const refused = (status: number, message: string, rest: Partial<Outcome> = {}): Outcome => ({
    reply: messageReply(status, message),
    error: message,
    ...rest,
  });
  if (headerBytes(request) > MOST_HEADER_BYTES) return refused(431, 'Request Header Fields Too Large');
  const found = routeOf(behind.routes, request.method ?? 'GET', targetOf(request).segments);
  if (!found) return refused(404, 'Not Found');
  const { key: routeKey, scopes } = found.route;
  if (!behind.admits()) return refused(429, 'Too Many Requests', { routeKey });
  const authorized = await found.route.authorize?.(request.headers.authorization);
  if (authorized?.ok === false) {
    const why =
      authorized.reason && ` scope="" error="invalid_token" error_description="${quotable(authorized.reason)}"`;
    return {
      reply: messageReply(401, 'Unauthorized', { 'www-authenticate': `Bearer${why}` }),
      error: 'Unauthorized',
      routeKey,
    };
  }
  if (scopes && !scopes.some((scope) => authorized?.scopes.includes(scope))) {
    const header = `Bearer scope="${scopes.join(' ')}" error="insufficient_scope"`;
    return { reply: messageReply(403, 'Forbidden', { 'www-authenticate': header }), error: 'Forbidden', routeKey };
  }
  const body = await bodyOf(request);
  if (!body) return refused(413, 'Request Entity Too Large', { routeKey });
  const jwt = authorized && { claims: authorized.claims, scopes: scopes ? authorized.scopes : null };
  return {
    routeKey,
    ...(await answerOf({ ...arrived, routeKey, parameters: found.parameters, body, jwt }, found, behind)),
  };
}

async function answerOf(matched: MatchedRequest, { route }: Found<Wired>, behind: Behind): Promise<Outcome> {
  const failed = (integrationError: string): Outcome => ({
    reply: messageReply(500, 'Internal Server Error'),
    error: 'Internal Server Error',
    integrationError,
  });
  const source = route.key === '$default' ? '$default' : route.key.replace(' /', '/');
  const sourceArn = `arn:aws:execute-api:${REGION}:${ACCOUNT}:${matched.apiId}/$default/${source}`;
  try {
    if (!behind.permitted.has(route)) {
      const by = { service: 'apigateway.amazonaws.com', sourceArn };
      behind.machine.iam.authorizeService(by, { action: 'lambda:InvokeFunction', resource: route.functionArn });
      behind.permitted.add(route);
    }
  } catch (error) {
    if (error instanceof AwsError) return failed(error.message);
    throw error;
  }
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), INTEGRATION_TIMEOUT_MS);
  });
  const invocation = await Promise.race([behind.functions.invoke(route.functionArn, eventOf(matched)), timeout]);
  clearTimeout(timer);
  if (!invocation)
    return {
      reply: messageReply(503, 'Service Unavailable'),
      error: 'Service Unavailable',
      integrationError: 'timeout',
    };
  if (!invocation.ok) return failed(`${invocation.errorType}: ${invocation.errorMessage}`);
  const reply = replyOf(invocation.result);
  return reply ? { reply } : failed('the answer of the function has no form of payload format 2.0');
}

/** Undefined for one that is too large; the rest of it is not read. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MOST_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  // The stream stays, so that the answer still reaches the caller.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function headerBytes({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((sum, part) => sum + part.length, method.length + url.length);
}

function outgoing(headers: Reply['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}

function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\]/g, "'");
}

/** Lets `burst` calls in at once, and `rate` a second in the long run. */
function tokenBucket(rate: number, burst: number): () => boolean {
  let tokens = burst;
  let filledAt = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * rate);
    filledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

interface LogLine {
  readonly request: IncomingMessage;
  readonly requestId: string;
  readonly at: Date;
  readonly outcome: Outcome;
  readonly milliseconds: number;
  readonly apiId?: string;
}

const VARIABLES: Readonly<Record<string, (line: LogLine) => string | number | undefined>> = {
  requestId: ({ requestId }) => requestId,
  requestTime: ({ at }) => commonLogTime(at),
  requestTimeEpoch: ({ at }) => at.getTime(),
  apiId: ({ apiId }) => apiId,
  stage: () => '$default',
  routeKey: ({ outcome }) => outcome.routeKey,
  httpMethod: ({ request }) => request.method,
  path: ({ request }) => targetOf(request).rawPath,
  protocol: ({ request }) => `HTTP/${request.httpVersion}`,
  'identity.sourceIp': ({ request }) => sourceIpOf(request),
  'identity.userAgent': ({ request }) => request.headers['user-agent'],
  status: ({ outcome }) => outcome.reply.status,
  responseLatency: ({ milliseconds }) => milliseconds,
  responseLength: ({ outcome }) => outcome.reply.body.length,
  'error.message': ({ outcome }) => outcome.error,
  integrationErrorMessage: ({ outcome }) => outcome.integrationError,
};
const VARIABLE = /\$context\.([A-Za-z]+(?:\.[A-Za-z]+)*)/g;

function checkLogFormat({ stack, logicalId }: Resource, format: string): void {
  for (const [, name = ''] of format.matchAll(VARIABLE))
    if (!Object.hasOwn(VARIABLES, name))
      throw new RangeError(`${stack}/${logicalId}: AccessLogSettings.Format: $context.${name} is not supported`);
}

/** One line per call to the log group; what there is nothing to say of is a dash, as on AWS. */
function accessLog(
  { DestinationArn: arn, Format: format }: { DestinationArn: string; Format: string },
  logs: AccessLog,
) {
  const group = /:log-group:([^:]+)/.exec(arn)?.[1] ?? arn;
  return (line: LogLine) => {
    const text = format.replace(VARIABLE, (_, name: string) =>
      JSON.stringify(String(VARIABLES[name]?.(line) ?? '-')).slice(1, -1),
    );
    logs.write(group, '$default', text);
  };
}
