import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { ReportV1 } from '#shared/contracts/report.v1.ts';

/** What the door does with one POST, in the order they come in. */
export type Deed =
  | 'take'
  | 'busy'
  | 'many'
  | 'broken'
  | 'drop'
  | 'take-and-drop'
  | 'distrust'
  | 'reject-later'
  | 'let-die';

export interface FakeDoor {
  readonly url: string;
  /** How often each external id was taken, by `source/externalId`. */
  readonly taken: ReadonlyMap<string, number>;
  /** Every POST that came in, in its order. */
  readonly posts: readonly { readonly source: string; readonly id: string; readonly deed: Deed }[];
  /** What it does with the next POSTs; when it is over it takes. */
  plan: (posted: number, id: string) => Deed;
  /** Reports that stay in flight over so many readings of the reconciliation. */
  inFlightReadings: number;
  /** Lets received differ from what came of it. */
  lost: number;
  secret: string;
  /** How long it thinks about each POST, in milliseconds. */
  thinkMs: number;
  /** How far its clock is ahead, in milliseconds. */
  aheadMs: number;
  /** Other senders' reports that were rejected, on top of what came in here. */
  rejectedOfOthers: number;
  /** Answers 403 for every receipt. */
  withholdsReceipts: boolean;
  close(): Promise<void>;
}

const SOURCES = ['web', 'phone', 'letter', 'email'];
const FIRST_SECRET = `whsec_${Buffer.from('a secret of twenty-four').toString('base64')}`;

/**
 * A door that verifies signatures by the library, remembers what it took, and fails by a plan; with the helpers of a
 * local system. It takes every report that the contract takes.
 */
export async function openFakeDoor(port = 0): Promise<FakeDoor> {
  const taken = new Map<string, number>();
  const posts: { source: string; id: string; deed: Deed }[] = [];
  const tally = { received: 0, opened: 0, duplicate: 0, rejected: 0, deadLettered: 0 };
  /** What became of reports that were taken, where it is no dispute. */
  const lost = new Map<string, 'rejected' | 'dead-lettered'>();
  const state = {
    plan: (_posted: number, _id: string): Deed => 'take',
    inFlightReadings: 0,
    lost: 0,
    secret: FIRST_SECRET,
    thinkMs: 0,
    aheadMs: 0,
    rejectedOfOthers: 0,
    withholdsReceipts: false,
  };
  const now = () => new Date(Date.now() + state.aheadMs);

  const figures = () => {
    const inFlight = state.inFlightReadings > 0 ? Math.min(1, tally.opened) : 0;
    state.inFlightReadings -= 1;
    const opened = Math.max(0, tally.opened - inFlight - state.lost);
    const others = state.rejectedOfOthers;
    const more = { received: tally.received + others, rejected: tally.rejected + others };
    return { ...tally, ...more, opened, joined: 0, inFlight, awaitingCompletion: opened };
  };
  const receiptOf = (key: string): unknown => {
    const [source = '', externalId = ''] = key.split('/');
    const status = lost.get(key) ?? 'opened';
    const reasons = status === 'rejected' ? [{ path: 'text', message: 'differs' }] : undefined;
    const receiptId = Buffer.from(key).toString('base64url');
    return taken.has(key) ? { receiptId, source, externalId, status, reasons } : undefined;
  };
  const get = (path: string): unknown => {
    if (path === '/health') return { status: 'ok', environment: 'local' };
    if (path === '/_local/sources') return { items: SOURCES.map((source) => ({ source, secret: state.secret })) };
    if (path === '/_local/clock') return { now: now().toISOString() };
    if (path.startsWith('/intake/receipts/')) return receiptOf(receiptKey(path));
    if (!path.startsWith('/intake/reconciliation?day=')) return undefined;
    const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short' }).format(now());
    const day = path.slice(-today.length);
    const none = { received: 0, opened: 0, joined: 0, duplicate: 0, rejected: 0, deadLettered: 0, inFlight: 0 };
    const total = day === today ? figures() : { ...none, awaitingCompletion: 0 };
    return { day, sources: [{ source: 'web', ...total }], total };
  };
  const receive = (source: string, body: string, deed: Deed): { status: number; answer: unknown } => {
    tally.received += 1;
    const parsed = ReportV1.safeParse(JSON.parse(body));
    if (!parsed.success) {
      tally.rejected += 1;
      const errors = [{ path: 'text', message: 'is wrong' }];
      return {
        status: 422,
        answer: { type: 'about:blank', title: 'No', status: 422, detail: 'Not as it is.', errors },
      };
    }
    const key = `${source}/${parsed.data.externalId}`;
    const times = taken.get(key) ?? 0;
    taken.set(key, times + 1);
    const fate = deed === 'reject-later' ? 'rejected' : deed === 'let-die' ? 'deadLettered' : 'opened';
    if (times === 0 && fate !== 'opened') lost.set(key, fate === 'rejected' ? 'rejected' : 'dead-lettered');
    tally[times > 0 ? 'duplicate' : fate] += 1;
    const receiptId = Buffer.from(key).toString('base64url');
    return { status: 202, answer: { receiptId, status: 'queued', duplicate: times > 0 } };
  };

  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const path = request.url ?? '';
    const answer = (status: number, json: unknown, headers: Record<string, string> = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
    if (path === '/_local/token') return void answer(200, { token: 'a-token' });
    if (request.method === 'GET') {
      if (state.withholdsReceipts && path.startsWith('/intake/receipts/')) return void answer(403, {});
      const found = get(path);
      return void answer(found === undefined ? 404 : 200, found ?? {});
    }
    const source = path.replace('/intake/', '');
    const id = String(request.headers['webhook-id']);
    const deed = state.plan(posts.length, id);
    posts.push({ source, id, deed });
    await sleep(state.thinkMs);
    if (deed === 'drop') return void request.socket.destroy();
    if (deed === 'busy') return void answer(503, {}, { 'retry-after': '0' });
    if (deed === 'many') return void answer(429, {});
    if (deed === 'broken') return void answer(500, {});
    if (deed === 'distrust' || !isSigned(request, body, state)) return void answer(401, {});
    if (!SOURCES.includes(source))
      return void answer(404, { type: 'about:blank', title: 'No', status: 404, detail: 'There is no such source.' });
    const { status, answer: json } = receive(source, body, deed);
    if (deed === 'take-and-drop') return void request.socket.destroy();
    answer(status, json);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return Object.assign(state, { url: `http://127.0.0.1:${address.port}`, taken, posts, close });
}

function receiptKey(path: string): string {
  return Buffer.from(path.replace('/intake/receipts/', ''), 'base64url').toString();
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The library looks at this machine's clock, so a moved one is checked by hand and the rest with a time of now. */
function isSigned(
  request: IncomingMessage,
  body: string,
  { secret, aheadMs }: { secret: string; aheadMs: number },
): boolean {
  const id = String(request.headers['webhook-id']);
  const timestamp = Number(request.headers['webhook-timestamp']);
  if (Math.abs(timestamp * 1_000 - Date.now() - aheadMs) > 300_000) return false;
  const webhook = new Webhook(secret);
  if (aheadMs !== 0) {
    return request.headers['webhook-signature'] === webhook.sign(id, new Date(timestamp * 1_000), body);
  }
  try {
    const signature = String(request.headers['webhook-signature']);
    webhook.verify(body, { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature });
    return true;
  } catch {
    return false;
  }
}
