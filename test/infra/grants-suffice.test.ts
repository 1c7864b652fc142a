import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, describe, expect, test } from 'vitest';
import type { TableName, Tables, Write } from '#shared/domain/ports/tables.ts';
import { theExports } from '#test/e2e/exports.ts';
import { freshSecret } from '#test/e2e/fresh-secret.ts';
import { theHostileDoor } from '#test/e2e/hostile.ts';
import { theIntake } from '#test/e2e/intake.ts';
import { OFFICER } from '#test/e2e/people.ts';
import { theReview } from '#test/e2e/reviews.ts';
import { theStory } from '#test/e2e/story.ts';
import { inMemorySystem } from '#test/simulation/in-memory-system.ts';
import {
  DEAD_LETTERS,
  IN_HOUSE_QUEUE,
  type Interlock,
  interlockIn,
  WEBHOOK_QUEUE,
} from '#test/simulation/interlock.ts';
import type { World } from '#test/simulation/world.ts';
import { IN_HOUSE_SENDER } from '#test/support/reference.ts';
import { actionsOn, granteesOf, type Store } from './grants.ts';
import { synthesize } from './system-under-test.ts';

/** The function that works on each queue, answers each step's routes, and reads each index of deadlines. */
const FUNCTION_OF_QUEUE: Readonly<Record<string, string>> = {
  [WEBHOOK_QUEUE]: 'disputes/OpenDispute',
  [IN_HOUSE_QUEUE]: 'disputes/OpenDispute',
  [DEAD_LETTERS.webhook]: 'disputes/KeepDeadMessage',
  [DEAD_LETTERS['in-house']]: 'disputes/KeepDeadMessage',
  alerts: 'performance/RaiseAlert',
  filings: 'performance/LearnFiling',
  stakes: 'performance/RecordStake',
  scoring: 'performance/ScoreDispute',
  seals: 'performance/SealCards',
  disputes: 'disputes/FinishResponsibility',
  filing: 'disputes/CheckFilingClock',
  alert: 'performance/CheckAlertClock',
  group: 'performance/PostGroup',
  exports: 'performance/WriteExport',
};
const FUNCTION_OF_STEP: Readonly<Record<keyof Interlock['handlers'], string>> = {
  'intake/receive-report': 'disputes/ReceiveReport',
  'intake/answer-intake': 'disputes/AnswerIntake',
  'intake/answer-dead-messages': 'disputes/AnswerDeadMessages',
  'intake/manage-sources': 'disputes/ManageSources',
  'disputes/answer-disputes': 'disputes/AnswerDisputes',
  'alerts/answer-alerts': 'performance/AnswerAlerts',
  'scorecards/answer-scorecards': 'performance/AnswerScorecards',
  'exports/answer-exports': 'performance/AnswerExports',
  'reviews/answer-reviews': 'improvement/AnswerReviews',
};
const COUNTING = 'improvement/Count';
const STORES: Readonly<Record<TableName, Store>> = {
  cases: 'Cases',
  scorecards: 'Scorecards',
  improvement: 'Improvement',
  reference: 'Reference',
  customers: 'Customers',
};

const running = new AsyncLocalStorage<string>();
/** What each function did: `performance/PostGroup Scorecards dynamodb:PutItem`. */
const done = new Set<string>();

function note(table: TableName, action: string, by = running.getStore()): void {
  if (by) done.add(`${by} ${STORES[table]} dynamodb:${action}`);
}

function actionOf(write: Write): string {
  if ('put' in write) return 'PutItem';
  if ('update' in write) return 'UpdateItem';
  return 'check' in write ? 'ConditionCheckItem' : 'DeleteItem';
}

/** Tables that note what is done to them, by the action that IAM knows it under. */
function noting(tables: Tables): Tables {
  return {
    get: (table, key) => {
      note(table, 'GetItem');
      return tables.get(table, key);
    },
    getMany: (table, keys) => {
      note(table, 'BatchGetItem');
      return tables.getMany(table, keys);
    },
    query: (query) => {
      const sweep = query.table === 'cases' ? 'disputes/Sweep' : 'performance/Sweep';
      note(query.table, 'Query', query.index === 'byDue' ? sweep : running.getStore());
      return tables.query(query);
    },
    write: (writes) => {
      for (const write of writes) note(write.table, actionOf(write));
      return tables.write(writes);
    },
  };
}

/** The system with every step under the name of its function. */
function noted(world: World): Interlock {
  const interlock = interlockIn(
    {
      ...world,
      tables: noting(world.tables),
      consumer: (name, handle) =>
        world.consumer(name, (messages) => running.run(FUNCTION_OF_QUEUE[name] ?? COUNTING, () => handle(messages))),
    },
    { senderId: IN_HOUSE_SENDER },
  );
  const handlers = Object.fromEntries(
    Object.entries(interlock.handlers).map(([step, handle]) => [
      step,
      (...call: Parameters<typeof handle>) =>
        running.run(FUNCTION_OF_STEP[step as keyof Interlock['handlers']], () => handle(...call)),
    ]),
  );
  return { ...interlock, handlers: handlers as Interlock['handlers'] };
}

theStory(() => inMemorySystem('policy-1', 1, undefined, noted));
theHostileDoor(() => inMemorySystem('policy-1', 1, undefined, noted));
theIntake(() => inMemorySystem('policy-1', 1, undefined, noted));
theExports(() => inMemorySystem('policy-1', 1, undefined, noted));
theReview(() => inMemorySystem('policy-1', 1, undefined, noted));

test('a report that nobody completes in time has its filing clock looked at, and can still be completed', async () => {
  const system = await inMemorySystem('policy-1', 1, undefined, noted);
  const secret = await freshSecret(system, 'phone');
  const report = JSON.stringify({ externalId: 'call-1', occurredAt: '2026-11-20T02:31:00Z', type: 'late-delivery' });
  const headers = await system.sign(report, secret);
  const accepted = await system.deliver({ source: 'phone', body: report, headers });
  await system.reach('2026-11-20T06:00:00Z');
  const { disputeId } = (await system.call('GET', `/intake/receipts/${accepted.body.receiptId}`, OFFICER)).body;
  expect(await system.call('GET', `/disputes/${disputeId}`, OFFICER)).toMatchObject({ body: { filingBreached: true } });
  const missing = { customer: { name: 'Quillfeather' }, demand: 'a refund' };
  expect(await system.call('POST', `/disputes/${disputeId}/filing`, OFFICER, missing)).toMatchObject({ status: 200 });
});

describe('what functions do is granted to them, and what changes items is granted to no others', () => {
  const granted = granteesOf(synthesize('prod'));
  const named = [...new Set([...Object.values(FUNCTION_OF_QUEUE), ...Object.values(FUNCTION_OF_STEP), COUNTING])];

  test.each([...named, 'disputes/Sweep', 'performance/Sweep'])('%s', (name) => {
    const grantee = granted.find((each) => each.name === name);
    if (!grantee) throw new Error(`no function ${name} among ${granted.map((each) => each.name).join(', ')}`);
    const did = [...done].filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
    const may = Object.values(STORES).flatMap((store) =>
      actionsOn(store, grantee).map((action) => `${store} ${action}`),
    );
    expect(did.filter((line) => !may.includes(line))).toEqual([]);
    expect(did).not.toEqual([]);
    const mayChange = may.filter((line) => /Put|Update|Delete|ConditionCheck/.test(line));
    expect(mayChange.filter((line) => !did.includes(line))).toEqual([]);
  });

  afterAll(() => done.clear());
});
