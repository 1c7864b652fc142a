import { describe, expect, test } from 'vitest';
import { deadLettersOf, meantBy } from '#infra/cli/dlq/dead-letter-queues.ts';
import { ago, type Lying, listing, nextStep, readable } from '#infra/cli/dlq/report.ts';
import type { DeadLettersTold } from '#infra/dead-letters.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const HOUR = 3_600_000;

function queue(name: string, told: Partial<DeadLettersTold> = {}): DeadLettersTold {
  const url = `https://sqs/1/interlock-prod-${name.replaceAll('/', '-')}`;
  return { name, queue: `${url}-dead`, of: url, holds: 'messages', loses: 'points do not reach the cards', ...told };
}
const lying = (name: string, more: Partial<Lying> = {}): Lying => ({
  queue: queue(name),
  visible: 0,
  held: 0,
  ...more,
});

describe('the queue that somebody means', () => {
  const all = ['disputes/sweep/missed', 'performance/score-dispute', 'performance/sweep/missed'].map((n) => queue(n));

  test.each([
    { title: 'its name', word: 'performance/score-dispute', found: 'performance/score-dispute' },
    { title: 'a part that no other has', word: 'Score', found: 'performance/score-dispute' },
    { title: "its queue's name", word: 'interlock-prod-disputes-sweep-missed-dead', found: 'disputes/sweep/missed' },
    {
      title: "its queue's URL",
      word: 'https://sqs/1/interlock-prod-disputes-sweep-missed-dead',
      found: 'disputes/sweep/missed',
    },
  ])('is found by $title', ({ word, found }) => {
    expect(meantBy(word, all).name).toBe(found);
  });

  test('is asked for where it may be several, naming them', () => {
    expect(() => meantBy('sweep', all)).toThrow(
      "'sweep' may be any of disputes/sweep/missed, performance/sweep/missed",
    );
  });

  test('is refused where there is none, naming all', () => {
    expect(() => meantBy('nothing', all)).toThrow(/'nothing'; there are disputes\/sweep\/missed, performance\/score/);
  });

  test('an exact name wins over names that hold it', () => {
    expect(meantBy('disputes/sweep', [queue('disputes/sweep/missed'), queue('disputes/sweep')]).name).toBe(
      'disputes/sweep',
    );
  });
});

describe('the dead letters of an environment', () => {
  const environment = { name: 'prod', client: {}, timeZone: 'Asia/Shanghai' };
  const told = (name: string) => JSON.stringify(queue(name));

  test('are what the outputs of its stacks tell, by name', () => {
    const outputs = { DeadLettersB: told('b/x'), CasesTable: 'cases', DeadLettersA: told('a/x') };
    expect(deadLettersOf({ ...environment, outputs }).map(({ name }) => name)).toEqual(['a/x', 'b/x']);
  });

  test('of an environment that tells of none call for a deploy', () => {
    expect(() => deadLettersOf({ ...environment, outputs: { CasesTable: 'cases' } })).toThrow('deploy it once more');
  });
});

describe('a listing', () => {
  test('says how much lies there since when, what the business loses, and what comes next', () => {
    const oldest = NOW - 50 * HOUR;
    const text = listing([lying('performance/score-dispute', { visible: 3, oldest, all: true })], NOW, '--env prod');
    expect(text.split('\n')).toEqual([
      'performance/score-dispute: 3 messages',
      '  oldest 2026-11-18T08:00:00Z, 2 days ago; forgotten from 2026-12-02T08:00:00Z on',
      '  loses  points do not reach the cards',
      '  from   interlock-prod-performance-score-dispute',
      '  next   npm run dlq -- show performance/score-dispute --env prod, mend the cause, then npm run dlq -- redrive performance/score-dispute --env prod',
    ]);
  });

  test('says where it did not look at all of them, and that somebody has some', () => {
    const text = listing([lying('a/b', { visible: 400, held: 7, oldest: NOW - HOUR, all: false })], NOW, '');
    expect(text).toContain('a/b: 400 messages, 7 more with somebody now');
    expect(text).toContain('at least as old as 2026-11-20T09:00:00Z, 60 minutes ago');
  });

  test('names the empty ones in one line', () => {
    expect(listing([lying('a/b'), lying('c/d', { visible: 1 })], NOW, '')).toMatch(
      /^c\/d: 1 message\n(?:.*\n)*\nempty: a\/b$/,
    );
    expect(listing([lying('a/b'), lying('c/d')], NOW, '')).toBe('all are empty: a/b, c/d');
  });

  test('counts what only somebody has now as not empty', () => {
    expect(listing([lying('a/b', { held: 1 })], NOW, '')).toContain('a/b: 0 messages, 1 more with somebody now');
  });
});

describe('what comes next depends on what a queue holds', () => {
  test.each([
    { holds: 'messages', says: /show a\/b --env dev, mend the cause, then npm run dlq -- redrive a\/b --env dev$/ },
    { holds: 'reports', says: /GET \/intake\/dead-messages .*POST \/intake\/dead-messages\/\{deadId\}\/return/ },
    { holds: 'turns', says: /next turn does their work; once one went well, npm run dlq -- discard a\/b --env dev$/ },
    { holds: 'places', says: /npm run republish .*discard a\/b --env dev$/ },
  ] as const)('$holds', ({ holds, says }) => {
    expect(nextStep(queue('a/b', { holds }), '--env dev')).toMatch(says);
  });
});

describe('a message as it is shown', () => {
  const Attributes = { SentTimestamp: String(NOW - 90_000), ApproximateReceiveCount: '6' };

  test('JSON is laid out, below when it was sent', () => {
    const text = readable({ MessageId: 'm-1', Body: '{"detail":{"level":3}}', Attributes }, NOW);
    expect(text.split('\n')).toEqual([
      'm-1, sent 2026-11-20T09:58:30Z (90 seconds ago), received 6 times',
      '{',
      '  "detail": {',
      '    "level": 3',
      '  }',
      '}',
    ]);
  });

  test('anything else is printed as it is, with why the bus could not deliver it', () => {
    const MessageAttributes = { ERROR_CODE: { DataType: 'String', StringValue: 'NO_PERMISSIONS' } };
    const text = readable({ MessageId: 'm-1', Body: 'no JSON', Attributes, MessageAttributes }, NOW);
    expect(text).toMatch(/received 6 times\nERROR_CODE: NO_PERMISSIONS\nno JSON$/);
  });
});

test.each([
  { title: 'a clock that is behind', ms: -5_000, said: '0 seconds ago' },
  { title: 'a minute and a half', ms: 90_000, said: '90 seconds ago' },
  { title: 'two minutes', ms: 120_000, said: '2 minutes ago' },
  { title: 'less than two days', ms: 47 * HOUR, said: '47 hours ago' },
  { title: 'two days', ms: 48 * HOUR, said: '2 days ago' },
])('$title is told as $said', ({ ms, said }) => {
  expect(ago(ms)).toBe(said);
});
