import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AwsError, type Iam, type JsonObject, type RestService, type WireService } from './cloud.ts';

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
  const scope = scopeOf(request);
  if (!scope) return behind.http(request, response);
  const service = serviceFor(behind.services, scope.service, request);
  const json = service?.kind !== 'rest';
  try {
    const caller = behind.iam.callerOf(scope.accessKeyId);
    if (!caller) throw new AwsError('UnrecognizedClientException', 'The access key is nobody’s on this machine', 403);
    if (!service) throw new AwsError('UnknownOperationException', `the service ${scope.service} is not supported here`);
    const body = await bytesOf(request);
    if (service.kind === 'rest') return await answerRest({ service, behind, caller }, request, body, response);
    const target = String(request.headers['x-amz-target']);
    const operation = target.slice(target.indexOf('.') + 1);
    const input = inputOf(body);
    behind.iam.authorize(caller, service.demands(operation, input));
    const answered = await service.answer({ operation, input, body, target, caller });
    if ('json' in answered) sendJson(response, 200, answered.json, wireHeaders(request));
    else response.writeHead(answered.status, wireHeaders(request)).end(answered.bytes);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, message, status, details } = error;
    if (json) sendJson(response, status, { __type: code, message, Message: message, ...details }, wireHeaders(request));
    else response.writeHead(status, { 'content-type': 'application/xml' }).end(xmlError(code, message));
  }
}

async function answerRest(
  { service, behind, caller }: { service: RestService; behind: Behind; caller: ReturnType<Iam['callerOf']> & object },
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://machine');
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, value?.toString()]));
  const call = { method: request.method ?? 'GET', path: decodeURIComponent(pathname), query, headers, body };
  behind.iam.authorize(caller, service.demands(call));
  const { status, headers: given = {}, body: answered } = await service.answer(call);
  response.writeHead(status, { 'x-amz-request-id': randomUUID(), ...given }).end(answered);
}

/** Who signed for which service, from the header or, in a presigned link, from the query; undefined for a plain call. */
function scopeOf({ headers, url = '' }: IncomingMessage): { accessKeyId: string; service: string } | undefined {
  const header = headers.authorization;
  const credential = header?.startsWith('AWS4-HMAC-SHA256')
    ? /Credential=([^,\s]+)/.exec(header)?.[1]
    : url.includes('X-Amz-Credential=')
      ? (new URL(url, 'http://machine').searchParams.get('X-Amz-Credential') ?? undefined)
      : undefined;
  if (!credential) return undefined;
  const parts = credential.split('/');
  return { accessKeyId: parts.slice(0, -4).join('/'), service: parts.at(-2) ?? '' };
}

function serviceFor(services: Behind['services'], signingName: string, { headers }: IncomingMessage) {
  const target = String(headers['x-amz-target'] ?? '').split('.')[0] ?? '';
  return services.find(
    (service) => service.signingName === signingName && (service.kind === 'rest' || service.targets.includes(target)),
  );
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new AwsError('RequestTooLarge', `more than ${MOST_BYTES} bytes`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function inputOf(body: Buffer): JsonObject {
  try {
    const input: unknown = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { ...input };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AwsError('SerializationException', 'The body is no JSON object');
}

function wireHeaders(request: IncomingMessage): Record<string, string> {
  return {
    'content-type': request.headers['content-type'] ?? 'application/x-amz-json-1.0',
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
