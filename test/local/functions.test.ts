import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { AwsError, type Demand, type Iam, type Invocation, type Queues } from '#infra/local/cloud.ts';
import { functions } from '#infra/local/functions.ts';
import { ALLOWS_ALL, machineFor, resource } from './wire-server.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:thing';
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

describe('a call of a function', () => {
  test('is answered with what the handler returned, as JSON says it', async () => {
    const { call } = await running(
      'export const handler = async (event) => ({ event, none: undefined, at: new Date(0) })',
    );
    expect(await call({ a: 1 })).toEqual({ ok: true, result: { event: { a: 1 }, at: '1970-01-01T00:00:00.000Z' } });
  });

  test('is answered with null by a handler that returns nothing', async () => {
    const { call } = await running('export const handler = async () => {}');
    expect(await call({})).toEqual({ ok: true, result: null });
  });

  test('fails with the type and message of what the handler threw, and the environment is used again', async () => {
    const { call, ours, lines } = await running(
      'export const handler = async () => { throw new TypeError("no such thing") }',
    );
    const failure = { ok: false, errorType: 'TypeError', errorMessage: 'no such thing' };
    expect([await call({}), await call({})]).toEqual([failure, failure]);
    expect(ours.stats()).toMatchObject([{ name: 'thing', calls: 2, coldStarts: 1, environments: 1 }]);
    expect(lines[0]).toMatch(/"level":"ERROR".*no such thing.*index\.mjs/);
  });

  test('is told its context', async () => {
    const { call } = await running(
      'export const handler = async (_, context) => ({ ...context, left: context.getRemainingTimeInMillis() })',
    );
    const told = await call({});
    expect(told).toMatchObject({
      result: {
        functionName: 'thing',
        functionVersion: '$LATEST',
        invokedFunctionArn: ARN,
        memoryLimitInMB: '512',
        awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        left: expect.any(Number),
      },
    });
  });

  test('fails when its answer is over six megabytes', async () => {
    const { call } = await running('export const handler = async () => "x".repeat(6 * 1024 * 1024 + 100)');
    expect(await call({})).toMatchObject({ ok: false, errorType: 'Function.ResponseSizeTooLarge' });
  });

  test('fails when its answer is no JSON', async () => {
    const { call } = await running('export const handler = async () => 1n');
    expect(await call({})).toMatchObject({ ok: false, errorType: 'TypeError' });
  });

  test('costs well under a millisecond once the environment is warm', async () => {
    const { call } = await running('export const handler = async (event) => event');
    for (let i = 0; i < 100; i++) await call({ i });
    const began = performance.now();
    for (let i = 0; i < 500; i++) await call({ i });
    expect((performance.now() - began) / 500).toBeLessThan(1);
  });

  test('counts with its time, also when it fails', async () => {
    const { call, ours, counts } = await running(
      'export const handler = async () => { throw new Error("no") }',
      {},
      { config: { MaximumRetryAttempts: 0 } },
    );
    await call({});
    await ours.invokeAsync(ARN, {});
    expect(counts).toEqual([
      ['lambda', 'Invoke', 'thing', { ms: expect.any(Number) }],
      ['lambda', 'InvokeAsync', 'thing', { ms: expect.any(Number) }],
    ]);
  });

  test('of a function that nobody knows is refused', async () => {
    const { ours } = await running('export const handler = async () => 1');
    await expect(ours.invoke(`${ARN}-other`, {})).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  });
});

