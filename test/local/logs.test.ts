import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, expect, test } from 'vitest';
import { logs, MOST_FILE_BYTES } from '#infra/local/logs.ts';
import { machineFor, resource, serve } from './wire-server.ts';

const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closes.splice(0).map((close) => close()));
});

test('what was written is read over the wire at once, with its stream and the moved time', async () => {
  const { ours, machine, read } = await running();
  machine.clock.moveTo(Date.parse('2031-05-01T00:00:00Z'));
  ours.write('group', 'one', 'first\twith a tab');
  ours.write('group', 'two', '第二');
  const events = await read();
  expect(events).toMatchObject([
    { logStreamName: 'one', message: 'first\twith a tab' },
    { logStreamName: 'two', message: '第二' },
  ]);
  expect(new Date(events[0]?.timestamp ?? 0).toISOString()).toMatch(/^2031-05-01T00:00:0/);
});

test('groups are listed, with those that nobody has written to', async () => {
  const { ours, client } = await running();
  for (let i = 0; i < 60; i++) ours.write(`written/${i}`, 's', 'x');
  const names: (string | undefined)[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, {}))
    names.push(...logGroups.map(({ logGroupName }) => logGroupName));
  expect(new Set(names)).toEqual(new Set(['group', ...Array.from({ length: 60 }, (_, i) => `written/${i}`)]));
});

test('many lines are read, all of them and each once', async () => {
  const { ours, read } = await running();
  for (let i = 0; i < 30_000; i++) ours.write('group', 's', `${i} ${'x'.repeat(100)}`);
  const events = await read();
  expect(events.map(({ message }) => Number.parseInt(message ?? '', 10))).toEqual(
    Array.from({ length: 30_000 }, (_, i) => i),
  );
});

test('bytes are counted, those of the line in UTF-8', () => {
  const counts: unknown[] = [];
  logs(machineFor({ count: (...call) => void counts.push(call) })).write('group', 'stream', '包裹');
  expect(counts).toEqual([['logs', 'PutLogEvents', 'group', { bytes: 6 }]]);
});

test('a group keeps its newest lines in two bounded files', async () => {
  const { ours, machine, read } = await running();
  const line = 'x'.repeat(100_000);
  for (let i = 0; i < 300; i++) ours.write('group', 's', `${i} ${line}`);
  const kept = (await read()).map(({ message }) => Number.parseInt(message ?? '', 10));
  expect(kept.at(-1)).toBe(299);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 300 - kept.length + i));
  expect(kept.length).toBeGreaterThan(100);
  for (const name of ['group.log', 'group.log.before'])
    expect(statSync(join(machine.folder, 'logs', name)).size).toBeLessThanOrEqual(MOST_FILE_BYTES);
});

test('lines are there after a restart', async () => {
  const { ours, machine } = await running();
  ours.write('group', 's', 'before');
  await ours.stop?.();
  const { ours: later, read } = await running(machine.folder);
  later.write('group', 's', 'after');
  expect((await read()).map(({ message }) => message)).toEqual(['before', 'after']);
});

test('what is not supported is refused by name', async () => {
  const { client } = await running();
  const filtered = new FilterLogEventsCommand({ logGroupName: 'group', filterPattern: 'ERROR' });
  await expect(client.send(filtered)).rejects.toThrow(/filterPattern/);
  await expect(client.send(new DescribeLogStreamsCommand({ logGroupName: 'group' }))).rejects.toThrow(
    /DescribeLogStreams/,
  );
  const unknown = new FilterLogEventsCommand({ logGroupName: 'unknown' });
  await expect(client.send(unknown)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

async function running(folder?: string) {
  const machine = machineFor(folder === undefined ? {} : { folder });
  const ours = logs(machine);
  await ours.add(resource('AWS::Logs::LogGroup', { RetentionInDays: 7 }, { name: 'group' }));
  if (!ours.wire) throw new Error('logs are read over the wire');
  const server = await serve(ours.wire);
  closes.push(() => server.close());
  const client = new CloudWatchLogsClient(server.config);
  const read = async () => {
    const events = [];
    for await (const page of paginateFilterLogEvents({ client }, { logGroupName: 'group' }))
      events.push(...(page.events ?? []));
    return events;
  };
  return { ours, machine, client, read };
}
