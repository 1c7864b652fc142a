import { describe, expect, test } from 'vitest';
import { ACCOUNT_KEY, type Caller, type Demand, type Resource } from '#infra/local/cloud.ts';
import { iam } from '#infra/local/iam.ts';
import { resource } from './wire-server.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:orders';
const TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/cases';
const KEY = 'arn:aws:kms:us-east-1:000000000000:key/1';
const RULE = 'arn:aws:events:us-east-1:000000000000:rule/bus/graded';
const ROLE = 'arn:aws:iam::000000000000:role/worker';
const SEND: Demand = { action: 'sqs:SendMessage', resource: QUEUE };

type Statement = Readonly<Record<string, unknown>>;
const document = (...Statement: Statement[]) => ({ Version: '2012-10-17', Statement });
const allow = (Action: unknown, Resource: unknown, more: Statement = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const deny = (Action: unknown, Resource: unknown, more: Statement = {}) => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
});
const role = (properties: Resource['properties'] = {}) =>
  resource(
    'AWS::IAM::Role',
    { AssumeRolePolicyDocument: document({ Effect: 'Allow', Action: 'sts:AssumeRole' }), ...properties },
    { name: 'worker', arn: ROLE },
  );
const policy = (...statements: Statement[]) =>
  resource(
    'AWS::IAM::Policy',
    { PolicyName: 'own', PolicyDocument: document(...statements), Roles: ['worker'] },
    { name: 'workerPolicy' },
  );
const queue = resource('AWS::SQS::Queue', {}, { name: 'orders', ref: 'http://machine/orders', arn: QUEUE });
const queuePolicy = (...statements: Statement[]) =>
  resource('AWS::SQS::QueuePolicy', { PolicyDocument: document(...statements), Queues: ['http://machine/orders'] });

/** The role's call under its own statements and those of the queue. */
function calls(demand: Demand, own: Statement[], ofQueue: Statement[] = []) {
  const all = iam([role(), policy(...own), queue, queuePolicy(...ofQueue)]);
  return () => all.authorize(all.assume(ROLE, 'fn').caller, [demand]);
}

describe('what a role may do', () => {
  const via = { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com' };
  const decrypt: Demand = { action: 'kms:Decrypt', resource: KEY, context: via };
  const viaDynamo = { Condition: { StringEquals: via } };
  const insecure = { Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
  test.each([
    { title: 'what a statement names', own: [allow('sqs:SendMessage', QUEUE)], demand: SEND },
    {
      title: 'what one of several statements names',
      own: [allow('a:b', '*'), allow(['sqs:SendMessage'], [QUEUE])],
      demand: SEND,
    },
    { title: 'what wildcards cover', own: [allow('sqs:Send*', 'arn:aws:sqs:*:orde??')], demand: SEND },
    { title: 'actions in any case', own: [allow('SQS:sendmessage', QUEUE)], demand: SEND },
    { title: 'what a condition of the call meets', own: [allow('kms:Decrypt', KEY, viaDynamo)], demand: decrypt },
    { title: 'what a deny for plain transport leaves', own: [allow('*', '*'), deny('*', '*', insecure)], demand: SEND },
  ])('is $title', ({ own, demand }) => {
    expect(calls(demand, own)).not.toThrow();
  });

  test.each([
    { title: 'another action', own: [allow('sqs:ReceiveMessage', QUEUE)], demand: SEND },
    { title: 'another resource', own: [allow('sqs:*', `${QUEUE}-2`)], demand: SEND },
    { title: 'a part of a name without a wildcard', own: [allow('sqs:*', 'arn:aws:sqs')], demand: SEND },
    { title: 'a name in which a dot would be any sign', own: [allow('sqs:*', QUEUE.replace('-', '.'))], demand: SEND },
    {
      title: 'an index of a table it may query',
      own: [allow('dynamodb:Query', TABLE)],
      demand: { action: 'dynamodb:Query', resource: `${TABLE}/index/byDue` },
    },
    {
      title: 'a call without the context of its condition',
      own: [allow('kms:Decrypt', KEY, viaDynamo)],
      demand: { ...decrypt, context: {} },
    },
    { title: 'what is allowed and denied', own: [allow('sqs:*', '*'), deny('sqs:SendMessage', QUEUE)], demand: SEND },
    { title: 'anything without a statement', own: [], demand: SEND },
  ])('is not $title', ({ own, demand }) => {
    expect(calls(demand, own)).toThrow('is not authorized to perform');
  });

  test('a refusal reads as on AWS, each time it is asked', () => {
    const call = calls(SEND, []);
    const refusal = expect.objectContaining({
      code: 'AccessDeniedException',
      status: 400,
      message: `User: arn:aws:sts::000000000000:assumed-role/worker/fn is not authorized to perform: sqs:SendMessage on resource: ${QUEUE} because no identity-based policy allows the sqs:SendMessage action`,
    });
    expect(call).toThrow(refusal);
    expect(call).toThrow(refusal);
  });

  test('the first of several demands that is not allowed is named', () => {
    const all = iam([role(), policy(allow('sqs:SendMessage', QUEUE))]);
    const demands = [SEND, { action: 'sqs:PurgeQueue', resource: QUEUE }];
    expect(() => all.authorize(all.assume(ROLE, 'fn').caller, demands)).toThrow('sqs:PurgeQueue');
  });

  test('is bound to the partitions that a statement names, for every item of a call', () => {
    const Condition = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['DEAD#*', 'SOURCES'] } };
    const all = iam([role(), policy(allow('dynamodb:PutItem', TABLE, { Condition }))]);
    const { caller } = all.assume(ROLE, 'fn');
    const put = (leadingKeys?: string[]) => () =>
      all.authorize(caller, [{ action: 'dynamodb:PutItem', resource: TABLE, leadingKeys }]);
    expect(put(['DEAD#1', 'SOURCES'])).not.toThrow();
    expect(put(['DEAD#1', 'OTHER'])).toThrow('not authorized');
    expect(put()).toThrow('not authorized');
    expect(put(['DEAD#2'])).not.toThrow();
  });

  test('the account itself may do everything', () => {
    const all = iam([]);
    const caller = all.callerOf(ACCOUNT_KEY);
    expect(() => all.authorize(caller as Caller, [SEND])).not.toThrow();
  });
});