describe('an environment that breaks', () => {
  test('for taking too long fails the call at its timeout and is replaced', async () => {
    const { call } = await running(
      'export const handler = async ({ hang }) => { while (hang); return "fine" }',
      {
        Timeout: 1,
      },
      { concurrent: 1 },
    );
    await call({});
    const [hanging, next] = [call({ hang: true }), call({})];
    expect(await hanging).toEqual({
      ok: false,
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: .* Error: Task timed out after 1\.00 seconds$/),
    });
    expect(await next).toEqual({ ok: true, result: 'fine' });
  });

  test.each([
    { how: 'process.exit(7)', errorType: 'Runtime.ExitError', says: 'Runtime exited with status 7' },
    { how: 'process.exit(0)', errorType: 'Runtime.ExitError', says: 'Runtime exited with status 0' },
    {
      how: 'Promise.reject(new Error("boom")); await new Promise(() => setTimeout(() => {}, 5000))',
      errorType: 'Runtime.UnhandledPromiseRejection',
      says: 'Error: boom',
    },
    {
      how: 'setTimeout(() => { throw new RangeError("late") }, 1); await new Promise(() => setTimeout(() => {}, 5000))',
      errorType: 'RangeError',
      says: 'late',
    },
    {
      how: 'const kept = []; while (true) kept.push(new Array(100_000).fill({}))',
      errorType: 'Error',
      says: 'reaching memory limit',
    },
  ])('by $how fails the call and is replaced', async ({ how, errorType, says }) => {
    const { call, ours } = await running(
      `export const handler = async ({ crash }) => { if (crash) { ${how} } return "fine" }`,
      { MemorySize: 128 },
      { concurrent: 1 },
    );
    const [crashing, next] = [call({ crash: true }), call({})];
    expect(await crashing).toEqual({ ok: false, errorType, errorMessage: expect.stringContaining(says) });
    expect(await next).toEqual({ ok: true, result: 'fine' });
    expect(ours.stats()).toMatchObject([{ coldStarts: 2, environments: 1 }]);
  });

  test.each([
    { bundle: 'throw new RangeError("a variable is missing")', errorType: 'RangeError', says: 'a variable is missing' },
    {
      bundle: 'throw Object.assign(new Error("of no shape"), { name: "Custom", how: () => 1 })',
      errorType: 'Custom',
      says: 'of no shape',
    },
    { bundle: 'throw "no error at all"', errorType: 'string', says: 'no error at all' },
    { bundle: 'export const other = 1', errorType: 'Runtime.HandlerNotFound', says: 'not exported' },
    { bundle: 'export const = 1', errorType: 'SyntaxError', says: 'Unexpected token' },
  ])('while importing ($says) fails every call', async ({ bundle, errorType, says }) => {
    const { call } = await running(bundle);
    const failure = { ok: false, errorType, errorMessage: expect.stringContaining(says) };
    expect([await call({}), await call({})]).toEqual([failure, failure]);
  });
});

describe('calls at the same time', () => {
  const COUNTING =
    'let calls = 0; export const handler = async ({ ms = 50, i }) => { calls++; await new Promise((done) => setTimeout(done, ms)); return { i, calls } }';

  test('have an environment each, up to so many, and the others wait in order', async () => {
    const { call, ours } = await running(COUNTING, {}, { concurrent: 2 });
    const order: number[] = [];
    const calls = [0, 1, 2, 3, 4, 5].map(async (i) => {
      await call({ i });
      order.push(i);
    });
    await Promise.all(calls);
    expect(ours.stats()).toMatchObject([{ calls: 6, coldStarts: 2, environments: 2 }]);
    expect(order.filter((i) => i % 2 === 0)).toEqual([0, 2, 4]);
  });

  test('one after the other share the environment that was used last', async () => {
    const { call } = await running(COUNTING);
    const answers = [await call({ ms: 0 }), await call({ ms: 0 }), await call({ ms: 0 })];
    expect(answers).toMatchObject([{ result: { calls: 1 } }, { result: { calls: 2 } }, { result: { calls: 3 } }]);
  });

  test('finish when the system stops, and those in line are refused', async () => {
    const { call, ours } = await running(COUNTING, {}, { concurrent: 1 });
    await call({});
    const [underWay, inLine] = [call({ ms: 200 }), call({})];
    await ours.stop();
    expect(await underWay).toMatchObject({ ok: true });
    expect(await inLine).toMatchObject({ ok: false, errorType: 'ServiceException' });
    expect(ours.stats()).toMatchObject([{ environments: 0 }]);
  });
});

