import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { eventBridgeBus } from '#shared/adapters/event-bus.ts';
import { startAwsJsonServer } from './aws-json-server.ts';

const server = await startAwsJsonServer();
const bus = eventBridgeBus(new EventBridgeClient(server.config), 'interlock');
const Input = z.object({ Entries: z.array(z.record(z.string(), z.unknown())) });
const accepted = (count: number) => ({
  FailedEntryCount: 0,
  Entries: Array.from({ length: count }, (_, i) => ({ EventId: `${i}` })),
});
const batches = () => server.calls.map(({ input }) => Input.parse(input).Entries);
const event = (n: number, size = 0) => ({
  source: 'disputes',
  detailType: 'DisputeGraded.v1',
  detail: { n, text: 'x'.repeat(size) },
});

beforeEach(() => {
  server.calls.length = 0;
  server.answer = ({ input }) => ({ output: accepted(Input.parse(input).Entries.length) });
});
afterAll(() => server.close());

describe('publishing on the bus', () => {
  test('names bus, source, contract and time, and carries the detail as JSON', async () => {
    await bus.publish([
      { source: 'disputes', detailType: 'DisputeGraded.v1', detail: { text: '包裹' }, time: '2026-11-20T02:31:00Z' },
    ]);
    expect(server.calls[0]?.target).toBe('AWSEvents.PutEvents');
    expect(batches()).toEqual([
      [
        {
          EventBusName: 'interlock',
          Source: 'disputes',
          DetailType: 'DisputeGraded.v1',
          Detail: '{"text":"包裹"}',
          Time: Date.UTC(2026, 10, 20, 2, 31) / 1000,
        },
      ],
    ]);
  });

  test('goes in batches of ten, in order', async () => {
    await bus.publish(Array.from({ length: 23 }, (_, n) => event(n)));
    expect(batches().map((entries) => entries.length)).toEqual([10, 10, 3]);
    expect(
      batches()
        .flat()
        .map(({ Detail }) => JSON.parse(String(Detail)).n),
    ).toEqual(Array.from({ length: 23 }, (_, n) => n));
  });

  test('keeps each batch within 256 KB', async () => {
    await bus.publish([event(0, 100_000), event(1, 100_000), event(2, 100_000), event(3, 200_000), event(4, 10)]);
    expect(batches().map((entries) => entries.length)).toEqual([2, 1, 2]);
  });

  test('of nothing calls nobody', async () => {
    await bus.publish([]);
    expect(server.calls).toEqual([]);
  });

  test('refuses an event that no batch can hold, or that is no object, before any is sent', async () => {
    await expect(bus.publish([event(0), event(1, 262_144)])).rejects.toThrow(RangeError);
    await expect(bus.publish([event(0), { ...event(1), detail: 'text' }])).rejects.toThrow(RangeError);
    expect(server.calls).toEqual([]);
  });

  test('fails with the count and the first code when the bus refuses some, and still tries every batch', async () => {
    server.answer = ({ input }) => {
      const { length } = Input.parse(input).Entries;
      const refused = { ErrorCode: length === 10 ? 'ThrottlingException' : 'InternalFailure', ErrorMessage: 'x' };
      return { output: { FailedEntryCount: 1, Entries: [refused, ...accepted(length - 1).Entries] } };
    };
    await expect(bus.publish(Array.from({ length: 12 }, (_, n) => event(n)))).rejects.toThrow(
      'the bus refused 2 of 12 events, the first with ThrottlingException',
    );
    expect(server.calls).toHaveLength(2);
  });

  test("passes the service's own errors through", async () => {
    server.answer = () => ({ error: 'InternalException', status: 500 });
    await expect(bus.publish([event(0)])).rejects.toThrow(expect.objectContaining({ name: 'InternalException' }));
  });
});
