import { describe, expect, test } from 'vitest';
import { byService, type CountedCall, PRICES, priceOf, sumOf, timesUsage, usageOf } from './prices.ts';

const call = (given: Partial<CountedCall>): CountedCall => ({
  service: 'sqs',
  operation: 'SendMessage',
  by: 'somebody',
  count: 1,
  units: {},
  ...given,
});

describe('what calls cost at list prices', () => {
  test('the list says where each price stands, and what it leaves out', () => {
    expect(PRICES.note).toContain('without free tiers');
    for (const { page } of Object.values(PRICES.prices)) expect(page).toMatch(/^aws\.amazon\.com\//);
  });

  test('a million write units cost what the list says for a million', () => {
    expect(priceOf({ 'dynamodb.writeUnits': 1_000_000 })).toBeCloseTo(0.625);
  });

  test('what is not on the list is refused, never free', () => {
    expect(() => priceOf({ 'dynamodb.wishes': 1 })).toThrow(RangeError);
    expect(() => usageOf(call({ service: 'braket' }))).toThrow(RangeError);
  });

  test('a large message is billed as several, a batch that is deleted as one', () => {
    expect(usageOf(call({ units: { portions: 3 } }))).toEqual({ 'sqs.requests': 3 });
    expect(usageOf(call({ operation: 'DeleteMessageBatch', units: { messages: 10 } }))).toEqual({ 'sqs.requests': 1 });
  });

  test('each entry of one PutEvents is an event', () => {
    const put = call({ service: 'events', operation: 'PutEvents', units: { entries: 4, portions: 5 } });
    expect(usageOf(put)).toEqual({ 'events.events': 5 });
  });

  test('a second of a function with half a GiB is half a GB-second', () => {
    const invoked = call({ service: 'lambda', operation: 'Invoke', count: 2, units: { ms: 1000 } });
    expect(usageOf(invoked)).toMatchObject({
      'lambda.requests': 2,
      'lambda.gbSeconds': 0.5,
      'scheduler.invocations': 0,
    });
    expect(usageOf({ ...invoked, operation: 'InvokeAsync' })).toMatchObject({ 'scheduler.invocations': 2 });
  });

  test('usages add up, and the dearest service stands first', () => {
    const usage = sumOf([{ 'sqs.requests': 1 }, { 'sqs.requests': 2, 'kms.keys': 1 }]);
    expect(usage).toEqual({ 'sqs.requests': 3, 'kms.keys': 1 });
    expect(timesUsage(usage, 2)).toEqual({ 'sqs.requests': 6, 'kms.keys': 2 });
    expect(byService(usage).map(([service]) => service)).toEqual(['kms', 'sqs']);
  });
});
