import type { Context } from 'aws-lambda';
import type { HttpEvent } from '#shared/runtime/http-event.ts';

/** What a test says of a call; the rest is as the gateway sends it. */
export interface Call {
  /** `POST /disputes/{id}/filing`. */
  readonly route: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Claims of the token; undefined for a call without one. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Anything but text and bytes goes out as JSON. */
  readonly body?: unknown;
  readonly base64?: boolean;
}

/** A call as API Gateway hands it to a function (payload 2.0). */
export function httpEvent({ route, params, query, headers = {}, claims, body, base64 = false }: Call): HttpEvent {
  const [method = '', path = ''] = route.split(' ');
  const rawPath = path.replace(/\{(\w+)\}/g, (_, name: string) => params?.[name] ?? '');
  const bytes =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? ''));
  return {
    version: '2.0',
    routeKey: route,
    rawPath,
    rawQueryString: new URLSearchParams(query).toString(),
    headers: { 'content-type': 'application/json', ...headers },
    ...(params && { pathParameters: params }),
    ...(query && { queryStringParameters: query }),
    ...(body !== undefined && { body: Buffer.from(bytes).toString(base64 ? 'base64' : 'utf8') }),
    isBase64Encoded: base64,
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'localhost',
      domainPrefix: 'localhost',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: route,
      stage: '$default',
      time: '20/Nov/2026:02:31:00 +0000',
      timeEpoch: 1_795_141_860_000,
      ...(claims && { authorizer: { jwt: { claims } } }),
    },
  };
}

/** The context of an invocation, with all the time it wants. */
export const LAMBDA_CONTEXT: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'test',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:test',
  memoryLimitInMB: '512',
  awsRequestId: '00000000-0000-4000-8000-000000000000',
  logGroupName: 'test',
  logStreamName: 'test',
  getRemainingTimeInMillis: () => 20_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
};
