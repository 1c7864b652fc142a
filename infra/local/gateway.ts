import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { unescape as decoded } from 'node:querystring';
import {
  AwsError,
  type Iam,
  type JsonObject,
  type RestService,
  type SignedReply,
  type SignedRequest,
  type WireService,
} from './cloud.ts';

/** S3 takes more in one request than anything else here. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Node answers without a body where headers are larger; the HTTP API takes some 10 KB. */
const LIMITS = { keepAliveTimeout: 60_000, requestTimeout: 0, maxHeaderSize: 256 * 1024 };
const JSON_HEADERS = { 'content-type': 'application/x-amz-json-1.0' };

/** Who answers what comes in at the one door. */
export interface Behind {
  readonly iam: Iam;
  readonly services: readonly (WireService | RestService)[];
  /** Everything that is not signed for AWS. */
  readonly http: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export type Gateway = Awaited<ReturnType<typeof openGateway>>;

/**
 * Opens the one door of this machine: requests that are signed for AWS go to the service they are signed for, under the
 * caller whose access key they name; all others to the HTTP API. Signatures themselves are not computed again: the keys
 * of functions are random and known to their worker threads alone.
 *
 * @throws RangeError when the port is taken, or not this user's to take
 */
export async function openGateway(port: number) {
  let behind: Behind | undefined;
  const server = createServer(LIMITS, (request, response) => {
    response.sendDate = false; // Functions live on a moved clock, which the SDK would correct by this one.
    const { socket } = request;
    response.on('finish', () => {
      if (request.destroyed && !request.complete) socket.destroySoon(); // Nobody reads on; it may send for ever.
    });
    answer(behind, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { message: `this machine failed: ${String(error)}` });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE';
    const why = taken ? 'is taken, perhaps by another Interlock' : `cannot be opened (${error.message})`;
    throw new RangeError(`port ${port} ${why}; choose one with --port`);
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`,
    /** What is behind the door can be exchanged; undefined answers 503 to everybody. */
    lead(to: Behind | undefined): void {
      behind = to;
    },
    async close(): Promise<void> {
      setTimeout(() => server.closeAllConnections(), 1000).unref();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(behind: Behind | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!behind) return sendJson(response, 503, { message: 'Interlock is not ready yet' }, { 'retry-after': '1' });
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, value?.toString()]));
  const { method = 'GET', url = '/' } = request;
  if (!scopeOf({ headers, url })) return behind.http(request, response);
  const sent = await bodyOf(request, MOST_BYTES);
  if (!sent) return sendJson(response, 413, { __type: 'RequestTooLarge', message: `more than ${MOST_BYTES} bytes` });
  const { status, headers: given, body } = await answerSigned(behind, { method, url, headers, body: sent });
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...given }).end(body);
}

/** Answers a request that is signed for AWS, under the caller whose access key it names. */
export async function answerSigned(
  { iam, services }: Pick<Behind, 'iam' | 'services'>,
  request: SignedRequest,
): Promise<SignedReply> {
  const { method, url, headers, body: sent } = request;
  const scope = scopeOf(request);
  const target = headers['x-amz-target'] ?? '';
  const [prefix = '', operation = ''] = target.split('.');
  const service = services.find(
    (each) => each.signingName === scope?.service && (each.kind === 'rest' || each.targets.includes(prefix)),
  );
  const json = (status: number, body: string) => ({ status, headers: JSON_HEADERS, body });
  try {
    const caller = iam.callerOf(scope?.accessKeyId ?? '');
    if (!caller) throw new AwsError('UnrecognizedClientException', 'The access key is nobody’s on this machine', 403);
    if (!service)
      throw new AwsError('UnknownOperationException', `the service ${scope?.service} is not supported here`);
    if (service.kind === 'rest') {
      const { path, query } = targetOf(url);
      const body = typeof sent === 'string' ? Buffer.from(sent) : sent;
      const call = { method, path: decoded(path), query: new URLSearchParams(query), headers, body };
      iam.authorize(caller, service.demands(call));
      const { status, headers: given = {}, body: answered = '' } = await service.answer(call);
      return { status, headers: given, body: answered };
    }
    const body = sent.toString('utf8');
    const input = inputOf(body);
    iam.authorize(caller, service.demands(operation, input));
    const answered = await service.answer({ operation, input, body, target, caller });
    return 'json' in answered ? json(200, JSON.stringify(answered.json)) : json(answered.status, answered.text);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, message, status, details } = error;
    if (service?.kind !== 'rest')
      return json(status, JSON.stringify({ __type: code, message, Message: message, ...details }));
    const escaped = message.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${escaped}</Message></Error>`;
    return { status, headers: { 'content-type': 'application/xml' }, body };
  }
}

/** Who signed for which service, from the header or, in a presigned link, from the query; undefined for a plain call. */
function scopeOf({ headers, url }: Pick<SignedRequest, 'headers' | 'url'>) {
  const [, credential] =
    /^AWS4-HMAC-SHA256.*?Credential=([^,\s]+)/.exec(headers.authorization ?? '') ??
    /[?&]X-Amz-Credential=([^&]+)/.exec(url) ??
    [];
  if (credential === undefined) return undefined;
  const [accessKeyId = '', _day, _region, service = ''] = decoded(credential).split('/');
  return { accessKeyId, service };
}

/** Path and query as they came. */
export function targetOf(url: string): { readonly path: string; readonly query: string } {
  const [path = '', ...query] = url.split('?');
  return { path, query: query.join('?') };
}

/**
 * Undefined for more than `mostBytes`. The rest is read, so that the answer reaches the caller, and not kept; who sends
 * ten times as much is cut off.
 */
export async function bodyOf(request: AsyncIterable<Buffer>, mostBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= mostBytes) chunks.push(chunk);
    if (size > 10 * mostBytes) break;
  }
  return size <= mostBytes ? Buffer.concat(chunks) : undefined;
}

function inputOf(body: string): JsonObject {
  try {
    const input: unknown = JSON.parse(body || '{}');
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { ...input };
  } catch {
    // As for any other body that is no object.
  }
  throw new AwsError('SerializationException', 'The body is no JSON object');
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
