import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AwsError, type RestService, type WireService } from '#infra/local/cloud.ts';
import { bodyOf, type Gateway, openGateway } from '#infra/local/gateway.ts';
import { ALLOWS_ALL, ROOT } from './wire-server.ts';

const queues: WireService = {
  kind: 'json',
  signingName: 'sqs',
  targets: ['AmazonSQS'],
  demands: () => [],
  answer: ({ operation, input }) => ({ json: { operation, input } }),
};
const files: RestService = {
  kind: 'rest',
  signingName: 's3',
  demands: () => [],
  async answer({ path, query, method }) {
    if (path === '/none') throw new AwsError('NoSuchKey', 'no <key> & no file', 404);
    const headers = { 'content-length': '7', 'x-path': encodeURI(path), 'x-query': String(query.get('a')) };
    return { status: 200, headers, body: method === 'HEAD' ? undefined : 'a file.' };
  },
};
const iam = { ...ALLOWS_ALL, callerOf: (key: string) => (key === 'local' ? ROOT : undefined) };
const scope = (service: string, key = 'local') => `${key}/20261122/us-east-1/${service}/aws4_request`;
const signed = (service: string, key?: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${scope(service, key)}, SignedHeaders=host, Signature=0`,
  'x-amz-target': 'AmazonSQS.SendMessage',
});

let door: Gateway;
beforeAll(async () => {
  door = await openGateway(0);
});
afterAll(() => door.close());

test('with nobody behind it, it says when to come again', async () => {
  const answer = await fetch(door.url);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  door.lead({ iam, services: [queues, files], http: async (request, response) => void response.end(request.url) });
});

test.each([
  {
    title: 'its operation and input',
    body: '{"a":1}',
    status: 200,
    says: '{"operation":"SendMessage","input":{"a":1}}',
  },
  { title: 'no input', body: '', status: 200, says: '"input":{}' },
  { title: 'no object', body: '[]', status: 400, says: 'The body is no JSON object' },
  { title: 'no JSON', body: '{', status: 400, says: 'The body is no JSON object' },
  { title: 'another service', service: 'sns', body: '{}', status: 400, says: 'the service sns is not supported here' },
  { title: 'an unknown key', key: 'other', body: '{}', status: 403, says: 'The access key is nobody’s' },
])('a call of a queue with $title is $status', async ({ service = 'sqs', key, body, status, says }) => {
  const answer = await fetch(door.url, { method: 'POST', headers: signed(service, key), body });
  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(says)]);
});

test('a file is known by its decoded path and query, also behind a presigned link or a strange path', async () => {
  const answer = await fetch(`${door.url}/files/a%20b?a=1`, { headers: signed('s3') });
  expect([answer.headers.get('x-path'), answer.headers.get('x-query'), await answer.text()]).toEqual([
    '/files/a%20b',
    '1',
    'a file.',
  ]);
  const link = `${door.url}/files/%zz?X-Amz-Credential=${encodeURIComponent(scope('s3'))}`;
  expect(await (await fetch(link)).text()).toBe('a file.');
});

test('what is asked of a file without its bytes tells how long it is', async () => {
  const answer = await fetch(`${door.url}/files/a`, { method: 'HEAD', headers: signed('s3') });
  expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '7']);
});

test('an error of files is told in XML', async () => {
  const answer = await fetch(`${door.url}/none`, { headers: signed('s3') });
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain('<Code>NoSuchKey</Code><Message>no &#60;key&#62; &#38; no file</Message>');
});

test('all else goes to the HTTP API', async () => {
  expect(await (await fetch(`${door.url}/x?y`)).text()).toBe('/x?y');
});

test('who sends without end is answered and cut off', async () => {
  door.lead({
    iam,
    services: [],
    http: async (request, response) => void response.end(String(await bodyOf(request, 1000))),
  });
  const { port } = new URL(door.url);
  const socket = connect(Number(port), '127.0.0.1');
  const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
  const send = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', send).on('error', () => {}); // Cut off while it sends.
  socket.write('POST /open HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n');
  send();
  await new Promise((resolve) => socket.on('close', resolve));
}, 60_000);

test.each([
  { chunks: 2, body: Buffer.from('1111122222'), read: 2 },
  { chunks: 3, body: undefined, read: 3 },
  { chunks: 1000, body: undefined, read: 21 },
])('of $chunks chunks of 5 bytes, at most 10 bytes are a body, and at most 100 are read away', async (each) => {
  let read = 0;
  const sent = Readable.from(
    (function* () {
      while (read < each.chunks) yield Buffer.from(String(++read).slice(0, 1).repeat(5));
    })(),
    { highWaterMark: 1 },
  );
  expect(await bodyOf(sent, 10)).toEqual(each.body);
  expect(read).toBeLessThanOrEqual(each.read + 2); // Node reads ahead.
});
