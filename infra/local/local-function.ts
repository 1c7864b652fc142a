import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { ACCOUNT, type Caller, type Invocation, type Machine, REGION, type Resource, type Urgency } from './cloud.ts';
import { Environment, type Waiting } from './function-environment.ts';
import type { Failure } from './function-worker.ts';
import type { Logs } from './logs.ts';

/** Calls of one function that run at the same time; more wait in line. Few threads become quick sooner. */
const CONCURRENT_EXECUTIONS = Math.max(2, availableParallelism());
/** Of an event, and of an answer. */
const MOST_BYTES = 6 * 1024 * 1024;
/** Calls under way may take so long to finish when the system stops. */
const STOP_MS = 10_000;
const STOPPING = { ok: false, errorType: 'ServiceException', errorMessage: 'this machine is stopping' } as const;

export const FunctionProperties = z.object({
  Runtime: z.literal('nodejs24.x'),
  Handler: z.literal('index.handler'),
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
  Role: z.string(),
  MemorySize: z.int(),
  Timeout: z.int(),
  Environment: z.strictObject({
    Variables: z.object({ NODE_OPTIONS: z.literal('--enable-source-maps') }).catchall(z.string()),
  }),
  LoggingConfig: z.strictObject({ LogFormat: z.literal('JSON'), LogGroup: z.string() }),
  TracingConfig: z.strictObject({ Mode: z.literal('Active') }),
});
type FunctionProperties = z.infer<typeof FunctionProperties>;

/** What a function leans on. */
export interface FunctionGiven {
  readonly machine: Machine;
  readonly logs: Logs;
  /** Where the synthesized templates stand, and the bundles beside them. */
  readonly assemblyFolder: string;
  /** @default {@link CONCURRENT_EXECUTIONS} */
  readonly concurrentExecutions?: number;
}

/** One function: its environments, and the calls that wait for one. */
export class LocalFunction {
  readonly name: string;
  readonly arn: string;
  readonly caller: Caller;
  readonly #given: FunctionGiven;
  readonly #environs: ReturnType<typeof environsOf>;
  readonly #group: string;
  readonly #environments = new Set<Environment>();
  /** The one used last stands at the end and is used first: the others become idle and are ended. */
  readonly #idle: Environment[] = [];
  readonly #line: Waiting[] = [];
  #mayLog = false;
  #calls = 0;
  #coldStarts = 0;
  #stopping = false;

  /** @throws RangeError for a property that is not supported, and for code that is no bundled asset */
  constructor(given: FunctionGiven, resource: Resource) {
    const properties = propertiesOf(FunctionProperties, resource);
    this.name = resource.name;
    this.arn = resource.arn;
    this.caller = given.machine.iam.assume(properties.Role, resource.name).caller;
    this.#given = given;
    this.#environs = environsOf(given, resource, properties);
    this.#group = properties.LoggingConfig.LogGroup;
  }

  /** Never rejects. */
  async invoke(requestId: string, event: unknown, urgency: Urgency): Promise<Invocation> {
    if (this.#calls++ === 0) this.#begin(urgency);
    const json = JSON.stringify(event) ?? 'null';
    if (Buffer.byteLength(json) > MOST_BYTES) {
      const errorMessage = `the event has more than ${MOST_BYTES} bytes`;
      return { ok: false, errorType: 'RequestTooLargeException', errorMessage };
    }
    if (this.#stopping) return STOPPING;
    return new Promise((settle) => {
      this.#line.push({ call: { requestId, event: json }, settle });
      this.#next();
    });
  }

  /** How often it was called and started cold, and how many environments it has now. */
  stats() {
    const [calls, coldStarts] = [this.#calls, this.#coldStarts];
    return { name: this.name, calls, coldStarts, environments: this.#environments.size };
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { settle } of this.#line.splice(0)) settle(STOPPING);
    const deadline = performance.now() + STOP_MS;
    while (this.#environments.size > this.#idle.length && performance.now() < deadline) await wait(10);
    await Promise.all([...this.#environments].map((environment) => environment.end()));
  }

  /** What its role must allow for logs, and for tracing, though there is no X-Ray here. */
  #begin(urgency: Urgency): void {
    this.#environs.data.background = urgency === 'background';
    const stream = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${this.#group}:log-stream:any`;
    this.#mayLog = this.#isAllowed('logs nothing', stream, 'logs:CreateLogStream', 'logs:PutLogEvents');
    this.#isAllowed('would trace nothing on AWS', '*', 'xray:PutTraceSegments', 'xray:PutTelemetryRecords');
  }

  #isAllowed(otherwise: string, resource: string, ...actions: string[]): boolean {
    const { iam, say } = this.#given.machine;
    const demands = actions.map((action) => ({ action, resource }));
    try {
      iam.authorize(this.caller, demands);
      return true;
    } catch (error) {
      say(`${this.name} ${otherwise}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  #next(): void {
    if (this.#line.length === 0) return;
    const environment = this.#idle.pop() ?? this.#start();
    const waiting = environment && this.#line.shift();
    if (waiting) environment.carryOut(waiting);
  }

  #start(): Environment | undefined {
    const { machine, concurrentExecutions = CONCURRENT_EXECUTIONS } = this.#given;
    if (this.#environments.size >= concurrentExecutions) return undefined;
    this.#coldStarts++;
    const day = new Date(machine.clock.now()).toISOString().slice(0, 10).replaceAll('-', '/');
    const stream = `${day}/[$LATEST]${randomBytes(16).toString('hex')}`;
    const started = new Environment({
      ...this.#environs,
      aws: machine.call,
      free: (environment) => {
        this.#idle.push(environment);
        this.#next();
      },
      gone: (environment) => {
        this.#environments.delete(environment);
        const at = this.#idle.indexOf(environment);
        if (at >= 0) this.#idle.splice(at, 1);
        this.#next();
      },
      log: (line, requestId) => this.#log(stream, line, requestId),
    });
    this.#environments.add(started);
    return started;
  }

  /** A plain line becomes JSON, as Lambda makes it. */
  #log(stream: string, message: string | Failure, requestId: string | undefined): void {
    if (!this.#mayLog) return;
    const isJson = typeof message === 'string' && message.startsWith('{');
    const timestamp = new Date(this.#given.machine.clock.now()).toISOString();
    const level = typeof message === 'string' ? 'INFO' : 'ERROR';
    const line = isJson ? message : JSON.stringify({ timestamp, level, requestId, message });
    this.#given.logs.write(this.#group, stream, line);
  }
}

/** What each of its threads is given: the template's variables and Lambda's, and nothing of the person's own. */
function environsOf({ machine, assemblyFolder }: FunctionGiven, resource: Resource, properties: FunctionProperties) {
  const { stack, logicalId, name, arn, metadata } = resource;
  const root = resolve(assemblyFolder, String(metadata['aws:asset:path']));
  const file = join(root, 'index.mjs');
  if (!existsSync(file)) throw new RangeError(`${stack}/${logicalId}: its Code needs ${file}, which is missing`);
  const { credentials } = machine.iam.assume(properties.Role, name);
  const env = {
    ...properties.Environment.Variables,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_ENDPOINT_URL: machine.url,
    HOME: root, // The SDK looks for a folder .aws in it; there is none here.
    TZ: ':UTC',
  };
  const context = {
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: String(properties.MemorySize),
  };
  const { clock, url } = machine;
  const limits = { timeoutMs: properties.Timeout * 1000, mostBytes: MOST_BYTES };
  const data = { file, offset: clock.offset, context, ...limits, background: false, url };
  return { data, env, memoryMb: properties.MemorySize };
}
