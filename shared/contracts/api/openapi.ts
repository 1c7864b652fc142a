import * as z from 'zod';
import { ReportV1 } from '../report.v1.ts';
import { ManifestV1 } from '../score-export.v1.ts';
import { findReply } from './endpoint-replies.ts';
import { type Endpoint, findEndpoint } from './endpoints.ts';
import * as replies from './replies.ts';
import { PROBLEM_TYPE } from './request.ts';
import { Review } from './review-replies.ts';
import { ROUTES, type Route } from './routes.ts';

type Json = Record<string, unknown>;

/** Schemas that have a name in the document; wherever one is used, the document refers to it. */
const NAMED = new Map<unknown, string>([
  [replies.ProblemReply, 'Problem'],
  [replies.GatewayReply, 'GatewayError'],
  [ReportV1, 'Report'],
  [replies.Receipt, 'Receipt'],
  [replies.SourceReply, 'Source'],
  [replies.Reconciliation, 'Reconciliation'],
  [replies.DisputeReply, 'Dispute'],
  [replies.Alert, 'Alert'],
  [replies.Card, 'Card'],
  [replies.EntryReply, 'Entry'],
  [replies.Explanation, 'Explanation'],
  [Review, 'Review'],
  [replies.Scores, 'Scores'],
  [replies.ExportReply, 'Export'],
  [ManifestV1, 'Manifest'],
]);

/** What each refusal means here. */
const MEANINGS: Readonly<Record<number, string>> = {
  401: 'No token, or one that cannot be trusted.',
  403: "The caller's roles, or the rule that the problem names, do not allow it.",
  404: "There is no such resource, or it is somebody else's.",
  406: 'It comes in no form that `Accept` allows.',
  409: 'It does not fit the state that things are in; nothing was changed.',
  412: '`If-Match` names another version than the one that stands, or `If-None-Match` finds that one stands.',
  413: 'The body is too large; or the answer would be, and `job` names the route for it.',
  422: 'Something that was sent does not fit; `errors` says where.',
  429: 'Too many requests at once.',
  431: 'Path, query and headers are too large together (10,240 bytes).',
  500: 'Something went wrong on our side.',
  503: 'Nothing answered in time, or a report could not be put on the queue. Send it again.',
};
/** What the gateway answers in our place on any route; it keeps its body, and its answers carry no correlation id. */
const BY_GATEWAY_ALONE: readonly number[] = [429, 431];
/** What comes from our functions or from the gateway. A part of a path that is empty is a route that does not exist. */
const BY_EITHER: readonly number[] = [401, 404, 413, 500, 503];

/** What a route takes and answers. */
type Described = Endpoint & { readonly reply: z.ZodType };

/** The whole API in OpenAPI 3.1, made of the routes, their access and their contracts. */
export function openApi(): Json {
  const paths: Record<string, Json> = {};
  for (const route of ROUTES) {
    const endpoint = findEndpoint(`${route.method} ${route.path}`);
    const reply = findReply(`${route.method} ${route.path}`);
    if (!endpoint || !reply) throw new RangeError(`${route.path} has no contract`);
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operation(route, { ...endpoint, reply }),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Interlock',
      version: '1',
      summary: 'Couples the settling of disputes with the management of performance.',
      description:
        'Points are decimal strings with two places, a minus before a deduction and no plus before a gain. ' +
        'Errors of our functions are RFC 9457 problems; those of the gateway keep its body: of a path that does not ' +
        'exist, and of a method that a path does not have, 404 `{ "message": "Not Found" }`. ' +
        'Unknown fields of requests are refused; answers may gain fields. Lengths count UTF-16 code units.',
    },
    paths,
    components: {
      schemas: Object.fromEntries([...NAMED].map(([schema, name]) => [name, component(schema)])),
      parameters: COMMON_PARAMETERS,
      headers: COMMON_HEADERS,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An OIDC token (RS256) with the claims `roles`, `department`, `employee`, `source`.',
        },
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'webhook-signature',
          description: "Standard Webhooks: HMAC-SHA256 over id, timestamp and body with the source's secret.",
        },
      },
    },
  };
}