describe('inside a function', () => {
  test('the clock is the moved one, in all the ways in which a program asks Date', async () => {
    const bundle = `export const handler = async () => {
      class Later extends Date {}
      return { times: [Date.now(), new Date().getTime(), new Later().getTime(), new (new Date().constructor)().getTime(), Date.parse(Date())],
        given: new Date(5).getTime(), parts: new Date(2020, 1, 2).toISOString(),
        same: new Later() instanceof Date && new Date() instanceof Date && new Date().constructor === Date }
    }`;
    const { call, machine } = await running(bundle);
    await call({});
    machine.clock.moveTo(Date.parse('2031-05-01T00:00:00Z'));
    const answer = await call({});
    if (!answer.ok) throw new Error(answer.errorMessage);
    expect(answer.result).toMatchObject({ given: 5, parts: '2020-02-02T00:00:00.000Z', same: true });
    for (const time of Object(answer.result).times) {
      expect(new Date(time).toISOString()).toMatch(/^2031-05-01T00:00:/);
    }
  });

  test('there are the variables of the template and of Lambda, and nothing of this machine', async () => {
    process.env.SECRET_OF_THE_HOST = 'seen';
    const { call } = await running('export const handler = async () => process.env');
    const answer = await call({});
    delete process.env.SECRET_OF_THE_HOST;
    expect(answer).toMatchObject({
      result: {
        OURS: 'given',
        AWS_REGION: 'us-east-1',
        AWS_LAMBDA_FUNCTION_NAME: 'thing',
        AWS_ENDPOINT_URL: 'http://127.0.0.1:4400',
        AWS_ACCESS_KEY_ID: 'key of role and thing',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_SESSION_TOKEN: 'session',
      },
    });
    expect(JSON.stringify(answer)).not.toContain('SECRET_OF_THE_HOST');
  });

  test('what is written goes to the log group, plain lines as JSON with their request', async () => {
    const { call, lines } = await running(
      'export const handler = async () => { console.log("plain"); console.error(JSON.stringify({ level: "WARN" })) }',
    );
    await call({});
    await until(() => lines.length === 2);
    expect(lines.join('\n')).toMatch(/"level":"INFO".*"message":"plain"/);
    expect(lines).toContain('{"level":"WARN"}');
  });

  test.each([
    'process.exit(7)',
    'setTimeout(() => { throw new RangeError("late") }); await new Promise(() => {})',
    'await new Promise(() => setTimeout(() => {}, 5000))',
  ])('what is written before %s is kept, a line without an end as well', async (end) => {
    const { call, lines } = await running(
      `export const handler = async () => { process.stdout.write("first\\nwithout an end"); ${end} }`,
      { Timeout: 1 },
    );
    expect(await call({})).toMatchObject({ ok: false });
    await until(() => lines.some((line) => line.includes('without an end')));
    expect(lines.some((line) => line.includes('"message":"first"'))).toBe(true);
  });

  test('whoever writes is told when it is taken, and bytes are text', async () => {
    const { call, lines } = await running(
      'export const handler = () => new Promise((done) => process.stdout.write(Buffer.from("超時\\n"), () => done("written")))',
    );
    expect(await call({})).toEqual({ ok: true, result: 'written' });
    await until(() => lines.some((line) => line.includes('"message":"超時"')));
  });
});

describe('what the role must allow', () => {
  test('is asked once for logs and tracing; without it lines are dropped, which is said once', async () => {
    const demands: Demand[] = [];
    const iam: Iam = {
      ...ALLOWS_ALL,
      authorize(_, asked) {
        demands.push(...asked);
        if (asked.some(({ action }) => action.startsWith('logs:')))
          throw new AwsError('AccessDeniedException', 'not allowed to log');
      },
    };
    const { call, lines, machine } = await running('export const handler = async () => console.log("x")', {}, { iam });
    await call({});
    await call({});
    await until(() => machine.said.length > 0);
    expect(lines).toEqual([]);
    expect(machine.said).toEqual(['thing logs nothing: not allowed to log']);
    expect(demands.map(({ action }) => action)).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'xray:PutTraceSegments',
      'xray:PutTelemetryRecords',
    ]);
    expect(demands[0]?.resource).toMatch(/^arn:aws:logs:us-east-1:000000000000:log-group:group:log-stream:/);
  });
});

describe('an asynchronous call', () => {
  const FAILING =
    'let calls = 0; export const handler = async ({ until }) => { if (++calls < until) throw new Error("not yet") }';

  test('is tried again until it succeeds', async () => {
    const { ours, sent } = await running(FAILING, {}, { config: { MaximumRetryAttempts: 1 } });
    await ours.invokeAsync(ARN, { until: 2 });
    expect(ours.stats()).toMatchObject([{ calls: 2 }]);
    expect(sent).toEqual([]);
  });

  test('goes to the failure destination when its retries are used up', async () => {
    const { ours, sent } = await running(FAILING, {}, { config: { MaximumRetryAttempts: 0 } });
    await ours.invokeAsync(ARN, { until: 9 });
    expect(sent).toMatchObject([
      {
        version: '1.0',
        requestContext: { functionArn: `${ARN}:$LATEST`, condition: 'RetriesExhausted', approximateInvokeCount: 1 },
        requestPayload: { until: 9 },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: { errorType: 'Error', errorMessage: 'not yet' },
      },
    ]);
  });

  test('is said to be given up when the role may not send to the failure destination', async () => {
    const iam: Iam = {
      ...ALLOWS_ALL,
      authorize(_, [demand]) {
        if (demand?.action === 'sqs:SendMessage') throw new AwsError('AccessDeniedException', 'not allowed to send');
      },
    };
    const { ours, sent, machine } = await running(FAILING, {}, { iam, config: { MaximumRetryAttempts: 0 } });
    await ours.invokeAsync(ARN, { until: 9 });
    expect(sent).toEqual([]);
    expect(machine.said.join()).toContain('not allowed to send');
  });

  test('rejects when the system stops between two attempts, for it is not over', async () => {
    const { ours } = await running(FAILING, {}, { config: { MaximumRetryAttempts: 2 } });
    const over = ours.invokeAsync(ARN, { until: 9 });
    const refused = expect(over).rejects.toMatchObject({ code: 'ServiceException' });
    await wait(200);
    await ours.stop();
    await refused;
  });
});

