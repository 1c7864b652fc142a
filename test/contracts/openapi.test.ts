import '#test/support/quiet-runtime.ts';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openApi } from '#shared/contracts/api/openapi.ts';
import { ROUTES } from '#shared/contracts/api/routes.ts';
import { ReportV1 } from '#shared/contracts/report.v1.ts';
import { httpEvent, LAMBDA_CONTEXT } from '#test/support/http-event.ts';

const Schema = z.record(z.string(), z.unknown());
const Parameter = z.union([
  z.strictObject({ $ref: z.string() }),
  z.strictObject({
    name: z.string(),
    in: z.enum(['path', 'query', 'header']),
    required: z.boolean().optional(),
    description: z.string().optional(),
    schema: Schema,
  }),
]);
const Content = z.record(z.string(), z.strictObject({ schema: Schema }));
const Operation = z.strictObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  summary: z.string().min(1),
  description: z.string().optional(),
  tags: z.array(z.string()),
  security: z.array(z.partialRecord(z.enum(['token', 'signature']), z.array(z.string()).length(0))),
  'x-roles': z.array(z.string()).optional(),
  parameters: z.array(Parameter),
  requestBody: z.strictObject({ required: z.boolean(), content: Content }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.strictObject({ description: z.string(), headers: Schema, content: Content }),
  ),
});
/** What OpenAPI 3.1 asks of the parts that we write; schemas are JSON Schema 2020-12 out of zod. */
const Document = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({ title: z.string(), version: z.string(), summary: z.string(), description: z.string() }),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(['get', 'post', 'put']), Operation)),
  components: z.strictObject({
    schemas: z.record(z.string(), Schema),
    parameters: z.record(z.string(), Parameter),
    headers: z.record(z.string(), Schema),
    securitySchemes: z.record(z.string(), Schema),
  }),
});

const written = openApi();
const document = Document.parse(JSON.parse(JSON.stringify(written)));
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

/** Every value under `$ref`, at any depth. */
function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [String(inner)] : refsIn(inner)));
}
function at(pointer: string): unknown {
  return pointer
    .replace('#/', '')
    .split('/')
    .reduce<unknown>((value, key) => Schema.catch({}).parse(value)[key], written);
}

test('the document is valid OpenAPI 3.1', async () => {
  expect(await new Validator().validate(JSON.parse(JSON.stringify(written)))).toEqual({ valid: true });
});

test('every route is described, and nothing else', () => {
  expect(operations.map(({ path, method }) => `${method} ${path}`).sort()).toEqual(
    ROUTES.map(({ method, path }) => `${method} ${path}`).sort(),
  );
});

test('every reference leads somewhere, and every named schema is used', () => {
  const refs = new Set(refsIn(written));
  expect([...refs].filter((ref) => at(ref) === undefined)).toEqual([]);
  const named = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  expect(named.filter((name) => !refs.has(name))).toEqual([]);
});

test('every operation has an id of its own', () => {
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
});

describe.each(operations)('$method $path', ({ path, method, operation }) => {
  const statuses = Object.keys(operation.responses).map(Number);

  test('declares the parameters of its path, and each once', () => {
    const declared = operation.parameters.flatMap((parameter) => ('in' in parameter ? [parameter] : []));
    const inPath = declared.filter((parameter) => parameter.in === 'path');
    expect(inPath.map(({ name }) => `{${name}}`)).toEqual([...path.matchAll(/\{\w+\}/g)].map(([name]) => name));
    expect(inPath.every(({ required }) => required)).toBe(true);
    expect(new Set(declared.map(({ name }) => name)).size).toBe(declared.length);
  });

  test('says who may call it, and which refusals they have to expect', () => {
    const guarded = operation['x-roles'] !== undefined;
    expect(operation.security).toEqual(
      guarded ? [{ token: [] }] : path.startsWith('/intake') ? [{ signature: [] }] : [],
    );
    expect(statuses.filter((status) => status < 300)).toHaveLength(method === 'PUT' ? 2 : 1);
    expect(statuses).toEqual(
      expect.arrayContaining([
        ...(guarded ? [401, 403] : []),
        ...(method === 'GET' ? [] : [413, 422]),
        429,
        431,
        500,
        503,
      ]),
    );
    if (path.includes('{')) expect(statuses).toContain(404);
  });
});

