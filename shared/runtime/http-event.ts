import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { NO_VERSION, type Reply } from '../contracts/api/request.ts';

/** An HTTP API's payload 2.0, with a token's claims where the route asks for one. */
export type HttpEvent = APIGatewayProxyEventV2 & {
  readonly requestContext: { readonly authorizer?: { readonly jwt?: { readonly claims?: Record<string, unknown> } } };
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ENTITY_TAG = /^"(\d{1,15})"$/;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** The body's bytes as the caller sent them, none for no body. */
export function bodyBytes({ body, isBase64Encoded }: HttpEvent): Uint8Array {
  return Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
}

/** The caller's `X-Correlation-Id` where it is a UUID, else the gateway's id of the request. */
export function correlationIdOf({ headers, requestContext }: HttpEvent): string {
  const given = headers['x-correlation-id'];
  return given !== undefined && UUID.test(given) ? given.toLowerCase() : requestContext.requestId;
}

/**
 * The version that `If-Match` names: undefined without the header or for `*`, {@link NO_VERSION} for a tag that is none
 * of ours, a weak one and a list included.
 */
export function ifMatchOf({ headers }: HttpEvent): number | undefined {
  const given = headers['if-match']?.trim();
  if (given === undefined || given === '*') return undefined;
  const version = ENTITY_TAG.exec(given)?.[1];
  return version === undefined ? NO_VERSION : Number(version);
}

/** What `If-Match: *` or `If-None-Match: *` demands; a list of tags in `If-None-Match` demands nothing of a change. */
export function expectedOf({ headers }: HttpEvent): 'present' | 'absent' | undefined {
  if (headers['if-match']?.trim() === '*') return 'present';
  return headers['if-none-match']?.trim() === '*' ? 'absent' : undefined;
}

/** The caller's own key of a command; a wrong one is told, so that nobody takes themselves for protected. */
export function idempotencyKeyOf({ headers }: HttpEvent): { readonly key?: string; readonly wrong: boolean } {
  const key = headers['idempotency-key'];
  if (key === undefined) return { wrong: false };
  return IDEMPOTENCY_KEY.test(key) ? { key, wrong: false } : { wrong: true };
}

/** A reply as payload 2.0. Nobody on the way may keep it: it may hold what only this caller may see. */
export function httpResult(reply: Reply, correlationId: string): APIGatewayProxyStructuredResultV2 {
  const { status, body, etag, headers } = reply;
  return {
    statusCode: status,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      'cache-control': 'no-store',
      'x-correlation-id': correlationId,
      ...(etag !== undefined && { etag: `"${etag}"` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  };
}
