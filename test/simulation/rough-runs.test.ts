import '#test/support/quiet-runtime.ts';
import { expect, test } from 'vitest';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { type Tables, WriteRefused } from '#shared/domain/ports/tables.ts';
import { OFFICER, OPERATOR } from '#test/e2e/people.ts';
import { CALM, ROUGH } from './chaos.ts';
import { itemsOf } from './projection.ts';
import { clientIn, report, run } from './run.ts';
import { scriptOf } from './script.ts';

test('a seed goes the same way again, to the byte', async () => {
  const [first, again] = [await run(scriptOf(5), ROUGH), await run(scriptOf(5), ROUGH)];
  expect(again.world.published).toEqual(first.world.published);
  expect(again.answers).toEqual(first.answers);
  expect(again.world.faults).toBe(first.world.faults);
});

test('a rough run is rough, and a calm one is not', async () => {
  const rough = await run(scriptOf(5), ROUGH);
  const calm = await run(scriptOf(5), CALM);
  expect([calm.world.faults, calm.world.repeats, calm.callsAgain]).toEqual([0, 0, 0]);
  expect(rough.world.faults).toBeGreaterThan(20);
  expect(rough.world.repeats).toBeGreaterThan(50);
  expect(rough.callsAgain).toBeGreaterThan(3);
});

test('an arrival is noted although another transaction holds its item just then (I-7)', async () => {
  const memory = memoryTables();
  let held = true;
  const tables: Tables = {
    ...memory,
    async write(writes) {
      if (held) {
        held = false;
        throw new WriteRefused([]);
      }
      await memory.write(writes);
    },
  };
  const arrival = { source: 'phone', day: '2026-11-16', arrivalId: 'a-1', outcome: 'duplicate' } as const;
  await intakeStore(tables).note(arrival);
  expect(await intakeStore(memory).tally('phone', '2026-11-16')).toMatchObject({ received: 1, duplicate: 1 });
});

/** Two reports that claim one id; their product is what differs. */
const TWO = ['sofa-3', 'sofa-4'].map((product) => ({
  externalId: 'contested',
  occurredAt: '2026-11-16T00:00:00Z',
  text: 'the sofa is late',
  category: 'logistics',
  type: 'late-delivery',
  product,
}));

test.each(Array.from({ length: 40 }, (_, index) => index + 1))(
  'of two reports under one id with other content exactly one wins, and the other is told why (seed %i)',
  async (seed) => {
    const client = await clientIn(seed, ROUGH, '2026-11-16T01:10:00Z');
    const { world, calls } = client;
    const about = { source: 'letter', externalId: 'contested' };
    const doors = client.random.shuffled(['webhook', client.random.pick(['webhook', 'in-house'] as const)] as const);
    const sent = TWO.map((body, index) =>
      report({ about, body, door: doors[index] ?? 'webhook', refused: false }, client),
    );
    const answers = await Promise.all([...sent, world.step()]);
    await world.settle();
    await world.drain();

    const dump = world.memory.dump();
    const [winner, ...others] = itemsOf(dump.cases, 'dispute');
    expect(winner).toBeDefined();
    expect(others).toEqual([]);
    const lost = itemsOf(dump.cases, 'receipt').filter(({ status }) => status !== 'opened');
    if (answers.includes('409')) expect(lost).toEqual([]);
    else expect(lost).toMatchObject([{ status: 'rejected', reasons: [{ path: 'product' }] }]);
    const held = await calls.call('GET', '/intake/receipts?source=letter&externalId=contested', OFFICER);
    expect(held.body).toMatchObject({ status: 'opened' });
    const { body } = await calls.call('GET', '/intake/reconciliation?day=2026-11-16', OPERATOR);
    const { received, opened, duplicate, rejected } = body.total;
    expect(opened).toBe(1);
    expect(rejected).toBeGreaterThanOrEqual(1);
    expect(received).toBe(opened + duplicate + rejected);
  },
);
