import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AwsError, type Functions, type Invocation } from '#infra/local/cloud.ts';
import { httpApi } from '#infra/local/http-api.ts';
import { startIssuer } from '#test/support/issuer.ts';
import { ALLOWS_ALL, machineFor, ROOT, resource } from './wire-server.ts';

const FN = 'arn:aws:lambda:us-east-1:000000000000:function:answer';
const FORBIDDEN_FN = `${FN}-forbidden`;

interface Event {
  readonly routeKey: string;
  readonly [member: string]: unknown;
}
const events: Event[] = [];
let answer: (event: Event) => Invocation = () => ({ ok: true, result: { statusCode: 204 } });
const functions: Functions = {
  invoke: async (_arn, event) => {
    events.push(event as Event);
    return answer(event as Event);
  },
  invokeAsync: async () => {},
  callerOf: () => ROOT,
};
const lines: { group: string; line: string }[] = [];
const asked: { sourceArn: string; resource: string }[] = [];
const machine = machineFor({
  iam: {
    ...ALLOWS_ALL,
    authorizeService({ sourceArn }, { resource: functionArn }) {
      asked.push({ sourceArn, resource: functionArn });
      if (functionArn === FORBIDDEN_FN) throw new AwsError('AccessDeniedException', 'no permission', 403);
    },
  },
});
const keyFile = join(machine.folder, 'key.json');
const issuer = await startIssuer({ port: 0, keyFile });

const DestinationArn = 'arn:aws:logs:us-east-1:000000000000:log-group:access:*';
const Format = '{"route":"$context.routeKey","status":"$context.status","error":"$context.error.message"}';
const STAGE = {
  StageName: '$default',
  AutoDeploy: true,
  DefaultRouteSettings: { DetailedMetricsEnabled: true, ThrottlingBurstLimit: 5_000, ThrottlingRateLimit: 5_000 },
  AccessLogSettings: { DestinationArn, Format },
};
const ROUTES: Record<string, object> = {
  'GET /open': {},
  'POST /open': {},
  'GET /things/{id}': {},
  'GET /things/first': {},
  'GET /things/{id}/parts/{part}': {},
  'GET /forbidden': { Target: 'integrations/forbidden' },
  'GET /known': { AuthorizationType: 'JWT', AuthorizerId: 'tokens' },
};

function apiOf(stage: object = {}, routes: Record<string, object> = {}) {
  const made = httpApi(machine, functions, { write: (group, _stream, line) => void lines.push({ group, line }) });
  const add = (type: string, properties: object, ref: string) =>
    made.add(resource(`AWS::ApiGatewayV2::${type}`, { ApiId: 'api', ...properties }, { name: ref }));
  for (const [RouteKey, more] of Object.entries(routes))
    void add('Route', { RouteKey, Target: 'integrations/answer', AuthorizationType: 'NONE', ...more }, RouteKey);
  void made.add(resource('AWS::ApiGatewayV2::Api', { Name: 'a', ProtocolType: 'HTTP' }, { name: 'api' }));
  void add('Stage', { ...STAGE, ...stage }, 'stage');
  for (const [ref, IntegrationUri] of [
    ['answer', FN],
    ['forbidden', FORBIDDEN_FN],
  ] as const)
    void add('Integration', { IntegrationType: 'AWS_PROXY', IntegrationUri, PayloadFormatVersion: '2.0' }, ref);
  const JwtConfiguration = { Audience: [issuer.audience], Issuer: issuer.url };
  const IdentitySource = ['$request.header.Authorization'];
  void add('Authorizer', { Name: 'tokens', AuthorizerType: 'JWT', IdentitySource, JwtConfiguration }, 'tokens');
  return { made, add };
}

const server = createServer((request, response) => void handle(request, response));
let handle: ReturnType<typeof httpApi>['handle'];
let url: string;

beforeAll(async () => {
  const { made } = apiOf({}, ROUTES);
  await made.start();
  handle = made.handle;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await issuer.close();
});
beforeEach(() => {
  events.length = 0;
  lines.length = 0;
  answer = () => ({ ok: true, result: { statusCode: 204 } });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers });
const withToken = async (path: string, claims: object = {}, lifetime?: number) =>
  get(path, { authorization: `Bearer ${await issuer.tokenFor({ sub: 'E-1', roles: [], ...claims }, lifetime)}` });
async function messageOf(response: Response) {
  return [response.status, ((await response.json()) as { message: string }).message];
}