describe('a call without anyone waiting is refused before it is made', () => {
  test('of a function that does not stand, or has no configuration for it', async () => {
    const { ours } = await running('', {});
    expect(() => ours.refuseNotAsync(ARN)).toThrow(new RangeError('the function thing has no EventInvokeConfig'));
    expect(() => ours.refuseNotAsync(`${ARN}2`)).toThrow(RangeError);
    const { ours: configured } = await running('', {}, { config: { MaximumRetryAttempts: 0 } });
    expect(() => configured.refuseNotAsync(ARN)).not.toThrow();
  });

  test('with a failure destination that does not stand', async () => {
    const visible = (arn: string) => {
      throw new AwsError('AWS.SimpleQueueService.NonExistentQueue', `no queue ${arn}`);
    };
    const { ours } = await running('', {}, { config: { MaximumRetryAttempts: 0 }, visible });
    expect(() => ours.start?.()).toThrow(/^stack\/thing .*the queue .*:missed does not stand on this machine$/);
  });
});

describe('what is not supported', () => {
  test.each([
    { title: 'another runtime', properties: { Runtime: 'python3.13' }, says: /stack\/thing .*Runtime = "python3.13"/ },
    {
      title: 'another option of Node',
      properties: { Environment: { Variables: { NODE_OPTIONS: '--prof' } } },
      says: /--prof/,
    },
    { title: 'inline code', properties: { Code: { ZipFile: '' } }, says: /Code/ },
  ])('is refused by name: $title', async ({ properties, says }) => {
    await expect(running('', properties)).rejects.toThrow(says);
  });
});

async function running(
  bundle: string,
  properties: Record<string, unknown> = {},
  {
    iam = ALLOWS_ALL,
    config,
    concurrent,
    visible = () => 0,
  }: { iam?: Iam; config?: Record<string, unknown>; concurrent?: number; visible?: Queues['visible'] } = {},
) {
  const assemblyFolder = mkdtempSync(join(tmpdir(), 'assembly-'));
  const asset = `asset.${randomUUID()}`;
  mkdirSync(join(assemblyFolder, asset));
  writeFileSync(join(assemblyFolder, asset, 'index.mjs'), bundle);
  const counts: unknown[] = [];
  const machine = machineFor({
    count: (...call) => void counts.push(call),
    iam: {
      ...iam,
      assume: (role, session) => ({
        caller: ALLOWS_ALL.assume(role, session).caller,
        credentials: {
          accessKeyId: `key of ${role} and ${session}`,
          secretAccessKey: 'secret',
          sessionToken: 'session',
        },
      }),
    },
  });
  const [lines, sent]: [string[], unknown[]] = [[], []];
  const logs = { write: (_group: string, _stream: string, line: string) => void lines.push(line) };
  const send: Queues['send'] = (_arn, { body }) => String(sent.push(JSON.parse(body)));
  const ours = functions({
    machine,
    logs,
    queues: { ...NO_QUEUES, send, visible },
    assemblyFolder,
    concurrentExecutions: concurrent,
  });
  stops.push(() => ours.stop());
  const given = {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { S3Bucket: 'assets', S3Key: 'key' },
    Role: 'role',
    MemorySize: 512,
    Timeout: 20,
    Environment: { Variables: { OURS: 'given', NODE_OPTIONS: '--enable-source-maps' } },
    LoggingConfig: { LogFormat: 'JSON', LogGroup: 'group' },
    TracingConfig: { Mode: 'Active' },
    ...properties,
  };
  await ours.add({ ...resource('AWS::Lambda::Function', given, { arn: ARN }), metadata: { 'aws:asset:path': asset } });
  if (config) {
    const OnFailure = { Destination: 'arn:aws:sqs:us-east-1:000000000000:missed' };
    const whole = {
      FunctionName: 'thing',
      Qualifier: '$LATEST',
      DestinationConfig: { OnFailure },
      MaximumEventAgeInSeconds: 300,
      ...config,
    };
    await ours.add(resource('AWS::Lambda::EventInvokeConfig', whole));
  }
  const call = (event: unknown): Promise<Invocation> => ours.invoke(ARN, event);
  return { ours, call, machine, lines, sent, counts };
}

const unused = () => {
  throw new Error('functions send only');
};
const NO_QUEUES: Queues = {
  send: unused,
  sendAll: unused,
  visible: unused,
  receive: unused,
  delete: unused,
  onMessages: unused,
};

async function until(met: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !met(); tries++) await wait(10);
}
