import { describe, expect, test } from 'vitest';
import { batchSizeOf, floorOf } from './floor.ts';
import { MEMORY_GIB } from './prices.ts';

describe('the floor of what disputes cost', () => {
  const needed = { decisions: 3, events: ['DisputeGraded.v1', 'DisputeFiled.v1'], requests: 5, batch: 2, bareMs: 4 };

  test('is a state and a commit per decision, a publish per event, and a hop and a bare call per consumer', () => {
    const hops = 4; // Of a grading: alerts and insights; of a filing: filings and insights.
    expect(floorOf(needed)).toEqual({
      'dynamodb.writeUnits': 12,
      'events.events': 2,
      'sqs.requests': hops + hops / 2 + hops / 2,
      'apigateway.requests': 5,
      'lambda.requests': 5 + hops / 2,
      'lambda.gbSeconds': (5 + hops / 2) * 0.004 * MEMORY_GIB,
    });
  });

  test('an event that nobody but the counters takes costs one hop', () => {
    expect(floorOf({ ...needed, events: ['DisputeOpened.v1'], batch: 1 })).toMatchObject({ 'sqs.requests': 3 });
  });

  test('takes of what was counted only how many messages a look at a queue brought', () => {
    const line = { service: 'sqs', by: 'mappings', count: 2, units: { messages: 7 } };
    const calls = [
      { ...line, operation: 'ReceiveMessage' },
      { ...line, operation: 'ReceiveMessage', count: 1, units: { messages: 2 } },
      { ...line, operation: 'DeleteMessageBatch' },
      { ...line, service: 'lambda', operation: 'Invoke' },
    ];
    expect(batchSizeOf(calls)).toBe(3);
  });
});
