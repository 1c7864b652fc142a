import { describe, expect, test } from 'vitest';
import { actionsOn, granteesOf, type Store, withinOf } from './grants.ts';
import { synthesize } from './system-under-test.ts';

const functions = granteesOf(synthesize('prod'));
const named = (name: string) => {
  const found = functions.find((each) => each.name === name);
  if (!found) throw new RangeError(`no function ${name} among ${functions.map((each) => each.name).join(', ')}`);
  return found;
};
const writing = /^dynamodb:(Put|Update|Delete|BatchWrite|PartiQL)/;
const writersOf = (store: Store) =>
  functions.filter((each) => actionsOn(store, each).some((action) => writing.test(action))).map(({ name }) => name);
const readersOf = (store: Store) =>
  functions.filter((each) => actionsOn(store, each).length > 0).map(({ name }) => name);
const allowedTo = (action: string) =>
  functions.filter(({ grants }) => grants.some((grant) => grant.action === action)).map(({ name }) => name);

describe('each gear writes its own tables and no others', () => {
  test.each<[store: Store, gear: string]>([
    ['Cases', 'disputes'],
    ['Scorecards', 'performance'],
    ['Improvement', 'improvement'],
    ['Customers', 'disputes'],
  ])('only functions of one gear write %s: %s', (store, gear) => {
    const foreign = writersOf(store).filter((name) => !name.startsWith(`${gear}/`));
    expect(foreign).toEqual([]);
    expect(writersOf(store)).not.toEqual([]);
  });

  test('reference data is written by deploys; one function changes sources, and reaches nothing else of it (I-1)', () => {
    expect(writersOf('Reference')).toEqual(['disputes/ManageSources']);
    expect(withinOf('Reference', named('disputes/ManageSources'))).toEqual({
      'dynamodb:PutItem': ['SOURCES', 'SOURCE-CHANGES'],
    });
  });

  test('only intake and the disputes API write personal data', () => {
    expect(writersOf('Customers')).toEqual([
      'disputes/OpenDispute',
      'disputes/KeepDeadMessage',
      'disputes/AnswerDeadMessages',
      'disputes/AnswerDisputes',
    ]);
  });

  test('what deals with dead messages reaches nothing else of the customers table (T-2)', () => {
    const dead = ['DEAD#*', 'DEAD-MESSAGES'];
    expect(withinOf('Customers', named('disputes/KeepDeadMessage'))).toEqual({ 'dynamodb:PutItem': dead });
    expect(withinOf('Customers', named('disputes/AnswerDeadMessages'))).toEqual({
      'dynamodb:Query': dead,
      'dynamodb:PutItem': dead,
      'dynamodb:DeleteItem': dead,
    });
    expect(actionsOn('Customers', named('disputes/AnswerDeadMessages'))).toHaveLength(3);
    expect(actionsOn('Customers', named('disputes/KeepDeadMessage'))).toHaveLength(1);
  });

  test('besides them only the alerts API sees personal data: the texts of a dispute, for the demand', () => {
    const others = readersOf('Customers').filter((name) => !writersOf('Customers').includes(name));
    expect(others).toEqual(['performance/AnswerAlerts']);
    expect(actionsOn('Customers', named('performance/AnswerAlerts'))).toEqual(['dynamodb:Query']);
  });
});

describe('records are only ever added to (T-3)', () => {
  test('nobody can delete an item of any table, but for a dead message that is on its way again (I-4)', () => {
    const deleting = functions.filter(({ grants }) =>
      grants.some(({ action }) => /^dynamodb:.*(Delete|PartiQL|BatchWrite)/.test(action)),
    );
    expect(deleting.map(({ name }) => name)).toEqual(['disputes/AnswerDeadMessages']);
  });

  test('the door puts arrivals and claims, but changes no case', () => {
    expect(actionsOn('Cases', named('disputes/ReceiveReport'))).toEqual(['dynamodb:BatchGetItem', 'dynamodb:PutItem']);
  });

  test.each(['disputes/Sweep', 'performance/Sweep'])('%s looks for what is due, and no more', (name) => {
    const tables = named(name).grants.filter(({ action }) => action.startsWith('dynamodb:'));
    expect([...new Set(tables.map(({ action }) => action))]).toEqual(['dynamodb:Query']);
  });

  test.each(['disputes/AnswerIntake', 'performance/AnswerScorecards', 'disputes/Publish', 'performance/Publish'])(
    '%s changes nothing',
    (name) => {
      const changing = named(name).grants.filter(({ action }) => writing.test(action));
      expect(changing).toEqual([]);
    },
  );
});