describe('the event', () => {
  test('is payload 2.0', async () => {
    await fetch(`${url}/open?a=1&b=x%20y&a=2&c=`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'X-Own': 'Ä'.normalize('NFD').slice(0, 1) },
      body: '{"a":"ü"}',
    });
    const { host } = new URL(url);
    expect(events[0]).toEqual({
      version: '2.0',
      routeKey: 'POST /open',
      rawPath: '/open',
      rawQueryString: 'a=1&b=x%20y&a=2&c=',
      headers: expect.objectContaining({ 'x-own': 'A', host }),
      queryStringParameters: { a: '1,2', b: 'x y', c: '' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'api',
        domainName: host,
        domainPrefix: 'api',
        http: {
          method: 'POST',
          path: '/open',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: expect.any(String),
        },
        requestId: expect.stringMatching(/^.{15}=$/),
        routeKey: 'POST /open',
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
      body: '{"a":"ü"}',
      isBase64Encoded: false,
    });
  });

  test.each([
    { type: 'text/csv; charset=utf-8', isText: true },
    { type: 'application/xml', isText: true },
    { type: 'application/problem+json', isText: false },
    { type: 'application/x-www-form-urlencoded', isText: false },
    { type: 'application/octet-stream', isText: false },
  ])('has a body of $type as text: $isText', async ({ type, isText }) => {
    const body = Buffer.from([0x61, 0xff]);
    await fetch(`${url}/open`, { method: 'POST', headers: { 'content-type': type }, body });
    expect(events[0]).toMatchObject({
      isBase64Encoded: !isText,
      body: isText ? 'a\uFFFD' : body.toString('base64'),
    });
  });

  test('has the decoded values of the path, and none without variables', async () => {
    await get('/things/a%20b%2Fc/parts/%E4%B8%AD');
    expect(events[0]).toMatchObject({ pathParameters: { id: 'a b/c', part: '中' }, rawPath: '/things/a b/c/parts/中' });
    await get('/open');
    expect(events[1]?.pathParameters).toBeUndefined();
  });
});

describe('a route', () => {
  test.each([
    ['GET', '/things/first', 'GET /things/first'],
    ['GET', '/things/second', 'GET /things/{id}'],
    ['GET', '/things/first/parts/1', 'GET /things/{id}/parts/{part}'],
  ])('is chosen for %s %s: %s', async (method, path, key) => {
    await fetch(`${url}${path}`, { method });
    expect(events[0]?.routeKey).toBe(key);
  });

  test.each(['/none', '/things', '/things/', '/open/', '/things/a/parts'])('does not exist for %s', async (path) => {
    expect(await messageOf(await get(path))).toEqual([404, 'Not Found']);
  });

  test('invokes a function only by its permission', async () => {
    await get('/things/1');
    expect(asked).toContainEqual({
      sourceArn: 'arn:aws:execute-api:us-east-1:000000000000:api/$default/GET/things/{id}',
      resource: FN,
    });
    expect(await messageOf(await get('/forbidden'))).toEqual([500, 'Internal Server Error']);
    expect(events.map(({ routeKey }) => routeKey)).toEqual(['GET /things/{id}']);
  });
});

describe('the answer', () => {
  const answered = async (result: unknown) => {
    answer = () => ({ ok: true, result });
    return get('/open');
  };

  test('has status, headers and body of the function', async () => {
    const headers = { 'Content-Type': 'application/problem+json', 'X-Own': '1' };
    const response = await answered({ statusCode: 409, headers, body: '{}' });
    expect([response.status, response.headers.get('content-type'), response.headers.get('x-own')]).toEqual([
      409,
      'application/problem+json',
      '1',
    ]);
    expect(await response.text()).toBe('{}');
    expect(response.headers.get('apigw-requestid')).toBeTruthy();
  });

  test.each([
    { statusCode: 'many' },
    { statusCode: 200, body: { a: 1 } },
    { statusCode: 200, cookies: ['a=1'] },
    { a: 1 },
  ])('of no known form is an error: %j', async (result) => {
    expect(await messageOf(await answered(result))).toEqual([500, 'Internal Server Error']);
  });

  test('of a failed function is an error', async () => {
    answer = () => ({ ok: false, errorType: 'Error', errorMessage: 'why' });
    expect(await messageOf(await get('/open'))).toEqual([500, 'Internal Server Error']);
  });
});

