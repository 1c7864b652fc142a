import '#test/support/quiet-runtime.ts';
import { describe, expect, test } from 'vitest';
import { commitLog } from '#shared/adapters/commit-log.ts';
import type { Page, Query, Tables } from '#shared/domain/ports/tables.ts';
import { CALM, type Chaos, ROUGH } from './chaos.ts';
import { checkLoss } from './check.ts';
import type { Planted } from './interlock.ts';

/** A part of the seeds that the other simulations run. */
const first = Number(process.env.SIMULATION_SEED ?? 1);
const SEEDS = Array.from({ length: Math.ceil(Number(process.env.SIMULATION_SEEDS ?? 60) / 12) }, (_, i) => first + i);

async function broken(seeds: readonly number[], chaos: Chaos, planted?: Planted) {
  const failed: string[] = [];
  for (const seed of seeds) {
    const checked = await checkLoss(seed, chaos, planted);
    failed.push(...checked.broken.map(({ invariant, detail }) => `seed ${seed}: ${invariant}: ${detail}`));
    if (planted && failed.length > 0) break;
  }
  return failed;
}

describe('two hours without publishers, whose stream records are lost', () => {
  test.each([
    { title: 'in a calm world', chaos: CALM },
    { title: 'in a rough one', chaos: ROUGH },
  ])('$title end as a clean run does: the check publishes everything again', async ({ chaos }) => {
    const failed = await broken(SEEDS, chaos);
    expect(failed.join('\n')).toBe('');
  });
});

/** A check whose queries of the index of hours somebody has spoilt. */
function spoilt(query: (query: Query, tables: Tables) => Promise<Page>): Planted {
  const own = (tables: Tables): Tables => ({
    ...tables,
    query: (asked) => (asked.index === 'byHour' ? query(asked, tables) : tables.query(asked)),
  });
  return { log: (tables, gear) => commitLog(own(tables), gear, 2) };
}

describe('the simulation catches a check', () => {
  test.each([
    {
      title: 'that reads one part of each hour less',
      planted: spoilt(async (query, tables) => (query.partition.endsWith('#3') ? { items: [] } : tables.query(query))),
    },
    {
      title: 'that reads the first page alone',
      planted: spoilt(async (query, tables) => ({ items: (await tables.query(query)).items })),
    },
    { title: 'that reads nothing', planted: spoilt(async () => ({ items: [] })) },
  ])('$title', async ({ planted }) => {
    const failed = await broken(
      Array.from({ length: 20 }, (_, i) => i + 1),
      CALM,
      planted,
    );
    expect(failed.join('\n')).toContain('an event is published, and always with the same content');
  });
});
