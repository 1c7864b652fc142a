import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { actionsOn, granteesOf, withinOf } from './grants.ts';
import { resourcesOf, synthesize } from './system-under-test.ts';

const system = synthesize('prod');
const functions = granteesOf(system);
const named = (name: string) => {
  const found = functions.find((each) => each.name === name);
  if (!found) throw new RangeError(`no function ${name} among ${functions.map((each) => each.name).join(', ')}`);
  return found;
};
/** Who may do this with the files of a folder. */
const onFiles = (action: string, folder: string) =>
  functions
    .filter(({ grants }) =>
      grants.some((grant) => grant.action === action && grant.resources.some((each) => each.includes(`/${folder}/*`))),
    )
    .map(({ name }) => name);

describe('what proves the ledger (S-20) is only ever added to', () => {
  test('the sealer reaches cards and nothing else', () => {
    const cards = ['CARD#*'];
    expect(withinOf('Scorecards', named('performance/SealCards'))).toEqual({
      'dynamodb:Query': cards,
      'dynamodb:PutItem': cards,
    });
    expect(actionsOn('Scorecards', named('performance/SealCards'))).toEqual(['dynamodb:PutItem', 'dynamodb:Query']);
  });

  test('only those who decide about points, and who seals, put items on cards', () => {
    const puts = (name: string) =>
      named(name)
        .grants.filter(({ action, resources }) => action === 'dynamodb:PutItem' && /Scorecards/.test(resources.join()))
        .flatMap(({ partitions = [] }) => partitions);
    const putting = functions.filter((each) => actionsOn('Scorecards', each).includes('dynamodb:PutItem'));
    const sealing = putting.filter(({ name }) => puts(name).includes('CARD#*')).map(({ name }) => name);
    expect(sealing.sort()).toEqual(['performance/AnswerExports', 'performance/SealCards', 'performance/WriteExport']);
  });

  test('nobody changes an item of the scorecards in place, or takes one away', () => {
    const actions = new Set(functions.flatMap((each) => actionsOn('Scorecards', each)));
    expect([...actions].filter((action) => /Update|Delete|PartiQL|BatchWrite/.test(action))).toEqual([]);
  });

  test('one function writes anchors, and it changes nothing else', () => {
    expect(onFiles('s3:PutObject', 'anchors')).toEqual(['performance/AnchorHeads']);
    const writing = named('performance/AnchorHeads').grants.filter(({ action }) => /Put|Update|Delete/.test(action));
    const written = writing.filter(({ action }) => !/^(xray|logs):/.test(action));
    expect(written.map(({ action }) => action)).toEqual(['s3:PutObject']);
    expect(written.flatMap(({ resources }) => resources).every((each) => each.includes('/anchors/*'))).toBe(true);
  });

  test('nobody can take away a file, or a version of one', () => {
    const actions = functions.flatMap(({ grants }) => grants.map(({ action }) => action));
    expect(
      actions.filter((action) => /^s3:(\*|Delete|PutLifecycle|PutBucketVersioning|BypassGovernance)/.test(action)),
    ).toEqual([]);
  });

  test('older versions end with their time, but for those of anchors', () => {
    const Rules = z.object({
      LifecycleConfiguration: z.object({
        Rules: z.array(
          z.looseObject({
            Prefix: z.string().optional(),
            NoncurrentVersionExpiration: z.unknown().optional(),
            ExpirationInDays: z.never().optional(),
          }),
        ),
      }),
    });
    const rules = resourcesOf(system, 'AWS::S3::Bucket').flatMap(
      ({ Properties }) => Rules.parse(Properties).LifecycleConfiguration.Rules,
    );
    const ending = rules.filter((rule) => rule.NoncurrentVersionExpiration !== undefined);
    expect(ending.map(({ Prefix }) => Prefix)).toEqual(['exports/', 'reviews/']);
  });
});

describe('a schedule says how long it may be silent', () => {
  const Alarm = z.looseObject({
    MetricName: z.string().optional(),
    Period: z.number().optional(),
    EvaluationPeriods: z.number(),
    ComparisonOperator: z.string(),
  });
  const silent = resourcesOf(system, 'AWS::CloudWatch::Alarm')
    .filter(({ id }) => /Silent/.test(id))
    .map(({ stack, id, Properties }) => ({ id: `${stack}/${id}`, ...Alarm.parse(Properties) }));

  test('a nightly one 26 hours, hour by hour; a sweep five minutes', () => {
    const seconds = (name: string) => {
      const alarm = silent.find(({ id }) => id.startsWith(name));
      return [alarm?.Period, alarm?.EvaluationPeriods];
    };
    expect(seconds('performance/AnchorHeads')).toEqual([3_600, 26]);
    expect(seconds('performance/Sweep')).toEqual([300, 1]);
  });

  test.each(silent)('$id looks back no further than CloudWatch does', ({ Period = 0, EvaluationPeriods }) => {
    expect(Period * EvaluationPeriods).toBeLessThanOrEqual(Period >= 3_600 ? 604_800 : 86_400);
  });
});
