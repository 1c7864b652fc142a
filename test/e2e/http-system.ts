import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { Answer, Claims, System } from './system.ts';

/** Where a system answers, and who says who its callers are. */
export interface HttpDoor {
  readonly url: string;
  /** An emulator tells its APIs apart by the host that is asked for. */
  readonly host?: string;
  tokenFor(claims: Claims): Promise<string>;
  /** Whether its clock is moved, so that a token may be over at any call. */
  readonly clockMoves?: boolean;
}

const EVENTUALLY_MILLISECONDS = 150_000;

/** The part of a {@link System} that is the same wherever HTTP reaches it. */
export function overHttp(door: HttpDoor): Pick<System, 'call' | 'deliver' | 'sign' | 'now' | 'reach' | 'eventually'> {
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (claims: Claims) => {
    const key = JSON.stringify(claims);
    const token = (!door.clockMoves && tokens.get(key)) || door.tokenFor(claims);
    tokens.set(key, token);
    return token;
  };
  return {
    async call(method, path, by, body, headers = {}) {
      const json = body === undefined ? undefined : JSON.stringify(body);
      const sent: Record<string, string> = { ...headers };
      if (by) sent.authorization = `Bearer ${await tokenOf(by)}`;
      if (json !== undefined) sent['content-type'] ??= 'application/json';
      return send(door, method, path, sent, json);
    },
    deliver: ({ source, body, headers = {} }) =>
      send(door, 'POST', `/intake/${source}`, { 'content-type': 'application/json', ...headers }, body),
    sign: async (body, secret, offsetSeconds = 0) => signed(body, secret, new Date(Date.now() + offsetSeconds * 1000)),
    now: async () => new Date(),
    reach: async (instant) => {
      await sleep(Math.max(0, Date.parse(instant) - Date.now()));
    },
    async eventually(what, found) {
      const until = Date.now() + EVENTUALLY_MILLISECONDS;
      for (;;) {
        const value = await found();
        if (value !== undefined) return value;
        if (Date.now() > until) throw new Error(`${what}: not within ${EVENTUALLY_MILLISECONDS / 1000} s`);
        await sleep(500);
      }
    },
  };
}

/** Headers of Standard Webhooks. The library signs text only, so bytes are signed here as the standard says. */
export function signed(body: string | Uint8Array, secret: string, at: Date): Record<string, string> {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature =
    typeof body === 'string'
      ? new Webhook(secret).sign(id, at, body)
      : `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

function send(
  { url, host }: HttpDoor,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string | Uint8Array,
): Promise<Answer> {
  const target = new URL(path, url);
  const start = target.protocol === 'https:' ? secureRequest : request;
  return new Promise((resolve, reject) => {
    const call = start(target, { method, headers: { ...headers, ...(host && { host }) } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks))));
    });
    call.on('error', reject);
    call.end(body);
  });
}

function answerOf(status: number, given: NodeJS.Dict<string | string[]>, bytes: Buffer): Answer {
  const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), String(value)]));
  const text = bytes.toString('utf8');
  const isJson = /[/+]json/.test(headers['content-type'] ?? '');
  return { status, headers, body: isJson && text !== '' ? JSON.parse(text) : text || undefined };
}
