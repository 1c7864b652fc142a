import { fc, test as prop } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  Crash,
  crashing,
  type Delivery,
  disputes,
  events,
  inHouse,
  intakeHouse,
  keepDead,
  onQueue,
  outsideCustomers,
  PLANTED,
  post,
  putBackAll,
  reconciled,
  report,
  work,
  workAll,
} from './intake-house.ts';

describe('a crash between any two effects loses nothing and does nothing twice (I-4, S-14)', () => {
  test.each([
    ['before it wrote its arrival and receipt', 1, 'before'],
    ['after it wrote both, before it answered', 1, 'after'],
  ] as const)('the door dies after sending, %s, and the sender posts again', async (_, at, when) => {
    const house = await intakeHouse();
    await expect(post(house, report(), { tables: crashing(house.tables, at, when) })).rejects.toThrow(Crash);
    expect(house.queue.sent).toHaveLength(1);
    expect(await post(house, report())).toMatchObject({ status: 202 });
    await workAll(house);
    expect(await disputes(house)).toHaveLength(1);
    expect(await post(house, report())).toMatchObject({ status: 202, body: { status: 'opened', duplicate: true } });
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 3, opened: 1, duplicate: 2, inFlight: 0 });
  });

  test('the door dies before it answers a duplicate: the arrival counts when it was noted', async () => {
    const house = await intakeHouse();
    await post(house, report());
    await expect(post(house, report(), { tables: crashing(house.tables, 1, 'after') })).rejects.toThrow(Crash);
    await workAll(house);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 2, opened: 1, duplicate: 1 });
  });

  test('the worker is faster than the door’s arrival, which then overwrites nothing', async () => {
    const house = await intakeHouse();
    const fast = {
      ...house.queue,
      async send(body: unknown) {
        await house.queue.send(body);
        await workAll(house);
      },
    };
    expect(await post(house, report(), { queue: fast })).toMatchObject({ status: 202 });
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, opened: 1, inFlight: 0 });
  });

  test.each(['before', 'after'] as const)(
    'the worker dies %s its transaction, and the message comes again',
    async (when) => {
      const house = await intakeHouse();
      await post(house, report());
      const [delivery] = onQueue(house);
      const message = delivery ?? expect.fail();
      await expect(work(house, message, crashing(house.tables, 1, when))).rejects.toThrow(Crash);
      await work(house, message);
      expect(await disputes(house)).toHaveLength(1);
      expect(events(house)).toHaveLength(3);
      expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, opened: 1 });
    },
  );
});

/** What may happen at intake; each names which of four reports it is about, in which of two versions. */
const step = fc.record({
  does: fc.constantFrom(
    'post',
    'post and die',
    'in-house',
    'garbage',
    'work',
    'work and die',
    'repeat',
    'die',
    'put back',
    'day',
  ),
  about: fc.integer({ min: 0, max: 3 }),
  content: fc.constantFrom('one', 'other'),
  at: fc.integer({ min: 1, max: 2 }),
});

describe('reconciliation (I-7)', () => {
  prop.prop([fc.array(step, { maxLength: 30 })], { numRuns: 60, seed: 20261120 })(
    'balances after every step, whatever is repeated, reordered, dead or crashed, and every arrival ends',
    async (steps) => {
      const house = await intakeHouse();
      const seen: Delivery[] = [];
      const waiting: Delivery[] = [];
      let arrived = 0;
      for (const { does, about, content, at } of steps) {
        const body = report({
          externalId: `r-${about}`,
          demand: content,
          type: about === 3 ? undefined : 'late-delivery',
        });
        arrived += await take(does, body, at);
        waiting.push(...onQueue(house));
        balanced(await totals());
      }
      for (const { deadId } of house.tables.dump().customers) if (deadId) await putBackAll(house, String(deadId));
      for (const delivery of [...waiting, ...onQueue(house)]) await work(house, delivery);
      const end = await totals();
      balanced(end);
      expect(end).toMatchObject({ received: arrived, inFlight: 0, deadLettered: 0 });
      expect(end.opened).toBe((await disputes(house)).length);
      for (const word of PLANTED) expect(outsideCustomers(house)).not.toContain(word);

      async function take(does: string, body: object, at: number): Promise<number> {
        const delivery = waiting[0];
        switch (does) {
          case 'post':
            await post(house, body);
            return 1;
          case 'post and die': {
            const before = house.queue.sent.length;
            const noted = (await totals()).received;
            await post(house, body, { tables: crashing(house.tables, at, 'before') }).catch(crashed);
            return house.queue.sent.length > before ? 1 : (await totals()).received - noted;
          }
          case 'in-house':
          case 'garbage': {
            const message = does === 'garbage' ? '王小明' : { source: 'chat', ...body };
            const sent = inHouse(house, message, { messageId: `m-${seen.length}-${arrived}` });
            waiting.push(sent);
            return 1;
          }
          case 'work':
            if (delivery) seen.push(...waiting.splice(0, 1));
            if (delivery) await work(house, delivery);
            return 0;
          case 'work and die':
            if (delivery)
              await work(house, delivery, crashing(house.tables, 1, at === 1 ? 'before' : 'after')).catch(crashed);
            return 0;
          case 'repeat':
            for (const again of seen) await work(house, again);
            return 0;
          case 'die':
            if (delivery) seen.push(...waiting.splice(0, 1));
            if (delivery) await keepDead(house, delivery);
            return 0;
          case 'put back':
            for (const { deadId } of house.tables.dump().customers) if (deadId) await putBackAll(house, String(deadId));
            return 0;
          default:
            house.clock.advance(43_200);
            return 0;
        }
      }

      async function totals() {
        const days = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `2026-11-${20 + n}`);
        const late = ['2026-12-01', '2026-12-02', '2026-12-03', '2026-12-04', '2026-12-05', '2026-12-06', '2026-12-07'];
        const all = await Promise.all(
          [...days, ...late, '2026-12-08', '2026-12-09', '2026-12-10'].map((day) => reconciled(house, day)),
        );
        return all
          .map(({ total }) => total)
          .reduce((a, b) => ({
            received: a.received + b.received,
            opened: a.opened + b.opened,
            joined: a.joined + b.joined,
            duplicate: a.duplicate + b.duplicate,
            rejected: a.rejected + b.rejected,
            deadLettered: a.deadLettered + b.deadLettered,
            inFlight: a.inFlight + b.inFlight,
            awaitingCompletion: a.awaitingCompletion + b.awaitingCompletion,
          }));
      }
    },
    120_000,
  );
});

function balanced(tally: Awaited<ReturnType<typeof reconciled>>['total']): void {
  const { received, opened, joined, duplicate, rejected, deadLettered, inFlight } = tally;
  expect(opened + joined + duplicate + rejected + deadLettered + inFlight).toBe(received);
}

function crashed(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}
