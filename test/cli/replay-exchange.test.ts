import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { callUntilAnswered, type Patience } from '#infra/cli/replay/exchange.ts';
import { dayAt, daysBetween, imbalances } from '#infra/cli/replay/reconcile.ts';

const PATIENCE: Patience = { totalMs: 200, firstWaitMs: 5, longestWaitMs: 20, answerMs: 50, distrustMs: 50 };
let answers: ((response: ServerResponse) => void)[];
let url: string;
let close: () => void;

beforeEach(async () => {
  answers = [];
  const server = createServer((_, response) => (answers.shift() ?? ((given) => given.end('done')))(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/somewhere`;
  close = () => {
    server.close();
    server.closeAllConnections();
  };
});
afterEach(() => close());

function call(signal = new AbortController().signal, waited: string[] = []) {
  return callUntilAnswered(async () => ({ url, init: {} }), {
    patience: PATIENCE,
    signal,
    waiting: (why) => void waited.push(why),
  });
}

const busy = (retryAfter?: string) => (response: ServerResponse) =>
  void response.writeHead(503, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();

describe('calling until the system answers', () => {
  test('what stands for now is tried again: busy, silent, cut off', async () => {
    const waited: string[] = [];
    answers = [busy(), () => {}, (response) => void response.destroy()];
    expect(await call(undefined, waited)).toMatchObject({ status: 200, text: 'done' });
    expect(waited).toEqual(['503 from /somewhere', 'no answer within 0.05 s', expect.any(String)]);
  });

  test.each([
    ['seconds', () => '1'],
    ['a date', () => new Date(Date.now() + 1_500).toUTCString()],
  ])('Retry-After in %s is waited for', async (_, retryAfter) => {
    const patience = { ...PATIENCE, totalMs: 5_000 };
    answers = [busy(retryAfter())];
    const began = performance.now();
    const signal = new AbortController().signal;
    await callUntilAnswered(async () => ({ url, init: {} }), { patience, signal, waiting: () => {} });
    expect(performance.now() - began).toBeGreaterThan(400);
  });

  test('when patience is over, it says what the last failure was', async () => {
    answers = Array.from({ length: 100 }, () => busy());
    await expect(call()).rejects.toThrow('did not take it within 0 s: 503 from /somewhere');
  });

  test('the signal ends the waiting', async () => {
    const stop = new AbortController();
    answers = [busy('100')];
    setTimeout(() => stop.abort(), 30);
    await expect(call(stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('other answers are answers, redirects too', async () => {
    answers = [(response) => void response.writeHead(307, { location: '/elsewhere' }).end()];
    expect(await call()).toMatchObject({ status: 307 });
  });
});

describe('days and sums', () => {
  test('a day is the local one of the zone', () => {
    expect(dayAt('Asia/Shanghai', Date.parse('2026-11-20T15:59:59Z'))).toBe('2026-11-20');
    expect(dayAt('Asia/Shanghai', Date.parse('2026-11-20T16:00:00Z'))).toBe('2026-11-21');
    expect(daysBetween('2026-02-27', '2026-03-02')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02']);
    expect(daysBetween('2026-03-02', '2026-03-02')).toEqual(['2026-03-02']);
  });

  test('sources that do not add up to the total are named', () => {
    const none = { joined: 0, duplicate: 0, rejected: 0, deadLettered: 0, inFlight: 0, awaitingCompletion: 0 };
    const web = { ...none, received: 2, opened: 2 };
    const total = { ...none, received: 3, opened: 3 };
    expect(imbalances({ sources: new Map([['web', web]]), total })).toEqual([
      'total: received 3, but the sources add up to 2',
      'total: opened 3, but the sources add up to 2',
    ]);
  });
});
