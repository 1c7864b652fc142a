import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod';
import { AwsError, type Iam, type Machine, type Queues } from '#infra/local/cloud.ts';
import { eventBus } from '#infra/local/event-bus.ts';
import { ALLOWS_ALL, machineFor, ROOT, resource, serve } from './wire-server.ts';

const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const RULE = 'arn:aws:events:us-east-1:000000000000:rule/house/graded';
const BUS = { EventBusName: 'house' };
const GRADED = { ...BUS, Source: 'shop', DetailType: 'Graded.v1', Detail: '{"level":3}' };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Queues that only keep what they are sent, at most 1,000 bytes a message, and count the transactions. */
function memoryQueues(...refusing: string[]) {
  const sent: { queue: string; body: string; senderId: string }[] = [];
  const transactions: number[] = [];
  const check = ({ queueArn, body }: { queueArn: string; body: string }) => {
    if (body.length > 1_000 || refusing.some((name) => queueArn.endsWith(`:${name}`)))
      throw new AwsError('InvalidParameterValue', 'the queue does not take it');
  };
  const keep = (messages: Parameters<Queues['sendAll']>[0]) => {
    messages.forEach(check);
    transactions.push(messages.length);
    for (const { queueArn, body, senderId } of messages)
      sent.push({ queue: queueArn.split(':').at(-1) ?? '', body, senderId });
  };
  const unused = () => {
    throw new Error('not used by the bus');
  };
  const queues: Queues = {
    send(arn, message) {
      keep([{ ...message, queueArn: arn }]);
      return 'id';
    },
    sendAll: keep,
    receive: unused,
    delete: unused,
    onMessages: unused,
    visible(arn) {
      if (arn.endsWith(':gone')) throw new AwsError('AWS.SimpleQueueService.NonExistentQueue', `no queue ${arn}`);
      return 0;
    },
  };
  return { queues, sent, transactions };
}

/** Rules may send to any queue but these. */
function locked(...names: string[]): Iam {
  return {
    ...ALLOWS_ALL,
    authorizeService(by, demand) {
      expect(by).toEqual({ service: 'events.amazonaws.com', sourceArn: expect.stringContaining(':rule/') });
      if (names.some((name) => demand.resource === queueArn(name)))
        throw new AwsError('AccessDeniedException', `no policy of ${demand.resource} allows it`);
    },
  };
}

async function busOf({
  machine = machineFor(),
  memory = memoryQueues(),
}: {
  machine?: Machine & { readonly said?: readonly string[] };
  memory?: ReturnType<typeof memoryQueues>;
} = {}) {
  const bus = eventBus(machine, memory.queues);
  await bus.add(resource('AWS::Events::EventBus', { Name: 'house' }, { name: 'house' }));
  if (bus.wire?.kind !== 'json') throw new Error('expected a JSON protocol');
  const server = await serve(bus.wire);
  closing.push(server.close);
  const client = new EventBridgeClient(server.config);
  const rule = (properties: object) =>
    bus.add(
      resource(
        'AWS::Events::Rule',
        {
          EventBusName: 'house',
          EventPattern: { 'detail-type': ['Graded.v1'] },
          State: 'ENABLED',
          Targets: [{ Id: 'Target0', Arn: queueArn('work'), DeadLetterConfig: { Arn: queueArn('dead') } }],
          ...properties,
        },
        { name: 'graded', arn: RULE },
      ),
    );
  const put = (...Entries: object[]) => client.send(new PutEventsCommand({ Entries }));
  return { bus, server, client, rule, put, machine, ...memory };
}

const Envelope = z.strictObject({
  version: z.literal('0'),
  id: z.uuid(),
  'detail-type': z.string(),
  source: z.string(),
  account: z.literal('000000000000'),
  time: z.string(),
  region: z.literal('us-east-1'),
  resources: z.array(z.string()),
  detail: z.unknown(),
});
const envelopeIn = (body = '') => Envelope.parse(JSON.parse(body));

test('an event goes to every target of every rule that matches, in one transaction', async () => {
  const { put, rule, sent, transactions, server, machine } = await busOf();
  machine.clock.moveTo(Date.parse('2031-05-01T12:00:00.400Z'));
  await rule({ Targets: ['a', 'b'].map((name) => ({ Id: name, Arn: queueArn(name) })) });
  const { FailedEntryCount, Entries } = await put(
    GRADED,
    { ...GRADED, DetailType: 'Else.v1' },
    { ...GRADED, Time: new Date('2026-11-02T03:04:05Z') },
  );

  expect(FailedEntryCount).toBe(0);
  expect(transactions).toEqual([4]);
  expect(sent.map(({ queue }) => queue)).toEqual(['a', 'b', 'a', 'b']);
  expect(new Set(sent.map(({ senderId }) => senderId))).toEqual(new Set([expect.stringMatching(/^AIDA[A-Z0-9]{17}$/)]));
  expect(envelopeIn(sent[0]?.body)).toMatchObject({
    id: Entries?.[0]?.EventId,
    source: 'shop',
    time: expect.stringMatching(/^2031-05-01T12:00:0\dZ$/),
    detail: { level: 3 },
  });
  expect(envelopeIn(sent[2]?.body)).toMatchObject({ time: '2026-11-02T03:04:05Z' });
  expect(server.demands).toEqual([
    { action: 'events:PutEvents', resource: 'arn:aws:events:us-east-1:000000000000:event-bus/house' },
  ]);
});