describe('a token', () => {
  test('brings its claims as text', async () => {
    const response = await withToken('/known', { roles: ['officer', 'hr'], employee: 'E-1' });
    expect(response.status).toBe(204);
    const jwt = {
      claims: expect.objectContaining({
        sub: 'E-1',
        roles: '[officer hr]',
        employee: 'E-1',
        exp: expect.stringMatching(/^\d+$/),
      }),
      scopes: null,
    };
    expect(events[0]?.requestContext).toMatchObject({ authorizer: { jwt } });
  });

  test.each(['', 'Bearer', 'Bearer x.y.z', 'Basic abc'])('that is none is refused: %j', async (authorization) => {
    const response = await get('/known', authorization ? { authorization } : {});
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await messageOf(response)).toEqual([401, 'Unauthorized']);
    expect(events).toEqual([]);
  });

  test('of another issuer, for others, or changed is refused', async () => {
    const other = await startIssuer({ port: 0 });
    const others = await startIssuer({ keyFile, audience: 'others', publicUrl: issuer.url });
    const token = await issuer.tokenFor({ sub: 'E-1', roles: [] });
    const [header, , signature] = token.split('.');
    const body = Buffer.from(JSON.stringify({ sub: 'E-2', iss: issuer.url, aud: issuer.audience, exp: 9e9 }));
    const forged = [
      await other.tokenFor({ sub: 'E-1', roles: [] }),
      await others.tokenFor({ sub: 'E-1', roles: [] }),
      `${header}.${body.toString('base64url')}.${signature}`,
    ];
    for (const each of forged) expect((await get('/known', { authorization: `Bearer ${each}` })).status).toBe(401);
    await other.close();
  });

  test('that has expired is refused, also one that was seen before, on the moved clock', async () => {
    expect((await withToken('/known', {}, -10)).status).toBe(401);
    const authorization = await issuer.tokenFor({ sub: 'E-1', roles: [] });
    expect((await get('/known', { authorization })).status).toBe(204);
    machine.clock.moveTo(machine.clock.now() + 2 * 3_600_000);
    const response = await get('/known', { authorization });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain("'exp' claim timestamp check failed");
    expect((await withToken('/known', {}, 3 * 3_600)).status).toBe(204);
  });

  test('is refused while its issuer does not answer, and taken once it does', async () => {
    const gone = await startIssuer({ port: 0 });
    await gone.close();
    const { add, made } = apiOf({}, { 'GET /late': { AuthorizationType: 'JWT', AuthorizerId: 'late' } });
    const JwtConfiguration = { Audience: [gone.audience], Issuer: gone.url };
    const IdentitySource = ['$request.header.Authorization'];
    void add('Authorizer', { Name: 'late', AuthorizerType: 'JWT', IdentitySource, JwtConfiguration }, 'late');
    await made.start();
    const before = handle;
    handle = made.handle;
    const authorization = await gone.tokenFor({ sub: 'E-1', roles: [] }, 4 * 3_600);
    expect((await get('/late', { authorization })).status).toBe(401);
    expect(machine.said.join()).toContain(gone.url);
    const again = await startIssuer({ port: Number(new URL(gone.url).port) });
    const fresh = await again.tokenFor({ sub: 'E-1', roles: [] }, 4 * 3_600);
    expect((await get('/late', { authorization: fresh })).status).toBe(204);
    await again.close();
    handle = before;
  });
});

describe('limits', () => {
  test('a body over 10 MB is too large', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024 + 1);
    expect(await messageOf(await fetch(`${url}/open`, { method: 'POST', body }))).toEqual([
      413,
      'Request Entity Too Large',
    ]);
    const headers = { 'content-type': 'text/plain' };
    const accepted = await fetch(`${url}/open`, { method: 'POST', headers, body: body.subarray(1) });
    expect(accepted.status).toBe(204);
  });

  test('a body that the function does not take is too large as well', async () => {
    answer = () => ({ ok: false, errorType: 'RequestTooLargeException', errorMessage: 'over 6 MB' });
    expect(await messageOf(await fetch(`${url}/open`, { method: 'POST', body: 'x' }))).toEqual([
      413,
      'Request Too Long',
    ]);
  });

  test('calls over the stage’s burst are put off', async () => {
    const DefaultRouteSettings = { DetailedMetricsEnabled: true, ThrottlingBurstLimit: 3, ThrottlingRateLimit: 0.001 };
    const { made } = apiOf({ DefaultRouteSettings }, ROUTES);
    await made.start();
    const before = handle;
    handle = made.handle;
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await get('/open')).status);
    expect(statuses).toEqual([204, 204, 204, 429, 429]);
    handle = before;
  });
});

test('every call leaves a line in the access log', async () => {
  await get('/open');
  await get('/none');
  expect(lines).toEqual([
    { group: 'access', line: '{"route":"GET /open","status":"204","error":"-"}' },
    { group: 'access', line: '{"route":"-","status":"404","error":"Not Found"}' },
  ]);
});

describe('what is not supported is refused by name', () => {
  test.each([
    ['Route', { RouteKey: 'ANY /a', Target: 'integrations/a', AuthorizationType: 'NONE' }, /RouteKey = "ANY/],
    ['Route', { RouteKey: '$default', Target: 'integrations/a', AuthorizationType: 'NONE' }, /RouteKey = "\$default/],
    ['Integration', { IntegrationType: 'AWS_PROXY', IntegrationUri: FN, PayloadFormatVersion: '1.0' }, /"1.0"/],
    ['Authorizer', { AuthorizerType: 'REQUEST', Name: 'a' }, /AuthorizerType = "REQUEST"/],
    ['Stage', { ...STAGE, StageName: 'v1' }, /StageName = "v1"/],
    ['Route', { RouteKey: 'GET /a', Target: 'integrations/a', AuthorizationType: 'AWS_IAM' }, /AWS_IAM/],
    ['Route', { RouteKey: 'GET /a', AuthorizationScopes: ['read'] }, /AuthorizationScopes is not supported/],
    [
      'Stage',
      { ...STAGE, AccessLogSettings: { DestinationArn, Format: '$context.awsEndpointRequestId' } },
      /\$context.awsEndpointRequestId/,
    ],
  ])('%s %j', (type, properties, message) => {
    expect(() => apiOf().add(type, properties, 'odd')).toThrow(message);
  });

  test('a route to nothing', () => {
    expect(() => apiOf({}, { 'GET /a': { Target: 'integrations/nothing' } }).made.start()).toThrow(
      'stack/GET /a: Target or AuthorizerId of the route is not there',
    );
  });
});
