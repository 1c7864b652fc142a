import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerLocal } from '#infra/local/local-routes.ts';

const routes = {
  'GET /time': () => ({ now: 'noon' }),
  'POST /echo': (body: unknown) => ({ body }),
  'POST /schedules/{name}/run': (_body: unknown, name: string) => ({ name }),
};
const server = createServer((asked, response) => void answerLocal(routes, asked, response));
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

/** `fetch` lets nobody say another host. */
function call(method: string, path: string, headers: Record<string, string> = {}, body = '') {
  const { port } = server.address() as AddressInfo;
  return new Promise<[number | undefined, string]>((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method, path: `/_local${path}`, headers }, async (answer) => {
      let text = '';
      for await (const chunk of answer) text += String(chunk);
      resolve([answer.statusCode, text]);
    });
    asked.on('error', reject).end(body);
  });
}

test.each([
  { method: 'GET', path: '/time', status: 200, says: '{"now":"noon"}' },
  { method: 'POST', path: '/echo', body: '{"a":1}', status: 200, says: '{"body":{"a":1}}' },
  { method: 'POST', path: '/schedules/Run%20it/run', status: 200, says: '{"name":"Run it"}' },
  { method: 'POST', path: '/schedules/%/run', status: 422, says: 'URI malformed' },
  { method: 'POST', path: '/echo', body: '{', status: 422, says: 'JSON' },
  { method: 'POST', path: '/echo', body: `"${'x'.repeat(70_000)}"`, status: 422, says: 'at most 65536 bytes' },
  { method: 'GET', path: '/none', status: 404, says: 'there are GET /time, POST /echo' },
])('$method $path is $status: $says', async ({ method, path, body, status, says }) => {
  expect(await call(method, path, {}, body)).toEqual([status, expect.stringContaining(says)]);
});

test.each<{ from: string; headers: Record<string, string>; status: number }>([
  { from: 'a page of this machine', headers: { origin: 'http://localhost:5173' }, status: 200 },
  { from: 'a page of this machine by its address', headers: { origin: 'http://[::1]:5173' }, status: 200 },
  { from: 'a page of another site', headers: { origin: 'https://example.org' }, status: 403 },
  { from: 'a page without a site', headers: { origin: 'null' }, status: 403 },
  { from: 'a page whose site calls itself this machine', headers: { host: 'rebound.example:4400' }, status: 403 },
])('$from is answered $status', async ({ headers, status }) => {
  expect(await call('GET', '/time', headers)).toEqual([status, expect.any(String)]);
});