test('a rule hears its own bus alone', async () => {
  const { put, rule, sent } = await busOf();
  await rule({ EventBusName: 'other' });
  await put(GRADED);
  expect(sent).toEqual([]);
});

test.each([
  ['for a bus that does not exist', { EventBusName: 'nowhere' }, 'nowhere does not exist'],
  ['without a source', { Source: undefined }, 'Source'],
  ['of which the detail is a list', { Detail: '[1]' }, 'Detail is malformed'],
  ['of which the detail is no JSON', { Detail: '{' }, 'Detail is malformed'],
  ['with a trace', { TraceHeader: 'x' }, 'TraceHeader'],
])('a call with an event %s is refused, and nothing of it sent', async (_, wrong, message) => {
  const { put, rule, sent } = await busOf();
  await rule({});
  await expect(put(GRADED, { ...GRADED, ...wrong })).rejects.toThrow(message);
  expect(sent).toEqual([]);
});

test('a call holds ten events', async () => {
  const { put } = await busOf();
  await expect(put(...Array.from({ length: 11 }, () => GRADED))).rejects.toMatchObject({ name: 'ValidationException' });
});

test('what a queue does not let in goes to the dead letters of the target, and is said', async () => {
  const machine = machineFor({ iam: locked('work') });
  const { put, rule, sent } = await busOf({ machine });
  await rule({});
  await put(GRADED);
  expect(sent.map(({ queue }) => queue)).toEqual(['dead']);
  expect(machine.said.join()).toContain(`could not send an event to ${queueArn('work')}`);
});

test('what not even the dead letters let in is dropped, and said', async () => {
  const machine = machineFor({ iam: locked('work', 'dead') });
  const { put, rule, sent } = await busOf({ machine });
  await rule({});
  expect(await put(GRADED)).toMatchObject({ FailedEntryCount: 0 });
  expect(sent).toEqual([]);
  expect(machine.said.at(-1)).toContain('dropped');
});

test('a queue that does not take a message keeps no other queue from its own', async () => {
  const { put, rule, sent } = await busOf({ memory: memoryQueues('work') });
  const work = { Id: 'work', Arn: queueArn('work'), DeadLetterConfig: { Arn: queueArn('dead') } };
  await rule({ Targets: [work, { Id: 'b', Arn: queueArn('b') }] });
  await put(GRADED);
  expect(sent.map(({ queue }) => queue)).toEqual(['dead', 'b']);
});

test('a store that fails is the caller\u2019s to know: nothing is answered as taken', async () => {
  const memory = memoryQueues();
  const queues: Queues = {
    ...memory.queues,
    sendAll() {
      throw new Error('disk full');
    },
  };
  const { put, rule } = await busOf({ memory: { ...memory, queues } });
  await rule({});
  await expect(put(GRADED)).rejects.toThrow('disk full');
});

test('a rule put over the wire hears events, also after a restart, until it is removed', async () => {
  const machine = machineFor();
  const first = await busOf({ machine });
  const rule = { ...BUS, Name: 'tap' };
  const EventPattern = JSON.stringify({ source: [{ prefix: 'sho' }] });
  const { RuleArn } = await first.client.send(new PutRuleCommand({ ...rule, EventPattern }));
  const target = { ...BUS, Rule: 'tap' };
  await first.client.send(new PutTargetsCommand({ ...target, Targets: [{ Id: 'suite', Arn: queueArn('tap') }] }));
  await first.put(GRADED);

  const again = await busOf({ machine: machineFor({ folder: machine.folder }) });
  await again.put(GRADED);
  await again.client.send(new RemoveTargetsCommand({ ...target, Ids: ['suite'] }));
  await again.client.send(new DeleteRuleCommand(rule));
  await again.put(GRADED);

  expect(RuleArn).toBe('arn:aws:events:us-east-1:000000000000:rule/house/tap');
  expect([first.sent.length, again.sent.length]).toEqual([1, 1]);
  expect(first.server.demands).toContainEqual({ action: 'events:PutTargets', resource: '*' });
});

