import { newStake } from '#shared/domain/performance/stake.ts';
import '#test/support/quiet-runtime.ts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { ledgerStore } from '#shared/adapters/ledger-store.ts';
import { DisputeGradedV1 } from '#shared/contracts/events/dispute-graded.v1.ts';
import { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import { ScoringEventV1 } from '#shared/contracts/items/scoring-item.ts';
import type { EventBus } from '#shared/domain/ports/event-bus.ts';
import type { Tables, Write } from '#shared/domain/ports/tables.ts';
import { type Broken, checkSeed } from './check.ts';
import type { Consumers, Planted } from './interlock.ts';

/** Within how many seeds a mistake has to be caught. */
const SEEDS = 100;

/** A mistake that somebody could make, and the promises that it breaks, any one of which catches it. */
interface Mistake {
  readonly title: string;
  readonly planted: () => Planted;
  /** A seed that caught it before, to be tried first. */
  readonly first?: number;
  readonly breaks: readonly string[];
}

const clean = (part: string) => `the same ${part} as in a clean run`;
const HANDLED = 'everything is handled in the end';

/** A consumer that numbers a dispute's events as it hears of them, the same event always alike. */
function asItComes(
  queue: string,
  consumers: Consumers,
  renumbered: (body: unknown, number: number) => unknown,
): Consumers {
  const heard = new Map<string, string[]>();
  return {
    ...consumers,
    [queue]: (body, message) => {
      const { id, aggregateId } = Heard.parse(body);
      const before = heard.get(aggregateId) ?? [];
      const all = before.includes(id) ? before : [...before, id];
      heard.set(aggregateId, all);
      return consumers[queue]?.(renumbered(body, all.indexOf(id) + 1), message) ?? Promise.resolve();
    },
  };
}
const Heard = z.object({ id: z.string(), aggregateId: z.string() });

/** Tables whose transactions somebody has changed. */
function rewriting(tables: Tables, write: (writes: readonly Write[]) => Promise<void>): Tables {
  return { ...tables, write };
}

function isPut(write: Write, kind: string): boolean {
  return 'put' in write && write.put.kind === kind;
}

const MISTAKES: readonly Mistake[] = [
  {
    title: 'counters that do not look at their marks count an event twice',
    planted: () => {
      let calls = 0;
      return {
        stores: (stores, tables) => ({
          ...stores,
          counters: {
            ...counterStore(tables),
            count: (events) => {
              calls += 1;
              return stores.counters.count(events.map((event) => ({ ...event, eventId: `${event.eventId}/${calls}` })));
            },
          },
        }),
      };
    },
    breaks: [clean('counters')],
  },
  {
    title: 'scoring that trusts the order of arrival',
    planted: () => ({
      consumers: (consumers) =>
        asItComes('scoring', consumers, (body, scoringSequence) => {
          const event = ScoringEventV1.parse(body);
          return { ...event, data: { ...event.data, scoringSequence } };
        }),
    }),
    breaks: [clean('entries'), clean('counters')],
  },
  {
    title: 'intake that writes the dispute before it claims the id, and does not look whether it is there',
    planted: () => ({
      stores: (stores, tables) => ({
        ...stores,
        intake: intakeStore(
          rewriting(tables, async (writes) => {
            const claim = writes.filter((write) => isPut(write, 'claim'));
            const rest = writes.filter((write) => !isPut(write, 'claim'));
            if (claim.length === 0) return tables.write(writes);
            await tables.write(rest.map((write): Write => ({ ...write, if: undefined }) as Write));
            await tables.write(claim);
          }),
        ),
      }),
    }),
    breaks: ['what is added only is never changed', clean('disputes'), HANDLED],
  },
  {
    title: 'intake that does not look whether an id is claimed',
    planted: () => ({
      stores: (stores) => ({
        ...stores,
        intake: {
          ...stores.intake,
          known: async (about) => ({ ...(await stores.intake.known(about)), claim: undefined }),
        },
      }),
    }),
    breaks: [HANDLED],
  },
  {
    title: 'intake that takes a customer for new whom another worker has just met',
    planted: () => ({
      stores: (stores, tables) => ({
        ...stores,
        intake: intakeStore(
          rewriting(tables, (writes) =>
            tables.write(
              writes.map((write) => ('put' in write && isPut(write, 'identity') ? { ...write, if: undefined } : write)),
            ),
          ),
        ),
      }),
    }),
    first: 138,
    breaks: [clean('disputes'), 'a customer has one pseudonym (I-8)'],
  },
  {
    title: 'a ledger that posts a group in two transactions',
    planted: () => ({
      stores: (stores, tables) => ({
        ...stores,
        ledger: ledgerStore(
          rewriting(tables, async (writes) => {
            const entries = writes.filter((write) => isPut(write, 'entry'));
            const later = entries.slice(1);
            await tables.write(writes.filter((write) => !later.includes(write)));
            if (later.length > 0) await tables.write(later);
          }),
        ),
      }),
    }),
    breaks: ['a group counts as a whole or not at all (S-12)', clean('entries')],
  },
  {
    title: 'alerts that take the latest heard grading for the latest one',
    planted: () => ({
      consumers: (consumers) =>
        asItComes('alerts', consumers, (body, aggregateVersion) => ({
          ...DisputeGradedV1.parse(body),
          aggregateVersion,
        })),
    }),
    breaks: [clean('alerts'), clean('stakes')], // One transaction writes both.
  },
  {
    title: 'gradings that forget what of a stake was heard before',
    planted: () => ({
      stores: (stores) => ({
        ...stores,
        alerts: {
          ...stores.alerts,
          async loadWithStake(disputeId) {
            const { alerts, stake } = await stores.alerts.loadWithStake(disputeId);
            return { alerts, stake: stake && { ...newStake(disputeId), version: stake.version } };
          },
        },
      }),
    }),
    breaks: [clean('stakes')],
  },
  {
    title: 'a dispute that becomes final at word of any determination',
    planted: () => ({
      consumers: (consumers, { disputes }) => ({
        ...consumers,
        disputes: async (body, message) => {
          const event = EntriesPostedV1.safeParse(body);
          if (!event.success || event.data.data.determinationId === undefined)
            return consumers.disputes?.(body, message);
          const { determination } = (await disputes.load(event.data.data.dispute.disputeId)) ?? {};
          const data = { ...event.data.data, determinationId: determination?.determinationId };
          return consumers.disputes?.({ ...event.data, data }, message);
        },
      }),
    }),
    first: 145,
    breaks: ['a dispute is final when its window is over (S-13)', clean('answers')],
  },
  {
    title: "commands that forget the caller's key",
    planted: () => ({
      stores: (stores) => ({
        ...stores,
        disputes: {
          ...stores.disputes,
          usedKey: async () => undefined,
          save: (dispute, commit, extra) => stores.disputes.save(dispute, commit, { ...extra, key: undefined }),
        },
      }),
    }),
    breaks: [clean('answers'), clean('disputes'), HANDLED],
  },
  {
    title: 'a publisher that does not hear that the bus refused',
    planted: () => ({
      publish: (publish) => (changes, ports) => {
        const deaf: EventBus = { publish: (events) => ports.bus.publish(events).catch(() => undefined) };
        return publish(changes, { ...ports, bus: deaf });
      },
    }),
    breaks: ['an event is published, and always with the same content'],
  },
];

/** The first seed that catches a mistake, and what it breaks there. */
async function caughtBy({
  planted,
  first = 1,
}: Mistake): Promise<{ seed: number; broken: readonly Broken[] } | undefined> {
  for (const seed of [first, ...Array.from({ length: SEEDS }, (_, index) => index + 1)]) {
    const { broken } = await checkSeed(seed, planted());
    if (broken.length > 0) return { seed, broken };
  }
  return undefined;
}

describe('the simulation catches', () => {
  test.each(MISTAKES)('$title', async (mistake) => {
    const { breaks } = mistake;
    const caught = await caughtBy(mistake);
    const invariants = caught?.broken.map(({ invariant }) => invariant) ?? [];
    expect(
      breaks.some((invariant) => invariants.includes(invariant)),
      JSON.stringify(caught),
    ).toBe(true);
  });
});
