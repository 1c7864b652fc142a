import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { discard, list, redrive, type Scene, show } from '#infra/cli/dlq/actions.ts';
import type { DeadLettersTold } from '#infra/dead-letters.ts';
import { queues } from '#infra/local/queues.ts';
import { machineFor, resource, serve } from '#test/local/wire-server.ts';

const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const url = (name: string) => `http://127.0.0.1:1/000000000000/${name}`;
const DEAD: DeadLettersTold = {
  name: 'performance/score-dispute',
  queue: url('dead'),
  of: url('work'),
  holds: 'messages',
  loses: 'points do not reach the cards',
};
const NO_WORK: DeadLettersTold = { ...DEAD, name: 'disputes/sweep/missed', of: undefined, holds: 'turns' };
const REPORTS: DeadLettersTold = { ...DEAD, name: 'disputes/webhook', holds: 'reports' };

let store: ReturnType<typeof queues>;
let server: Awaited<ReturnType<typeof serve>>;
let scene: Scene;
let printed: string[];

beforeEach(async () => {
  store = queues(machineFor());
  for (const name of ['dead', 'work']) store.add(resource('AWS::SQS::Queue', {}, { name }));
  store.start();
  server = await serve(store.wire);
  printed = [];
  scene = { sqs: new SQSClient(server.config), now: Date.now(), where: '', out: (text) => void printed.push(text) };
});
afterEach(async () => {
  scene.sqs.destroy();
  await server.close();
  await store.stop();
});

const die = (...bodies: readonly string[]) =>
  store.sendAll(bodies.map((body) => ({ queueArn: arn('dead'), body, senderId: 'AROA1:bus' })));
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `{"n":${i}}`);
const held = (name: string) => store.overview().find((queue) => queue.name === name);
const bodiesIn = (name: string) => store.receive(arn(name), 1_000).map(({ body }) => body);
/** Breaks the connection of every call of this operation from the n-th on. */
function breakAt(operation: string, nth: number): void {
  let calls = 0;
  scene.sqs.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === `${operation}Command`) calls += 1;
        if (commandName === `${operation}Command` && calls >= nth) throw new Error('the line is cut');
        return next(args);
      },
    { step: 'initialize' },
  );
}

describe('list', () => {
  test('tells how many lie there and since when, and leaves them where they are', async () => {
    die('1', '2');
    await list([DEAD, { ...NO_WORK, queue: url('work') }], scene);
    expect(printed.join('\n')).toMatch(/^performance\/score-dispute: 2 messages\n {2}oldest /);
    expect(printed.join('\n')).toContain('empty: disputes/sweep/missed');
    expect(held('dead')).toMatchObject({ visible: 2, inFlight: 0 });
  });

  test('does not touch reports, which a function is about to take', async () => {
    die('{"report":{}}');
    await list([REPORTS], scene);
    expect(printed.join('\n')).toContain('GET /intake/dead-messages');
    expect(server.demands.map(({ action }) => action)).toEqual(['sqs:GetQueueAttributes']);
  });
});

describe('show', () => {
  test('prints messages, oldest first, and leaves them where they are, also more than one call can take', async () => {
    die(...numbered(25));
    await show(DEAD, 23, scene);
    expect(printed.filter((text) => text.includes('"n"'))).toHaveLength(23);
    expect(printed[0]).toContain('"n": 0');
    expect(printed).toContain('23 of 25 messages');
    expect(held('dead')).toMatchObject({ visible: 25, inFlight: 0 });
  });

  test('says that a queue is empty', async () => {
    await show(DEAD, 10, scene);
    expect(printed).toEqual(['performance/score-dispute is empty']);
  });

  test('prints nothing of what customers wrote, and says who may read it (I-8)', async () => {
    die('{"report":{"text":"包裹晚到"}}');
    await expect(show(REPORTS, 10, scene)).rejects.toThrow(/not printed; .* GET \/intake\/dead-messages/);
    expect(printed).toEqual([]);
    expect(server.demands).toEqual([]);
  });
});

describe('redrive', () => {
  test('puts all back into the queue that they came from, as they were', async () => {
    die(...numbered(25));
    await redrive(DEAD, undefined, scene);
    expect(bodiesIn('work')).toEqual(numbered(25));
    expect(held('dead')).toMatchObject({ visible: 0, inFlight: 0 });
    expect(printed).toEqual(['25 messages of performance/score-dispute put back']);
  });

  test('puts back as many as it was told to, and says what is left', async () => {
    die(...numbered(5));
    await redrive(DEAD, 2, scene);
    expect(bodiesIn('work')).toHaveLength(2);
    expect(held('dead')).toMatchObject({ visible: 3 });
    expect(printed[0]).toBe('3 messages left in performance/score-dispute');
  });

  test('sends each before it deletes it', async () => {
    die('1', '2');
    await redrive(DEAD, undefined, scene);
    const order = server.demands.map(({ action, resource: at }) => `${action} ${at.split(':').at(-1)}`);
    expect(order.filter((call) => !/Receive|Attributes/.test(call))).toEqual([
      'sqs:SendMessage work',
      'sqs:DeleteMessage dead',
      'sqs:SendMessage work',
      'sqs:DeleteMessage dead',
    ]);
  });

  test.each([
    { operation: 'SendMessage', put: ['{"n":0}'], dead: 2 },
    { operation: 'DeleteMessage', put: ['{"n":0}', '{"n":1}'], dead: 2 }, // The second stands in both.
  ])('cut off at the second $operation, it has lost none', async ({ operation, put, dead }) => {
    die(...numbered(3));
    breakAt(operation, 2);
    await expect(redrive(DEAD, undefined, scene)).rejects.toThrow('the line is cut');
    expect(bodiesIn('work')).toEqual(put);
    const { visible = 0, inFlight = 0 } = held('dead') ?? {};
    expect(visible + inFlight).toBe(dead);
    expect(printed).toEqual([expect.stringMatching(/^stopped after 1 message;/)]);
  });

  test('does not go on for ever with what fails again at once', async () => {
    die(...numbered(3));
    let failing = 0;
    store.onMessages(arn('work'), () => {
      for (const { body, receiptHandle } of store.receive(arn('work'), 10)) {
        die(body);
        store.delete(arn('work'), [receiptHandle]);
        failing += 1;
      }
    });
    await redrive(DEAD, undefined, scene);
    await expect.poll(() => failing).toBe(3);
    expect(held('dead')).toMatchObject({ visible: 3 });
  });

  test.each([
    { queue: REPORTS, instead: /GET \/intake\/dead-messages/ },
    { queue: NO_WORK, instead: /the next turn does their work/ },
    { queue: { ...NO_WORK, holds: 'places' as const }, instead: /npm run republish/ },
  ])('of $queue.holds is refused, saying what to do instead', async ({ queue, instead }) => {
    die('x');
    await expect(redrive(queue, undefined, scene)).rejects.toThrow(instead);
    expect(held('dead')).toMatchObject({ visible: 1 });
  });
});

describe('discard', () => {
  test('takes out missed turns', async () => {
    die('turn', 'turn');
    await discard(NO_WORK, undefined, scene);
    expect(held('dead')).toMatchObject({ visible: 0, inFlight: 0 });
    expect(printed).toEqual(['2 messages of disputes/sweep/missed discarded']);
  });

  test.each([DEAD, REPORTS])('never takes work out: $name', async (queue) => {
    die('x');
    await expect(discard(queue, undefined, scene)).rejects.toThrow(/is work and is not discarded/);
    expect(held('dead')).toMatchObject({ visible: 1 });
  });
});