const COMMON_PARAMETERS = {
  CorrelationId: {
    name: 'X-Correlation-Id',
    in: 'header',
    description: 'A UUID that goes with everything that this call causes; what is no UUID is passed over.',
    schema: { type: 'string' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same key again within 24 hours changes nothing; with another body it is 409.',
    schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The `ETag` that the caller read; another version is 412.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: '`*`: only where nothing stands yet; else 412.',
    schema: { type: 'string' },
  },
  WebhookId: { name: 'webhook-id', in: 'header', required: true, schema: { type: 'string', minLength: 1 } },
  WebhookTimestamp: {
    name: 'webhook-timestamp',
    in: 'header',
    required: true,
    description: 'Seconds since 1970; within the tolerance of our clock.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
};
const COMMON_HEADERS = {
  CorrelationId: { description: "The call's correlation id.", required: true, schema: { type: 'string' } },
  ETag: {
    description: 'The version, in quotes: `"7"`.',
    required: true,
    schema: { type: 'string', pattern: '^"\\d+"$' },
  },
};

function operation(route: Route, endpoint: Described): Json {
  const signed = route.access === 'signed-source';
  const open = signed || route.access === 'anyone';
  const statuses = refusalsOf(route, endpoint);
  return {
    operationId: operationId(route),
    summary: endpoint.summary,
    tags: [route.path.split('/')[1]],
    ...(route.own && { description: `${route.own}.` }),
    security: signed ? [{ signature: [] }] : open ? [] : [{ token: [] }],
    ...(!open && { 'x-roles': route.access }),
    parameters: parametersOf(route, endpoint),
    ...(endpoint.body && {
      requestBody: {
        required: !endpoint.body.safeParse({}).success,
        content: { 'application/json': { schema: schemaOf(endpoint.body) } },
      },
    }),
    responses: {
      [endpoint.status]: success(endpoint),
      ...(endpoint.creates && { 201: success(endpoint) }),
      ...Object.fromEntries(statuses.map((status) => [status, refusal(status)])),
    },
  };
}

function success({ summary, etag, reply, alsoAs = [] }: Described): Json {
  return {
    description: summary,
    headers: {
      'X-Correlation-Id': { $ref: '#/components/headers/CorrelationId' },
      ...(etag && { ETag: { $ref: '#/components/headers/ETag' } }),
    },
    content: {
      'application/json': { schema: schemaOf(reply) },
      ...Object.fromEntries(alsoAs.map((type) => [type, { schema: { type: 'string' } }])),
    },
  };
}

/** `postDisputesIdFiling`: the same for as long as the route is. */
function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== '');
  return [method.toLowerCase(), ...words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)].join('');
}

function parametersOf(route: Route, endpoint: Endpoint): Json[] {
  const common = (name: keyof typeof COMMON_PARAMETERS) => ({ $ref: `#/components/parameters/${name}` });
  const isCommand = route.method === 'POST' && Array.isArray(route.access);
  const changes = isCommand || route.method === 'PUT';
  return [
    ...fieldsOf(endpoint.params, 'path'),
    ...fieldsOf(endpoint.query, 'query'),
    common('CorrelationId'),
    ...(route.access === 'signed-source' ? [common('WebhookId'), common('WebhookTimestamp')] : []),
    ...(isCommand ? [common('IdempotencyKey')] : []),
    ...(changes && endpoint.etag ? [common('IfMatch')] : []),
    ...(endpoint.creates ? [common('IfNoneMatch')] : []),
  ];
}

function fieldsOf(object: z.ZodObject, place: 'path' | 'query'): Json[] {
  return Object.entries(object.shape).map(([name, field]) => {
    const { description, ...schema } = schemaOf(field);
    const required = place === 'path' || !z.safeParse(field, undefined).success;
    return { name, in: place, required, ...(description !== undefined && { description }), schema };
  });
}

/** Every refusal that a route can answer: its own, and what follows from its access and inputs. */
function refusalsOf({ method, access }: Route, { params, query, body, refusals }: Endpoint): number[] {
  const statuses = new Set<number>([...refusals, ...BY_GATEWAY_ALONE, 500, 503]);
  if (Array.isArray(access)) statuses.add(401).add(403);
  if (Object.keys(params.shape).length > 0) statuses.add(404);
  if (Object.keys(query.shape).length > 0 || body || (method === 'POST' && Array.isArray(access))) statuses.add(422);
  if (Array.isArray(access) && query.def.catchall) statuses.add(422);
  if (body) statuses.add(413);
  return [...statuses].sort((a, b) => a - b);
}

function refusal(status: number): Json {
  const alone = BY_GATEWAY_ALONE.includes(status);
  const either = BY_EITHER.includes(status);
  const gateway = { 'application/json': { schema: schemaOf(replies.GatewayReply) } };
  return {
    description: MEANINGS[status] ?? 'Refused.',
    headers: {
      ...(!alone && !either && { 'X-Correlation-Id': { $ref: '#/components/headers/CorrelationId' } }),
      ...(either && { 'X-Correlation-Id': { ...COMMON_HEADERS.CorrelationId, required: false } }),
    },
    content: {
      ...(!alone && { [PROBLEM_TYPE]: { schema: schemaOf(replies.ProblemReply) } }),
      ...((alone || either) && gateway),
    },
  };
}

/** A schema as the document uses it: by reference where it has a name. */
function schemaOf(schema: z.core.$ZodType): Json {
  const name = NAMED.get(schema);
  return name ? { $ref: `#/components/schemas/${name}` } : jsonSchema(schema);
}

function component(schema: unknown): Json {
  if (!(schema instanceof z.ZodType)) throw new RangeError('only schemas have a name in the document');
  return jsonSchema(schema);
}

/** What callers may send and have to expect: of a value that the contract changes, the form in which it comes in. */
function jsonSchema(schema: z.core.$ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema: written, path }) => {
      const name = path.length > 0 ? NAMED.get(zodSchema) : undefined;
      if (!name) return;
      for (const key of Object.keys(written)) delete written[key];
      written.$ref = `#/components/schemas/${name}`;
    },
  });
  return json;
}
