import { findReply } from '#shared/contracts/api/endpoint-replies.ts';
import { findEndpoint } from '#shared/contracts/api/endpoints.ts';
import { ProblemReply } from '#shared/contracts/api/replies.ts';
import { ROUTES } from '#shared/contracts/api/routes.ts';

/** One answer over HTTP, with its body parsed. */
export interface AnswerOverHttp {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | boolean>>;
  readonly body: unknown;
}

/**
 * Where an answer breaks what `openapi.json` says of its route: nothing when it keeps it. A field that the description
 * does not name counts too, so that whatever is shown is described.
 *
 * @param path as it was called: `/disputes/5f0c…/filing?x=y`
 */
export function breachesOf(method: string, path: string, { status, headers, body }: AnswerOverHttp): readonly string[] {
  const [bare = ''] = path.split('?');
  const route = ROUTES.find((each) => each.method === method && matches(each.path, bare));
  const endpoint = route && findEndpoint(`${route.method} ${route.path}`);
  const reply = route && findReply(`${route.method} ${route.path}`);
  if (!endpoint || !reply) return status === 404 ? [] : [`${method} ${bare} is no route`];
  const isProblem = String(headers['content-type']).includes('problem+json');
  if (status !== endpoint.status && !(endpoint.creates && status === 201)) {
    if (status < 400) return [`status ${status} is not described`];
    return isProblem ? breachesOfShape(ProblemReply, body) : [];
  }
  const missing = endpoint.etag && headers.etag === undefined ? ['the ETag is missing'] : [];
  return [...missing, ...breachesOfShape(reply, body)];
}

/** Literal paths come before those with parameters of the same length. */
function matches(template: string, path: string): boolean {
  const expected = template.split('/');
  const given = path.split('/');
  return (
    expected.length === given.length && expected.every((part, index) => part.startsWith('{') || part === given[index])
  );
}

function breachesOfShape(shape: NonNullable<ReturnType<typeof findReply>>, body: unknown): string[] {
  const parsed = shape.safeParse(body);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return fieldsBeyond(parsed.data, body, '');
}

/** Fields of `given` that the contract did not read. */
function fieldsBeyond(read: unknown, given: unknown, path: string): string[] {
  if (!isObject(read) || !isObject(given)) return [];
  return Object.entries(given).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`;
    if (value === undefined) return [];
    return key in read ? fieldsBeyond(read[key], value, at) : [`${at}: is not described`];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
