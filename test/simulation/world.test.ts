import { describe, expect, test } from 'vitest';
import { sweepDue } from '#functions/clocks/sweep-due.ts';
import { countBatch } from '#functions/insights/count-events.ts';
import { commitWrite } from '#shared/adapters/commit-item.ts';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { dueAttributes, dueStore } from '#shared/adapters/due-store.ts';
import { AnyEvent } from '#shared/contracts/events/events.ts';
import { DueMessage } from '#shared/contracts/messages/due-message.ts';
import { epochSeconds, plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import { commitOf } from '#shared/domain/event.ts';
import { header } from '../insights/events.ts';
import { CALM, type Chaos, InjectedFault, ROUGH } from './chaos.ts';
import { simulatedWorld, type World } from './world.ts';

const START = '2026-11-20T02:31:00Z';
const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

/** UUID-shaped and different for each commit and event. */
function id(...parts: string[]): string {
  let sum = 0;
  for (const char of parts.join('/')) sum = (sum * 31 + char.charCodeAt(0)) % 281_474_976_710_656;
  return `00000000-0000-5000-8000-${sum.toString(16).padStart(12, '0')}`;
}

function closed(disputeId: string) {
  const data = { dispute: header({ disputeId }), closedBy: 'E-602' };
  const cause = { causationId: 'c', correlationId: 'f', by: 'E-602' };
  return commitOf(disputeId, 1, [{ type: 'DisputeClosed.v1', policyVersion: 1, data }], START, cause, id);
}

/** Closes disputes through the stream, the publisher and the bus up to the counters. */
async function closedDisputes(seed: number, chaos: Chaos, disputes: number): Promise<World> {
  const world = simulatedWorld(seed, chaos, START);
  world.publisher('cases', 'interlock.disputes');
  world.consumer('insights', async (messages) => {
    const events = messages.map(({ body }) => ({ message: AnyEvent.parse(body) }));
    return await countBatch(events, counterStore(world.tables));
  });
  for (let i = 0; i < disputes; i += 1) {
    const disputeId = id('dispute', String(i));
    await world.memory.write([commitWrite('cases', `DISPUTE#${disputeId}`, closed(disputeId))]);
  }
  await world.drain();
  return world;
}

describe('the simulated world', () => {
  test.each(SEEDS)('loses nothing and counts nothing twice, whatever goes wrong (seed %i)', async (seed) => {
    const world = await closedDisputes(seed, ROUGH, 40);
    expect(await counterStore(world.memory).counters('2026-11')).toEqual([
      { department: 'logistics', type: 'late-delivery', counters: { closed: 40 } },
    ]);
    expect(world.waiting('insights')).toEqual([]);
    expect(world.tamperings).toEqual([]);
  });

  test('is rough: faults, repeats and other orders happen', async () => {
    const rough = await closedDisputes(7, ROUGH, 200);
    const calm = await closedDisputes(7, CALM, 200);
    expect(rough.faults).toBeGreaterThan(3);
    expect(rough.repeats).toBeGreaterThan(20);
    expect(rough.published.length).toBeGreaterThan(calm.published.length);
    expect([calm.faults, calm.repeats, calm.published.length]).toEqual([0, 0, 200]);
    expect(rough.published.slice(0, 50)).not.toEqual(calm.published.slice(0, 50));
  });

  test('goes the same way again with the same seed, and another way with another', async () => {
    const [first, again, other] = await Promise.all([3, 3, 4].map((seed) => closedDisputes(seed, ROUGH, 60)));
    expect(again?.published).toEqual(first?.published);
    expect(again?.memory.dump()).toEqual(first?.memory.dump());
    expect(other?.published).not.toEqual(first?.published);
  });

  test('catches a consumer that counts without marking what it counted', async () => {
    const world = simulatedWorld(11, ROUGH, START);
    world.publisher('cases', 'interlock.disputes');
    world.consumer('insights', async (messages) => {
      for (const _ of messages) {
        await world.tables.write([{ table: 'improvement', update: { pk: 'c', sk: 'c' }, add: { closed: 1 } }]);
      }
      return [];
    });
    for (let i = 0; i < 40; i += 1)
      await world.memory.write([commitWrite('cases', `DISPUTE#${i}`, closed(id(String(i))))]);
    await world.settle();
    expect((await world.memory.get('improvement', { pk: 'c', sk: 'c' }))?.closed).toBeGreaterThan(40);
  });

  test('names a message that no consumer can handle, with its seed', async () => {
    const world = simulatedWorld(5, ROUGH, START);
    world.consumer('letters', async () => {
      throw new Error('unreadable');
    });
    await world.queue('letters').send({ letter: 1 });
    await expect(world.settle()).rejects.toThrow('seed 5: letters cannot handle {"letter":1}');
  });

  test('gives back only the messages that a consumer names', async () => {
    const world = simulatedWorld(5, { ...CALM, batch: 10 }, START);
    const seen: unknown[] = [];
    world.consumer('letters', async (messages) => {
      const fresh = messages.filter(({ body }) => !seen.includes(body));
      seen.push(...messages.map(({ body }) => body));
      return fresh.filter(({ body }) => body === 'b').map(({ messageId }) => messageId);
    });
    await world.queue('letters').sendMany([{ body: 'a' }, { body: 'b' }, { body: 'c' }]);
    await world.settle();
    expect(seen.toSorted()).toEqual(['a', 'b', 'b', 'c']);
  });
});

describe('an invocation that dies', () => {
  test('has no effect any more, even if its code goes on', async () => {
    let deaths = 0;
    for (const seed of SEEDS) {
      const world = simulatedWorld(seed, { ...CALM, fault: 0.5 }, START);
      const end = await world.call(async () => {
        for (let i = 0; i < 50; i += 1) {
          const write = world.tables.write([{ table: 'cases', put: { pk: 'p', sk: `${i}` } }]);
          await write.catch(() =>
            world
              .queue('q')
              .send('after')
              .catch(() => undefined),
          );
        }
      });
      if (end.ended === 'failed') {
        expect(end.error).toBeInstanceOf(InjectedFault);
        deaths += 1;
      }
      expect(world.memory.dump().cases.length).toBeLessThan(50);
    }
    expect(deaths).toBe(SEEDS.length);
  });

  test("is not what a call's own mistake looks like", async () => {
    const world = simulatedWorld(1, ROUGH, START);
    await expect(world.call(() => Promise.reject(new RangeError('wrong')))).rejects.toThrow('wrong');
  });
});

describe('the clock of the simulated world', () => {
  /** Looks at one deadline through the sweep, each minute, and tells when it was looked at. */
  async function looksAt(seed: number, chaos: Chaos, inSeconds: number): Promise<readonly number[]> {
    const world = simulatedWorld(seed, chaos, START);
    const looks: number[] = [];
    const dueAt = plusSeconds(START, inSeconds);
    const settled = { table: 'cases', put: { pk: 'DISPUTE#a', sk: 'STATE' } } as const;
    await world.memory.write([
      { ...settled, put: { ...settled.put, ...dueAttributes('cases', 'DISPUTE#a', dueAt, 'filing') } },
    ]);
    world.schedule('sweep', 60, () =>
      sweepDue({ due: dueStore(world.tables, 'cases'), clock: world.clock, queues: { filing: world.queue('filing') } }),
    );
    world.consumer('filing', async (messages) => {
      for (const { body } of messages) {
        if (world.clock.now() <= DueMessage.parse(body).dueAt) continue;
        await world.tables.write([settled]);
        looks.push(epochSeconds(world.clock.now()) - epochSeconds(dueAt));
      }
      return [];
    });
    await world.advance(inSeconds + 600);
    return looks;
  }

  test('moves from one message and schedule to the next: a deadline is looked at one second after it', async () => {
    expect((await looksAt(1, CALM, 1_234)).at(0)).toBe(1);
  });

  test.each(SEEDS)('is seen by every deadline, also when sweeps fail (seed %i)', async (seed) => {
    const looks = await looksAt(seed, ROUGH, 777);
    expect(looks[0]).toBeLessThanOrEqual(240);
  });
});
