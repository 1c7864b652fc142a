import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { movableClock } from '#infra/local/clock.ts';
import {
  ACCOUNT,
  AwsError,
  type Caller,
  type Demand,
  type Iam,
  type Machine,
  REGION,
  type Resource,
  type RestAnswer,
  type RestService,
  type WireService,
} from '#infra/local/cloud.ts';

/** The account itself, which calls everything here. */
export const ROOT: Caller = { arn: `arn:aws:iam::${ACCOUNT}:root`, senderId: ACCOUNT };

/** A server for tests that hands AWS's wire protocols on to services, and asks nobody whether a call is allowed. */
export interface WireServer {
  readonly url: string;
  /** What IAM would have been asked, in order. */
  readonly demands: Demand[];
  /** What an SDK client needs to call it, without retries. */
  readonly config: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  close(): Promise<void>;
}

/** Serves the services' wire protocols on a free port: JSON by `x-amz-target`, the rest as S3. */
export async function serve(...services: (WireService | RestService)[]): Promise<WireServer> {
  const demands: Demand[] = [];
  const http = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const target = request.headers['x-amz-target'];
    const isJson = typeof target === 'string';
    const answer = await (isJson ? json(target, body) : rest(request, body)).catch((error: unknown) => {
      const known = error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500);
      return isJson ? jsonError(known) : xmlError(known);
    });
    response.writeHead(answer.status, answer.headers).end(request.method === 'HEAD' ? undefined : answer.body);
  });
  async function json(target: string, body: Buffer): Promise<RestAnswer> {
    const dot = target.lastIndexOf('.');
    const operation = target.slice(dot + 1);
    const service = services.find((one) => one.kind === 'json' && one.targets.includes(target.slice(0, dot)));
    if (service?.kind !== 'json') throw new AwsError('UnknownOperationException', target);
    const input = z.record(z.string(), z.unknown()).parse(JSON.parse(body.toString()));
    demands.push(...service.demands(operation, input));
    const answer = await service.answer({ operation, input, body: body.toString(), target, caller: ROOT });
    if ('text' in answer) return { status: answer.status, body: answer.text };
    return { status: 200, body: JSON.stringify(answer.json) };
  }
  async function rest(request: IncomingMessage, body: Buffer): Promise<RestAnswer> {
    const service = services.find((one) => one.kind === 'rest');
    if (service?.kind !== 'rest') throw new AwsError('NotImplemented', 'no service of the REST protocol here', 501);
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const call = { method: request.method ?? 'GET', path: decodeURIComponent(pathname), query, headers, body };
    demands.push(...service.demands(call));
    return service.answer(call);
  }
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return {
    url,
    demands,
    config: {
      endpoint: url,
      region: REGION,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    },
    close: () =>
      new Promise((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
}

/** An IAM that allows everything; a test replaces what it is about. */
export const ALLOWS_ALL: Iam = {
  callerOf: () => ROOT,
  assume: () => ({ caller: ROOT, credentials: { accessKeyId: 'local', secretAccessKey: 'local', sessionToken: '' } }),
  authorize: () => {},
  authorizeService: () => {},
  unused: () => [],
};

/** A machine with its own folder and store; give `folder` again for one that starts on the same data. */
export function machineFor(test: Partial<Machine> = {}): Machine & { readonly said: string[] } {
  const folder = test.folder ?? mkdtempSync(join(tmpdir(), 'local-'));
  const store = new DatabaseSync(join(folder, 'state.sqlite'));
  const said: string[] = [];
  return {
    url: 'http://127.0.0.1:4400',
    clock: movableClock(store),
    store,
    iam: ALLOWS_ALL,
    said,
    say: (line) => void said.push(line),
    count: () => {},
    call: () => Promise.reject(new Error('nothing is wired to this machine')),
    ...test,
    folder,
  };
}

/** A resource of a template, with its properties. */
export function resource(
  type: string,
  properties: Resource['properties'] = {},
  { name = 'thing', ref = name, arn = '' }: { name?: string; ref?: string; arn?: string } = {},
): Resource {
  return { stack: 'stack', logicalId: name, type, properties, metadata: {}, ref, name, arn };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function jsonError({ code, message, status, details }: AwsError): RestAnswer {
  return { status, body: JSON.stringify({ __type: code, message, ...details }) };
}

function xmlError({ code, message, status }: AwsError): RestAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml' }, body };
}