describe('the policy of a resource', () => {
  const anybody = { Principal: { AWS: '*' } };
  const insecure = { ...anybody, Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
  test('lets in whom it names, whose own policies say nothing', () => {
    expect(calls(SEND, [], [allow('sqs:SendMessage', QUEUE, anybody)])).not.toThrow();
  });
  test('denies what the role is allowed, and leaves what its condition does not meet', () => {
    expect(calls(SEND, [allow('sqs:*', '*')], [deny('sqs:*', QUEUE, anybody)])).toThrow('explicit deny in a resource');
    expect(calls(SEND, [allow('sqs:*', '*')], [deny('sqs:*', QUEUE, insecure)])).not.toThrow();
  });

  const events = {
    Principal: { Service: 'events.amazonaws.com' },
    Condition: { ArnEquals: { 'aws:SourceArn': RULE } },
  };
  const all = iam([queue, queuePolicy(allow('sqs:SendMessage', QUEUE, events), deny('sqs:*', QUEUE, insecure))]);
  test.each([
    { title: 'lets a service in for the source it names', service: 'events.amazonaws.com', sourceArn: RULE, ok: true },
    { title: 'keeps it out for another source', service: 'events.amazonaws.com', sourceArn: `${RULE}2`, ok: false },
    { title: 'keeps another service out', service: 'sns.amazonaws.com', sourceArn: RULE, ok: false },
  ])('$title', ({ service, sourceArn, ok }) => {
    const asked = expect(() => all.authorizeService({ service, sourceArn }, SEND));
    if (ok) asked.not.toThrow();
    else asked.toThrow(`User: ${service} is not authorized to perform: sqs:SendMessage`);
  });

  test('is a permission for a function, with wildcards in its source', () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:answer';
    const invoke: Demand = { action: 'lambda:InvokeFunction', resource: arn };
    const SourceArn = 'arn:aws:execute-api:us-east-1:000000000000:api1/*/*';
    const given = {
      Action: 'lambda:InvokeFunction',
      FunctionName: arn,
      Principal: 'apigateway.amazonaws.com',
      SourceArn,
    };
    const one = iam([resource('AWS::Lambda::Function', {}, { arn }), resource('AWS::Lambda::Permission', given)]);
    const by = (api: string) => ({
      service: 'apigateway.amazonaws.com',
      sourceArn: `arn:aws:execute-api:us-east-1:000000000000:${api}/$default/GET`,
    });
    expect(() => one.authorizeService(by('api1'), invoke)).not.toThrow();
    expect(() => one.authorizeService(by('api2'), invoke)).toThrow('no resource-based policy');
  });

  test('can be put, replaced and removed while the machine runs', () => {
    const one = iam([]);
    const send = () => one.authorizeService({ service: 'events.amazonaws.com', sourceArn: RULE }, SEND);
    expect(send).toThrow('not authorized');
    one.putResourcePolicy(QUEUE, document(allow('sqs:SendMessage', QUEUE, events)));
    expect(send).not.toThrow();
    one.removeResourcePolicy(QUEUE);
    expect(send).toThrow('not authorized');
    expect(() => one.putResourcePolicy(QUEUE, document({ Effect: 'Allow' }))).toThrow('not supported');
  });
});

