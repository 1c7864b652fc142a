import { describe, expect, test } from 'vitest';
import type { Resource } from '#infra/local/cloud.ts';
import { ASSUMED, idleCosts, turnsInMonth } from './idle.ts';
import { priceOf, sumOf } from './prices.ts';

const resource = (type: string, properties: Resource['properties'] = {}): Resource => ({
  stack: 'a-stack',
  logicalId: 'AResource',
  type,
  properties,
  metadata: {},
  ref: '',
  name: '',
  arn: '',
});
const costs = (...resources: readonly Resource[]) =>
  new Map(idleCosts(resources).map(({ what, count, usage }) => [what, { count, dollars: priceOf(usage) }]));

describe('what an environment costs while nothing happens', () => {
  test('a key is a dollar a month, ten alarms are one', () => {
    const lines = costs(
      resource('AWS::KMS::Key'),
      ...Array.from({ length: 10 }, () => resource('AWS::CloudWatch::Alarm')),
    );
    expect(lines.get('customer keys')).toEqual({ count: 1, dollars: 1 });
    expect(lines.get('alarms')?.dollars).toBeCloseTo(1);
  });

  test('a queue that Lambda polls is 648,000 requests a month; a stream is none', () => {
    const mapping = (EventSourceArn: string) => resource('AWS::Lambda::EventSourceMapping', { EventSourceArn });
    const lines = idleCosts([
      mapping('arn:aws:sqs:us-east-1:000000000000:a'),
      mapping('arn:aws:dynamodb:us-east-1:000000000000:table/a/stream/local'),
    ]);
    expect(lines.find(({ what }) => /polls/.test(what))).toMatchObject({
      count: 1,
      usage: { 'sqs.requests': 648_000 },
    });
  });

  test.each([
    ['cron(* * * * ? *)', 43_200],
    ['cron(20 0 * * ? *)', 30],
    ['cron(0 3 1 * ? *)', 1],
    ['cron(5 * * * ? *)', 720],
  ])('%s turns %i times in 30 days', (expression, turns) => {
    expect(turnsInMonth(expression, 'UTC')).toBe(turns);
  });

  test('another kind of expression is refused', () => {
    expect(() => turnsInMonth('rate(1 minute)', 'UTC')).toThrow(RangeError);
  });

  test('what can be restored is only paid for where a table says so', () => {
    const table = (PointInTimeRecoveryEnabled: boolean) =>
      resource('AWS::DynamoDB::Table', { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled } });
    expect(costs(table(false)).get('GB that can be restored')?.dollars).toBe(0);
    expect(costs(table(true)).get('GB that can be restored')?.dollars).toBeCloseTo(0.2 * ASSUMED.storedGb);
  });

  test('an empty environment costs what is stored, and nothing else', () => {
    const total = priceOf(sumOf(idleCosts([]).map(({ usage }) => usage)));
    expect(total).toBeCloseTo(0.25 * ASSUMED.storedGb);
  });
});
