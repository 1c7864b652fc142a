import { describe, expect, test } from 'vitest';
import { counted, countedCalls, countedFunctions, countedLogs } from '#infra/local/calls.ts';
import type { Caller, Functions, WireCall, WireService } from '#infra/local/cloud.ts';

const ACCOUNT: Caller = { arn: 'arn:aws:iam::000000000000:root', senderId: '000000000000' };
const FUNCTION: Caller = {
  roleArn: 'arn:aws:iam::000000000000:role/a-role',
  arn: 'arn:aws:sts::000000000000:assumed-role/a-role/a-function',
  senderId: 'AROA:a-function',
};
const call = (change: Partial<WireCall>): WireCall => ({
  operation: 'PutItem',
  input: {},
  body: '{}',
  target: 'DynamoDB_20120810.PutItem',
  caller: FUNCTION,
  ...change,
});
/** A service that answers with what it was asked. */
const echo = (signingName: string, answer: object = {}): WireService => ({
  kind: 'json',
  signingName,
  targets: [],
  demands: () => [],
  answer: ({ body }) => ({ status: 200, text: JSON.stringify({ asked: body, ...answer }) }),
});
const wire = (service: WireService, calls: ReturnType<typeof countedCalls>) => {
  const wrapped = counted(service, calls);
  if (wrapped.kind !== 'json') throw new Error('it is of another kind now');
  return wrapped;
};

describe('what AWS would bill on one machine', () => {
  test('calls are counted by service, operation and who called, a tool apart from functions', async () => {
    const calls = countedCalls();
    const service = wire(echo('sqs'), calls);
    await service.answer(call({ operation: 'SendMessage' }));
    await service.answer(call({ operation: 'SendMessage' }));
    await service.answer(call({ operation: 'SendMessage', caller: ACCOUNT }));
    expect(calls.all()).toEqual([
      { service: 'sqs', operation: 'SendMessage', by: 'a-function', count: 2, units: {} },
      { service: 'sqs', operation: 'SendMessage', by: 'account', count: 1, units: {} },
    ]);
    calls.reset(false);
    expect(calls.all()).toEqual([]);
  });

  test('tables are asked what a call consumed only where somebody wants to know', async () => {
    const calls = countedCalls();
    const consumed = {
      ConsumedCapacity: [
        { TableName: 'a', CapacityUnits: 6 },
        { TableName: 'b', CapacityUnits: 2 },
      ],
    };
    const service = wire(echo('dynamodb', consumed), calls);
    const asked = async () => {
      const answer = await service.answer(call({ operation: 'TransactWriteItems', input: { TransactItems: [] } }));
      return 'text' in answer ? answer.text : '';
    };
    expect(await asked()).not.toContain('ReturnConsumedCapacity');
    calls.reset(true);
    expect(await asked()).toContain('ReturnConsumedCapacity');
    expect(calls.all()).toMatchObject([{ operation: 'TransactWriteItems', units: { writeUnits: 8 } }]);
  });

  test('every event of a batch counts, a large one in portions of 64 KiB', async () => {
    const calls = countedCalls();
    const Entries = [{ Detail: 'short' }, { Detail: 'x'.repeat(70_000) }];
    await wire(echo('events'), calls).answer(call({ operation: 'PutEvents', input: { Entries } }));
    expect(calls.all()).toMatchObject([{ count: 1, units: { entries: 2, portions: 3 } }]);
  });

  test('a function is counted with its time, also when it fails', async () => {
    const calls = countedCalls();
    const functions: Functions = {
      invoke: async () => {
        throw new Error('it fails');
      },
      invokeAsync: async () => {},
      callerOf: () => FUNCTION,
    };
    const timed = countedFunctions(functions, calls);
    await expect(timed.invoke('arn:aws:lambda:us-east-1:000000000000:function:one', {})).rejects.toThrow('it fails');
    await timed.invokeAsync('arn:aws:lambda:us-east-1:000000000000:function:two', {});
    expect(calls.all()).toMatchObject([
      { service: 'lambda', operation: 'Invoke', by: 'one', units: { ms: expect.any(Number) } },
      { service: 'lambda', operation: 'InvokeAsync', by: 'two' },
    ]);
  });

  test('bytes of logs are those of the line in UTF-8', () => {
    const calls = countedCalls();
    const lines: string[] = [];
    countedLogs({ write: (_group, _stream, line) => void lines.push(line) }, calls).write('group', 'stream', '包裹');
    expect(lines).toEqual(['包裹']);
    expect(calls.all()).toMatchObject([{ service: 'logs', by: 'group', units: { bytes: 6 } }]);
  });
});