describe('what is not supported is refused at the start, by name', () => {
  test.each([
    { named: 'ManagedPolicyArns', of: [role({ ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnly'] })] },
    { named: 'Principal', of: [queue, queuePolicy(allow('a:b', '*', { Principal: { AWS: ROLE } }))] },
    { named: 'NotAction', of: [role(), policy({ Effect: 'Allow', NotAction: 'a:b', Resource: '*' })] },
    { named: 'NotResource', of: [role(), policy({ Effect: 'Allow', Action: 'a:b', NotResource: '*' })] },
    { named: 'NumericLessThan', of: [role(), policy(allow('a:b', '*', { Condition: { NumericLessThan: {} } }))] },
    {
      named: 'aws:SourceIp',
      of: [role(), policy(allow('a:b', '*', { Condition: { StringEquals: { 'aws:SourceIp': '::1' } } }))],
    },
    {
      named: 'wildcards are not supported',
      of: [role(), policy(allow('a:b', '*', { Condition: { StringEquals: { 'kms:ViaService': 's3.*' } } }))],
    },
    { named: 'StringLike', of: [role(), policy(allow('a:b', '*', { Condition: { StringLike: {} } }))] },
    { named: 'policy variables', of: [role(), policy(allow('a:b', `arn:aws:s3:::b/$\{aws:username}`))] },
    { named: 'worker is no resource', of: [policy(allow('a:b', '*'))] },
    { named: 'is no resource', of: [queuePolicy(allow('a:b', '*', { Principal: { AWS: '*' } }))] },
  ])('$named', ({ named, of }) => {
    expect(() => iam(of)).toThrow(named);
    expect(() => iam(of)).toThrow(RangeError);
    expect(() => iam(of)).toThrow(/^stack\//);
  });
});

describe('sessions', () => {
  test('the same role and name are the same caller, found again by its key', () => {
    const all = iam([role()]);
    const { caller, credentials } = all.assume(ROLE, 'fn');
    expect(all.assume(ROLE, 'fn')).toEqual({ caller, credentials });
    expect(all.callerOf(credentials.accessKeyId)).toBe(caller);
    expect(caller).toMatchObject({ roleArn: ROLE, arn: 'arn:aws:sts::000000000000:assumed-role/worker/fn' });
    expect(caller.senderId).toMatch(/^AROA[0-9A-F]{16}:fn$/);
  });
  test('another process draws other credentials; a stranger has none', () => {
    const key = () => iam([role()]).assume(ROLE, 'fn').credentials.accessKeyId;
    expect(key()).not.toBe(key());
    expect(iam([role()]).callerOf('AKIASTRANGER')).toBeUndefined();
    expect(() => iam([]).assume(ROLE, 'fn')).toThrow(RangeError);
  });
});

test('grants that no allowed call has used are listed, each action and resource for itself', () => {
  const all = iam([
    role(),
    policy(
      allow(['sqs:Send*', 'sqs:GetQueueUrl'], [QUEUE, `${QUEUE}-2`]),
      allow('kms:Decrypt', KEY),
      deny('s3:*', '*'),
    ),
  ]);
  const { caller } = all.assume(ROLE, 'fn');
  all.authorize(caller, [SEND]);
  expect(() => all.authorize(caller, [{ action: 'kms:Encrypt', resource: KEY }])).toThrow();
  expect(all.unused()).toEqual([
    { role: 'worker', action: 'sqs:Send*', resource: `${QUEUE}-2` },
    { role: 'worker', action: 'sqs:GetQueueUrl', resource: QUEUE },
    { role: 'worker', action: 'sqs:GetQueueUrl', resource: `${QUEUE}-2` },
    { role: 'worker', action: 'kms:Decrypt', resource: KEY },
  ]);
});
