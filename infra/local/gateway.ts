import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  AwsError,
  type Demand,
  type Iam,
  type JsonObject,
  type RestService,
  type SignedReply,
  type SignedRequest,
  type WireService,
} from './cloud.ts';

/** S3 takes more in one request than anything else here. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Node answers without a body where headers are larger; the HTTP API refuses earlier, and with one. */
const MOST_HEADER_BYTES = 256 * 1024;

/** Who answers what comes in at the one door. */
export interface Behind {
  readonly iam: Iam;
  readonly services: readonly (WireService | RestService)[];
  /** Everything that is not signed for AWS. */
  readonly http: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** The one door of this machine. It can stand before anything is behind it, and what is behind it can be exchanged. */
export interface Gateway {
  readonly url: string;
  /** Undefined answers 503 to everybody. */
  behind: Behind | undefined;
  close(): Promise<void>;
}

/**
 * Opens the door: requests that are signed for AWS go to the service they are signed for, under the caller whose access
 * key they name; all others to the HTTP API. Signatures themselves are not computed again: the keys of functions are
 * random and known to their worker threads alone.
 *
 * @throws RangeError when the port is taken
 */
export async function openGateway(port: number): Promise<Gateway> {
  const gateway: { url: string; behind: Behind | undefined; close: () => Promise<void> } = {
    url: '',
    behind: undefined,
    close: () => closed(server),
  };
  const server = createServer(
    { keepAliveTimeout: 60_000, requestTimeout: 0, maxHeaderSize: MOST_HEADER_BYTES },
    (request, response) => {
      response.sendDate = false; // Functions live on a moved clock, which the SDK would correct by this one.
      answer(gateway.behind, request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else sendJson(response, 500, { message: `this machine failed: ${String(error)}` });
      });
    },
  );
  await listening(server, port);
  const address = server.address();
  gateway.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`;
  return gateway;
}

async function answer(behind: Behind | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!behind) return sendJson(response, 503, { message: 'Interlock is not ready yet' }, { 'retry-after': '1' });
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = value?.toString();
  const { method = 'GET', url = '/' } = request;
  if (!scopeOf({ headers, url })) return behind.http(request, response);
  const body = await bytesOf(request);
  const reply = body
    ? await answerSigned(behind, { method, url, headers, body })
    : refusal(headers, new AwsError('RequestTooLarge', `more than ${MOST_BYTES} bytes`, 413), true);
  response
    .writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) })
    .end(reply.body);
}

/** Answers a request that is signed for AWS, under the caller whose access key it names. */
export async function answerSigned(
  { iam, services }: Pick<Behind, 'iam' | 'services'>,
  request: SignedRequest,
): Promise<SignedReply> {
  const { headers } = request;
  const scope = scopeOf(request);
  const service = serviceFor(services, scope?.service ?? '', headers);
  try {
    const caller = iam.callerOf(scope?.accessKeyId ?? '');
    if (!caller) throw new AwsError('UnrecognizedClientException', 'The access key is nobody’s on this machine', 403);
    if (!service)
      throw new AwsError('UnknownOperationException', `the service ${scope?.service} is not supported here`);
    if (service.kind === 'rest') return await answerRest(service, request, (demands) => iam.authorize(caller, demands));
    const target = String(headers['x-amz-target']);
    const operation = target.slice(target.indexOf('.') + 1);
    const body = request.body.toString('utf8');
    const input = inputOf(body);
    iam.authorize(caller, service.demands(operation, input));
    const answered = await service.answer({ operation, input, body, target, caller });
    return 'json' in answered
      ? { status: 200, headers: wireHeaders(headers), body: JSON.stringify(answered.json) }
      : { status: answered.status, headers: wireHeaders(headers), body: answered.text };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return refusal(headers, error, service?.kind !== 'rest');
  }
}

function refusal(headers: SignedRequest['headers'], error: AwsError, asJson: boolean): SignedReply {
  const { code, message, status, details } = error;
  const xml = { status, headers: { 'content-type': 'application/xml' }, body: xmlError(code, message) };
  if (!asJson) return xml;
  const body = JSON.stringify({ __type: code, message, Message: message, ...details });
  return { status, headers: wireHeaders(headers), body };
}

async function answerRest(
  service: RestService,
  { method, url, headers, body: sent }: SignedRequest,
  authorize: (demands: readonly Demand[]) => void,
): Promise<SignedReply> {
  const { path, query } = targetIn(url);
  const body = typeof sent === 'string' ? Buffer.from(sent) : sent;
  const call = { method, path, query, headers, body };
  authorize(service.demands(call));
  const { status, headers: given = {}, body: answered = '' } = await service.answer(call);
  return { status, headers: { 'x-amz-request-id': randomUUID(), ...given }, body: answered };
}

/** Who signed for which service, from the header or, in a presigned link, from the query; undefined for a plain call. */
function scopeOf({
  headers,
  url,
}: Pick<SignedRequest, 'headers' | 'url'>): { accessKeyId: string; service: string } | undefined {
  const header = headers.authorization;
  const credential = header?.startsWith('AWS4-HMAC-SHA256')
    ? /Credential=([^,\s]+)/.exec(header)?.[1]
    : url.includes('X-Amz-Credential=')
      ? (URL.parse(url, 'http://machine')?.searchParams.get('X-Amz-Credential') ?? undefined)
      : undefined;
  if (!credential) return undefined;
  const parts = credential.split('/');
  return { accessKeyId: parts.slice(0, -4).join('/'), service: parts.at(-2) ?? '' };
}

/** @throws AwsError InvalidURI for a path that is none */
function targetIn(url: string): { path: string; query: URLSearchParams } {
  try {
    const { pathname, searchParams } = new URL(url, 'http://machine');
    return { path: decodeURIComponent(pathname), query: searchParams };
  } catch {
    throw new AwsError('InvalidURI', 'The path of the request is no URI');
  }
}

function serviceFor(services: Behind['services'], signingName: string, headers: SignedRequest['headers']) {
  const target = String(headers['x-amz-target'] ?? '').split('.')[0] ?? '';
  return services.find(
    (service) => service.signingName === signingName && (service.kind === 'rest' || service.targets.includes(target)),
  );
}

/** Undefined for more than a request may have; what is left of it is not kept. */
async function bytesOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  }
  return size <= MOST_BYTES ? Buffer.concat(chunks) : undefined;
}

function inputOf(body: string): JsonObject {
  try {
    const input: unknown = body === '' ? {} : JSON.parse(body);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { ...input };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AwsError('SerializationException', 'The body is no JSON object');
}

function wireHeaders(headers: SignedRequest['headers']): Record<string, string> {
  return {
    'content-type': headers['content-type'] ?? 'application/x-amz-json-1.0',
    'x-amzn-requestid': randomUUID(),
  };
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    ...headers,
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function xmlError(code: string, message: string): string {
  const escaped = message.replace(/[<>&]/g, (sign) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[sign] ?? sign);
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${escaped}</Message></Error>`;
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new RangeError(`port ${port} is taken, perhaps by another Interlock; choose one with --port`)
          : error,
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 1000).unref();
  });
}