test.each([
  {
    route: 'POST /disputes/{id}/determination',
    statuses: [200, 401, 403, 404, 409, 412, 413, 422, 429, 431, 500, 503],
  },
  { route: 'POST /intake/{source}', statuses: [202, 401, 404, 409, 413, 422, 429, 431, 500, 503] },
  { route: 'PUT /sources/{source}', statuses: [200, 201, 401, 403, 404, 412, 413, 422, 429, 431, 500, 503] },
  { route: 'GET /scorecards/{subject}/{period}', statuses: [200, 401, 403, 404, 422, 429, 431, 500, 503] },
  { route: 'GET /health', statuses: [200, 429, 431, 500, 503] },
])('$route answers with $statuses', ({ route, statuses }) => {
  const found = operations.find(({ path, method }) => `${method} ${path}` === route);
  expect(Object.keys(found?.operation.responses ?? {}).map(Number)).toEqual(statuses);
});

test('what is mandatory in a report is mandatory in its description', () => {
  expect(document.components.schemas.Report).toMatchObject({
    required: ['externalId', 'occurredAt'],
    anyOf: [{ required: ['text'] }, { required: ['type'] }],
    additionalProperties: false,
    properties: { amount: { properties: { minor: { type: 'integer', minimum: 0 } } }, attributes: { type: 'object' } },
  });
});

const REPLY = z.looseObject({ headers: Schema, content: z.record(z.string(), z.unknown()) });
const GATEWAY = 'application/json';
const OURS = 'application/problem+json';
test.each([
  { status: 422, by: [OURS] },
  { status: 404, by: [OURS, GATEWAY] },
  { status: 431, by: [GATEWAY] },
])('a $status says by whom it is made: $by', ({ status, by }) => {
  const filing = REPLY.parse(document.paths['/disputes/{id}/filing']?.post?.responses[status]);
  expect(Object.keys(filing.content)).toEqual(by);
});

test('a filing that names a customer has to say something of them, in its description too', () => {
  expect(JSON.stringify(document.paths['/disputes/{id}/filing']?.post?.requestBody)).toContain('"minProperties":1');
});

/** Whether the patterns of a schema let a text through. */
function lets(schema: unknown, text: string): boolean {
  const { pattern, allOf, anyOf } = z
    .object({ pattern: z.string(), allOf: z.array(z.unknown()), anyOf: z.array(z.unknown()) })
    .partial()
    .parse(schema);
  return (
    (pattern === undefined || new RegExp(pattern, 'u').test(text)) &&
    (allOf ?? []).every((each) => lets(each, text)) &&
    (anyOf?.some((each) => lets(each, text)) ?? true)
  );
}
const Report = z.object({ properties: z.record(z.string(), Schema) });
test.each([
  { field: 'occurredAt', fits: '0001-01-02', not: '0001-01-01' },
  { field: 'occurredAt', fits: '9999-12-30T23:59:59Z', not: '9999-12-31T00:00:00Z' },
  { field: 'text', fits: 'a\nb', not: 'a\0b' },
  { field: 'externalId', fits: 'a😀b', not: 'a\u0085b' },
])('a $field is described as the contract takes it', ({ field, fits, not }) => {
  const base = { externalId: 'call-1', occurredAt: '2026-11-20', text: 'late' };
  const described = Report.parse(document.components.schemas.Report).properties[field];
  for (const value of [fits, not]) {
    expect(ReportV1.safeParse({ ...base, [field]: value }).success).toBe(value === fits);
    expect(lets(described, value)).toBe(value === fits);
  }
});

test('the name of an attribute is described as the contract takes it', () => {
  const { propertyNames } = Report.parse(document.components.schemas.Report).properties.attributes ?? {};
  expect(['node', '站 1', ' ', 'a\u001fb', '__proto__'].filter((name) => lets(propertyNames, name))).toEqual([
    'node',
    '站 1',
  ]);
});

test('it is served to anyone, and so is the health of the environment', async () => {
  process.env.ENVIRONMENT = 'dev';
  const { handler } = await import('#functions/about/describe-api.handler.ts');
  const served = await handler(httpEvent({ route: 'GET /openapi.json', params: {} }), LAMBDA_CONTEXT);
  expect(JSON.parse(served.body ?? '')).toEqual(JSON.parse(JSON.stringify(written)));
  const health = await handler(httpEvent({ route: 'GET /health' }), LAMBDA_CONTEXT);
  expect(JSON.parse(health.body ?? '')).toEqual({ status: 'ok', environment: 'dev' });
});
