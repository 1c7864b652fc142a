import { describe, expect, test } from 'vitest';
import { countedCalls } from '#infra/local/calls.ts';
import type { Caller, WireCall, WireService } from '#infra/local/cloud.ts';

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
  const wrapped = calls.counted(service);
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
    expect(calls.all()).toMatchObject([{ count: 1, units: { portions: 3 } }]);
  });
});
