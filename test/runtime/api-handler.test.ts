import '#test/support/quiet-runtime.ts';
import { describe, expect, test } from 'vitest';
import { type ApiRequest, NO_VERSION, type Reply } from '#shared/contracts/api/request.ts';
import { apiHandler, rawApiHandler } from '#shared/runtime/api-handler.ts';
import { type Call, httpEvent, LAMBDA_CONTEXT } from '#test/support/http-event.ts';

const ID = '5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a01';
const ALERTS = '/alerts/{id}/acknowledgement';

/** An alerts handler that answers with what reached it. */
function alerts(answer: (request: ApiRequest) => Promise<Reply> = async (body) => ({ status: 200, body })) {
  const handler = apiHandler('alerts/answer-alerts', {
    'GET /alerts': answer,
    'POST /alerts/{id}/acknowledgement': answer,
  });
  return async (call: Partial<Call> = {}) => {
    const { statusCode, headers, body } = await handler(
      httpEvent({
        route: `POST ${ALERTS}`,
        params: { id: ID },
        claims: { sub: 'u-1', roles: ['performance'], employee: 'E-702' },
        body: { specialIndicators: [] },
        ...call,
      }),
      LAMBDA_CONTEXT,
    );
    return { status: statusCode, headers: headers ?? {}, body: JSON.parse(body ?? 'null') };
  };
}

describe('a call that is allowed and fits its contract', () => {
  test('reaches its use case parsed, with the caller', async () => {
    const { status, headers, body } = await alerts()();
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(body).toMatchObject({
      actor: { sub: 'u-1', roles: ['performance'], employee: 'E-702' },
      params: { id: ID },
      body: { specialIndicators: [] },
      requestId: 'JKJaXmPLvHcESHA=',
    });
  });

  test('is read from base64, as the gateway sends bodies of other content types', async () => {
    const { status } = await alerts()({ base64: true });
    expect(status).toBe(200);
  });

  test('has its query parsed, and what is not asked for filled in', async () => {
    const { body } = await alerts()({ route: 'GET /alerts', params: {}, query: { state: 'open,acknowledged' } });
    expect(body.query).toEqual({ state: ['open', 'acknowledged'], limit: 50 });
  });

  test('is answered with the version as entity tag', async () => {
    const { headers } = await alerts(async () => ({ status: 200, body: {}, etag: 7 }))();
    expect(headers.etag).toBe('"7"');
  });

  test.each([
    { header: undefined, version: undefined },
    { header: '*', version: undefined },
    { header: '"7"', version: 7 },
    { header: 'W/"7"', version: NO_VERSION },
    { header: '7', version: NO_VERSION },
    { header: '"7", "8"', version: NO_VERSION },
  ])('reads If-Match $header as version $version', async ({ header, version }) => {
    const { body } = await alerts()({ headers: header === undefined ? {} : { 'if-match': header } });
    expect(body.ifMatch).toBe(version);
  });

  test('keeps a correlation id that is a UUID, and else takes the request id', async () => {
    const given = await alerts()({ headers: { 'x-correlation-id': ID.toUpperCase() } });
    expect(given.body.correlationId).toBe(ID);
    expect(given.headers['x-correlation-id']).toBe(ID);
    const other = await alerts()({ headers: { 'x-correlation-id': 'call 王小明' } });
    expect(other.body.correlationId).toBe('JKJaXmPLvHcESHA=');
  });
});

describe('roles (T-1)', () => {
  test.each([
    { roles: ['performance'] },
    { roles: '[officer performance]' },
    { roles: '["officer","performance"]' },
    { roles: 'officer, performance' },
    { roles: 'performance' },
  ])('are read from the claim $roles', async ({ roles }) => {
    const { status } = await alerts()({ claims: { sub: 'u-1', roles } });
    expect(status).toBe(200);
  });

  test.each([
    { roles: undefined },
    { roles: '' },
    { roles: '[]' },
    { roles: ['admin'] },
    { roles: 'performances' },
    { roles: 7 },
  ])('that are unknown count as none: $roles', async ({ roles }) => {
    const { status, headers, body } = await alerts()({ claims: { sub: 'u-1', roles } });
    expect(status).toBe(403);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toMatchObject({ status: 403, rule: 'T-1', roles: ['performance'] });
  });

  test('are checked before the input, so that a stranger learns nothing of it', async () => {
    const { status } = await alerts()({ claims: { sub: 'u-1', roles: 'employee' }, body: 'no json' });
    expect(status).toBe(403);
  });

  test('without a token are 401', async () => {
    expect((await alerts()({ claims: undefined })).status).toBe(401);
    expect((await alerts()({ claims: { roles: 'performance' } })).status).toBe(401);
  });
});