describe('nobody may do more than a named action', () => {
  test('no action is a wildcard', () => {
    const wide = functions.flatMap(({ name, grants }) =>
      grants.filter(({ action }) => action.includes('*')).map(({ action }) => `${name} ${action}`),
    );
    expect(wide).toEqual([]);
  });

  test('only tracing and the listing of streams reach beyond named resources', () => {
    const beyond = functions.flatMap(({ grants }) =>
      grants.filter(({ resources }) => resources.includes('"*"')).map(({ action }) => action),
    );
    expect([...new Set(beyond)].sort()).toEqual([
      'dynamodb:ListStreams',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
  });

  test('a query reaches the indexes by name', () => {
    const indexes = functions
      .flatMap(({ grants }) => grants)
      .flatMap(({ resources }) => resources)
      .flatMap((resource) => resource.match(/\/index\/[^"]*/g) ?? []);
    expect([...new Set(indexes)].sort()).toEqual(['/index/byDue', '/index/byHour', '/index/byList']);
  });

  test('events come from the publishers, and from the checks that publish what these lost', () => {
    expect(allowedTo('events:PutEvents')).toEqual([
      'disputes/Publish',
      'performance/Publish',
      'improvement/CheckCases',
      'improvement/CheckScorecards',
    ]);
  });

  test.each(['improvement/CheckCases', 'improvement/CheckScorecards'])(
    '%s writes how far it has come, and nothing else',
    (name) => {
      expect(withinOf('Improvement', named(name))).toEqual({
        'dynamodb:GetItem': ['COMMIT-CHECK'],
        'dynamodb:PutItem': ['COMMIT-CHECK'],
      });
      const [own = ''] = ['Cases', 'Scorecards'].filter((store) => name.endsWith(store));
      const reading = named(name).grants.filter(({ action }) => action.startsWith('dynamodb:'));
      expect(reading.filter(({ action }) => writing.test(action))).toHaveLength(1);
      expect(readersOf(own as Store)).toContain(name);
      expect(readersOf(own === 'Cases' ? 'Scorecards' : 'Cases')).not.toContain(name);
    },
  );

  test('messages come from the door, from who puts dead ones back, and the sweeps; the rest only gives up dead letters', () => {
    const senders = functions.filter(({ grants }) =>
      grants.some(
        ({ action, resources }) =>
          action === 'sqs:SendMessage' && resources.some((each) => !/GivenUp|Missed/.test(each)),
      ),
    );
    expect(senders.map(({ name }) => name)).toEqual([
      'disputes/ReceiveReport',
      'disputes/AnswerDeadMessages',
      'disputes/Sweep',
      'performance/AnswerExports',
      'performance/Sweep',
    ]);
  });

  test("the door reads the sources' secrets, one function makes them, both below the environment's prefix", () => {
    const ofSources = functions.flatMap(({ name, grants }) =>
      grants
        .filter(
          ({ action, resources }) =>
            action.startsWith('secretsmanager:') && resources.some((each) => each.includes(':secret:')),
        )
        .map(({ action, resources }) => ({ name, action, resources })),
    );
    expect(ofSources.map(({ name, action }) => `${name} ${action}`).sort()).toEqual([
      'disputes/ManageSources secretsmanager:CreateSecret',
      'disputes/ManageSources secretsmanager:GetSecretValue',
      'disputes/ManageSources secretsmanager:PutSecretValue',
      'disputes/ReceiveReport secretsmanager:GetSecretValue',
    ]);
    for (const { resources } of ofSources) {
      const secrets = resources.filter((each) => each.includes(':secret:'));
      expect(secrets.every((each) => each.includes(':secret:interlock/prod/sources/*'))).toBe(true);
    }
  });
});

describe('a function that is told of a store may use it, and the other way round', () => {
  const stores: readonly [store: Store, variable: string][] = [
    ['Cases', 'CASES_TABLE'],
    ['Scorecards', 'SCORECARDS_TABLE'],
    ['Improvement', 'IMPROVEMENT_TABLE'],
    ['Reference', 'REFERENCE_TABLE'],
    ['Customers', 'CUSTOMERS_TABLE'],
  ];
  test.each(stores)('%s', (store, variable) => {
    const told = functions.filter(({ variables }) => variable in variables).map(({ name }) => name);
    expect(told).toEqual(readersOf(store).filter((name) => !name.endsWith('/Publish')));
  });
});
