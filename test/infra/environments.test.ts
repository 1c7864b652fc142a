import { describe, expect, test } from 'vitest';
import { environmentNamed, environments } from '#infra/environments.ts';
import { type SynthesizedEnvironment, synthesize } from './system-under-test.ts';

const names = ['dev', 'staging', 'prod'] as const;
const synthesized = { dev: synthesize('dev'), staging: synthesize('staging'), prod: synthesize('prod') };

/** Where in a template each typed difference may show; nothing else may differ. */
const shows: Readonly<Record<keyof (typeof environments)['prod'] | 'organisation', RegExp | undefined>> = {
  account: undefined, // Account, region and the environment's name are made equal before comparing.
  region: undefined,
  timeZone: /ScheduleExpressionTimezone|Variables\.TIME_ZONE/,
  policy: undefined, // Loaded by a deploy, so no template knows of it.
  organisation: undefined,
  restoreWindowDays: /RecoveryPeriodInDays|NoncurrentDays/,
  busArchiveDays: /^data\.Resources\.BusArchive/,
  keepDataOnDelete: /^data\.Resources\.\w+\.(DeletionPolicy|UpdateReplacePolicy)/,
  deletionProtection: /^data\..*DeletionProtectionEnabled/,
  alarmAddresses: /^watch\.Resources\.Alarms\w+(example|com)/i,
  logRetentionDays: /RetentionInDays/,
  throttling: /Throttling(Rate|Burst)Limit/,
  oidc: /JwtConfiguration/,
};

/** Every value of all templates by its path, with the environment's own name, account and region made equal. */
function valuesOf(name: (typeof names)[number], { stacks, app }: SynthesizedEnvironment): ReadonlyMap<string, unknown> {
  const { account, region } = onlyEnvironment(app);
  const text = JSON.stringify(Object.fromEntries(Object.entries(stacks).map(([stack, { json }]) => [stack, json])))
    .replaceAll(account, 'ACCOUNT')
    .replaceAll(region, 'REGION')
    .replaceAll(`interlock-${name}`, 'interlock-ENV')
    .replaceAll(`interlock/${name}`, 'interlock/ENV')
    .replaceAll(new RegExp(`interlock${name}(\\w+?)[0-9A-F]{8}`, 'g'), 'interlockENV$1')
    .replaceAll(`"ENVIRONMENT":"${name}"`, '"ENVIRONMENT":"ENV"')
    .replaceAll(`"Name":"environment","Value":"${name}"`, '"Name":"environment","Value":"ENV"');
  return new Map(flatten(JSON.parse(text), []));
}

function onlyEnvironment(app: SynthesizedEnvironment['app']): { account: string; region: string } {
  const all = app.synth().stacks.map(({ environment }) => environment);
  expect(new Set(all.map(({ name }) => name)).size).toBe(1);
  const [first] = all;
  if (!first) throw new RangeError('an environment has stacks');
  return first;
}

function flatten(value: unknown, path: readonly string[]): [string, unknown][] {
  if (value === null || typeof value !== 'object') return [[path.join('.'), value]];
  return Object.entries(value).flatMap(([key, child]) => flatten(child, [...path, key]));
}

function differences(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): readonly string[] {
  const paths = new Set([...one.keys(), ...other.keys()]);
  return [...paths].filter((path) => one.get(path) !== other.get(path));
}

describe('environments differ only in what environments.ts names', () => {
  const allowed = Object.values(shows).filter((pattern) => pattern !== undefined);

  test.each([['dev', 'prod'] as const, ['staging', 'prod'] as const])('%s and %s', (one, other) => {
    const differing = differences(valuesOf(one, synthesized[one]), valuesOf(other, synthesized[other]));
    expect(differing.filter((path) => !allowed.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  test('the comparison sees what differs', () => {
    const differing = differences(valuesOf('dev', synthesized.dev), valuesOf('prod', synthesized.prod));
    const { timeZone: _same, ...others } = shows;
    for (const pattern of Object.values(others))
      if (pattern) expect(differing.filter((path) => pattern.test(path))).not.toEqual([]);
  });

  test('the same environment synthesised twice is the same', () => {
    expect(differences(valuesOf('prod', synthesized.prod), valuesOf('prod', synthesize('prod')))).toEqual([]);
  });
});

describe('an environment is chosen by name', () => {
  test.each(names)('%s is one', (name) => {
    expect(environmentNamed(name)).toBe(name);
  });

  test('another name is refused with those that there are', () => {
    expect(() => environmentNamed('qa')).toThrow("there is no environment 'qa'; there are local, dev, staging, prod");
  });

  test('everyone who is to be woken gets a subscription', () => {
    synthesized.prod.stacks.watch?.template.resourceCountIs(
      'AWS::SNS::Subscription',
      environments.prod.alarmAddresses.length,
    );
    synthesized.dev.stacks.watch?.template.resourceCountIs('AWS::SNS::Subscription', 0);
  });
});