describe('a call that does not fit its contract', () => {
  test.each([
    { title: 'is no JSON', body: '{', path: '' },
    { title: 'is not UTF-8', body: Buffer.from([0x22, 0xff, 0x22]), path: '' },
    { title: 'is no object', body: [], path: '' },
    { title: 'lacks a field', body: {}, path: 'specialIndicators' },
    { title: 'has an unknown field', body: { specialIndicators: [], more: 1 }, path: 'more' },
    {
      title: 'has an unknown field that JavaScript would hide',
      body: '{"specialIndicators":[],"__proto__":{}}',
      path: '__proto__',
    },
    {
      title: 'has a number where text belongs',
      body: { specialIndicators: ['on-time', 7] },
      path: 'specialIndicators.1',
    },
  ])('is 422 with the path when its body $title', async ({ body, path }) => {
    const answer = await alerts()({ body, base64: body instanceof Uint8Array });
    expect(answer.status).toBe(422);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body.errors).toEqual([{ path, message: expect.any(String) }]);
  });

  test('is 422 for a query that does not exist or does not fit', async () => {
    const { status, body } = await alerts()({
      route: 'GET /alerts',
      params: {},
      query: { state: 'new', limit: '0', sort: 'x' },
    });
    expect(status).toBe(422);
    expect(body.errors.map(({ path }: { path: string }) => path).sort()).toEqual(['limit', 'sort', 'state']);
  });

  test('is 422 for a limit that only JavaScript takes for a whole number', async () => {
    const list = (limit: string) => alerts()({ route: 'GET /alerts', params: {}, query: { limit } });
    for (const limit of ['0x10', ' 7', '1e2', '7.0', '+7', '007', '201', '-1', '']) {
      expect((await list(limit)).status, limit).toBe(422);
    }
    expect((await list('200')).body.query.limit).toBe(200);
  });

  test('is 404 for an id that cannot be one', async () => {
    expect((await alerts()({ params: { id: 'A-1' } })).status).toBe(404);
  });

  test('is 422 for an Idempotency-Key that is not 1 to 255 visible ASCII characters', async () => {
    for (const key of ['', 'a b', '鍵', 'k'.repeat(256)]) {
      expect((await alerts()({ headers: { 'idempotency-key': key } })).status).toBe(422);
    }
    const { body } = await alerts()({ headers: { 'idempotency-key': 'k'.repeat(255) } });
    expect(body.idempotencyKey).toBe('k'.repeat(255));
  });

  test('is 404 for a route that the function does not answer', async () => {
    expect((await alerts()({ route: 'GET /disputes' })).status).toBe(404);
    expect((await alerts()({ route: '$default' })).status).toBe(404);
  });
});

describe('what goes wrong', () => {
  test('is 500 without a word of why', async () => {
    const { status, headers, body } = await alerts(() => Promise.reject(new Error('王小明 0912-345-678')))();
    expect(status).toBe(500);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(JSON.stringify(body)).not.toContain('王小明');
  });

  test('in one call leaves the next one alone', async () => {
    let calls = 0;
    const call = alerts(async () => {
      calls += 1;
      if (calls === 1) throw new Error('once');
      return { status: 200 };
    });
    expect((await call()).status).toBe(500);
    expect((await call()).status).toBe(200);
  });
});

test('the webhook gets the very bytes that were sent, base64 or not', async () => {
  const seen: Uint8Array[] = [];
  const handler = rawApiHandler('intake/receive-report', async ({ body, params, headers }) => {
    seen.push(body);
    return { status: 202, body: { params, id: headers['webhook-id'] } };
  });
  const call = { route: 'POST /intake/{source}', params: { source: 'phone' }, headers: { 'webhook-id': 'm-1' } };
  const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
  const binary = await handler(httpEvent({ ...call, body: bytes, base64: true }), LAMBDA_CONTEXT);
  await handler(httpEvent({ ...call, body: '{"text":"晚到"}' }), LAMBDA_CONTEXT);
  expect(seen.map((body) => Buffer.from(body))).toEqual([bytes, Buffer.from('{"text":"晚到"}')]);
  expect(JSON.parse(binary.body ?? '')).toEqual({ params: { source: 'phone' }, id: 'm-1' });
});