test('over the wire, what is not supported or not there is refused by name', async () => {
  const { client } = await busOf();
  const put = (input: object) => client.send(new PutRuleCommand({ ...BUS, Name: 'tap', ...input }));
  const targets = (input: object) =>
    client.send(new PutTargetsCommand({ ...BUS, Rule: 'tap', Targets: [{ Id: 'x', Arn: queueArn('x'), ...input }] }));
  await expect(put({ ScheduleExpression: 'rate(1 hour)', EventPattern: '{"a":[1]}' })).rejects.toThrow(
    'ScheduleExpression',
  );
  await expect(put({ EventPattern: '{"a":1}' })).rejects.toThrow('event pattern, a: expected');
  await expect(put({ EventPattern: '{"a":[1]}', EventBusName: 'x' })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  await expect(targets({})).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  await expect(targets({ Arn: 'arn:aws:lambda:us-east-1:000000000000:function:x' })).rejects.toThrow('only queues');
  await expect(targets({ InputPath: '$.detail' })).rejects.toThrow('InputPath');
});

test.each(['{', '{"a":1}', '', { a: [1] }, undefined])(
  'PutRule with the pattern %j keeps nothing, and a later start does not fail',
  async (EventPattern) => {
    const { bus, machine } = await busOf();
    const input = { ...BUS, Name: 'tap', EventPattern };
    const call = { operation: 'PutRule', input, body: '', target: 'AWSEvents.PutRule', caller: ROOT };
    if (bus.wire?.kind !== 'json') throw new Error('expected a JSON protocol');
    const { wire } = bus;
    expect(() => wire.answer(call)).toThrow(expect.objectContaining({ code: 'InvalidEventPatternException' }));
    expect(machine.store.prepare('select * from wire_rules').all()).toEqual([]);
    expect(() => eventBus(machine, memoryQueues().queues)).not.toThrow();
  },
);

test('a kept rule that cannot be read any more is said and left out, and the others hear on', async () => {
  const machine = machineFor();
  const { client } = await busOf({ machine });
  const EventPattern = '{"source":["shop"]}';
  for (const Name of ['tap', 'worn']) {
    await client.send(new PutRuleCommand({ ...BUS, Name, EventPattern }));
    await client.send(new PutTargetsCommand({ ...BUS, Rule: Name, Targets: [{ Id: 'x', Arn: queueArn(Name) }] }));
  }
  const worn = "update wire_rules set rule = json_set(rule, '$.pattern', '[object Object]') where arn like '%worn'";
  machine.store.exec(worn);
  const again = machineFor({ folder: machine.folder });
  const { put, sent, client: later } = await busOf({ machine: again });
  await put(GRADED);
  expect(sent.map(({ queue }) => queue)).toEqual(['tap']);
  expect(again.said).toEqual([expect.stringMatching(/rule\/house\/worn is left out.*not JSON/)]);
  await later.send(new PutRuleCommand({ ...BUS, Name: 'worn', EventPattern }));
  await expect(later.send(new DeleteRuleCommand({ ...BUS, Name: 'worn' }))).resolves.toBeDefined();
});

test('a rule put again keeps its targets, and a target put again replaces the one of its Id', async () => {
  const { client, put, sent } = await busOf();
  const rule = (source: string) =>
    client.send(new PutRuleCommand({ ...BUS, Name: 'tap', EventPattern: JSON.stringify({ source: [source] }) }));
  const target = (name: string) =>
    client.send(new PutTargetsCommand({ ...BUS, Rule: 'tap', Targets: [{ Id: 'suite', Arn: queueArn(name) }] }));
  await rule('else');
  await target('a');
  await target('b');
  await put(GRADED);
  expect(sent).toEqual([]);
  await rule('shop');
  await put(GRADED);
  expect(sent.map(({ queue }) => queue)).toEqual(['b']);
});

test.each([
  ['a target', { Targets: [{ Id: 'x', Arn: queueArn('gone') }] }],
  ['dead letters', { Targets: [{ Id: 'x', Arn: queueArn('work'), DeadLetterConfig: { Arn: queueArn('gone') } }] }],
])('a rule with %s that does not stand is refused at start, by name', async (_, properties) => {
  const { bus, rule } = await busOf();
  await rule({});
  expect(() => bus.start?.()).not.toThrow();
  await rule(properties);
  const message = `stack/graded (AWS::Events::Rule): the queue ${queueArn('gone')} does not stand on this machine`;
  expect(() => bus.start?.()).toThrow(new RangeError(message));
});

test('an operation that is not supported is refused before IAM is asked', async () => {
  const { bus } = await busOf();
  expect(() => bus.wire?.kind === 'json' && bus.wire.demands('ListArchives', {})).toThrow('ListArchives');
});

test.each([
  [
    'a target that is no queue',
    { Targets: [{ Id: 'x', Arn: 'arn:aws:lambda:us-east-1:000000000000:function:x' }] },
    'only queues',
  ],
  ['a transformed input', { Targets: [{ Id: 'x', Arn: queueArn('x'), InputPath: '$.detail' }] }, 'InputPath'],
  ['a rule by the clock', { ScheduleExpression: 'rate(1 hour)' }, 'ScheduleExpression'],
  [
    'a pattern that EventBridge refuses',
    { EventPattern: { source: 'shop' } },
    ': RangeError: event pattern, source: expected',
  ],
])('a template with %s is refused, naming resource and property', async (_, properties, message) => {
  const { rule } = await busOf();
  const added = async () => rule(properties);
  await expect(added).rejects.toThrow(RangeError);
  await expect(added).rejects.toThrow('stack/graded (AWS::Events::Rule): ');
  await expect(added).rejects.toThrow(message);
});
