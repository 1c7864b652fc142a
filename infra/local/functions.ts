import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { transformSync } from 'esbuild';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import {
  ACCOUNT,
  AwsError,
  type Caller,
  type Functions,
  type Invocation,
  type Machine,
  type Queues,
  REGION,
  type Resource,
  type Service,
  type Urgency,
} from './cloud.ts';
import type { Call, Failure, Said, WorkerData } from './function-worker.ts';
import type { Logs } from './logs.ts';

/** Calls of one function that run at the same time, where it reserves no other number. More wait in line: few threads become quick sooner. */
export const CONCURRENT_EXECUTIONS = Math.max(2, availableParallelism());
/** An environment that nobody called for so long is ended, and its memory is free again. */
const IDLE_MS = 5 * 60_000;
/** Lambda waits a minute, then two, before it tries an asynchronous call again; nobody here has the patience. */
const RETRY_WAITS_MS = [1000, 2000] as const;
/** What importing a bundle may take, beside the first call's own timeout. */
const INIT_MS = 10_000;
const MOST_EVENT_BYTES = 6 * 1024 * 1024;
const MOST_ANSWER_BYTES = MOST_EVENT_BYTES + 100;
/** Calls under way may take so long to finish when the system stops. */
const STOP_MS = 10_000;

const FunctionProperties = z.object({
  Runtime: z.literal('nodejs24.x'),
  Handler: z.string().regex(/^index\.\w+$/, { error: 'only index.<name> is supported' }),
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
  Role: z.string(),
  MemorySize: z.int().min(128).max(10_240).default(128),
  Timeout: z.int().min(1).max(900).default(3),
  ReservedConcurrentExecutions: z.int().min(1).default(CONCURRENT_EXECUTIONS),
  Environment: z.strictObject({ Variables: z.record(z.string(), z.string()).default({}) }).optional(),
  LoggingConfig: z
    .strictObject({ LogFormat: z.enum(['JSON', 'Text']).default('Text'), LogGroup: z.string().optional() })
    .optional(),
  TracingConfig: z.strictObject({ Mode: z.enum(['Active', 'PassThrough']) }).optional(),
});
type FunctionProperties = z.infer<typeof FunctionProperties>;

const EventInvokeConfig = z.object({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumRetryAttempts: z.int().min(0).max(2).default(2),
  MaximumEventAgeInSeconds: z.int().min(60).max(21_600).default(21_600),
  DestinationConfig: z
    .strictObject({ OnFailure: z.strictObject({ Destination: z.string().startsWith('arn:aws:sqs:') }).optional() })
    .optional(),
});
type EventInvokeConfig = z.infer<typeof EventInvokeConfig>;

const CARRIES: Service['carries'] = {
  'AWS::Lambda::Function': {
    properties: Object.keys(FunctionProperties.shape),
    withoutEffect: ['Architectures', 'Description', 'Tags'],
  },
  'AWS::Lambda::EventInvokeConfig': { properties: Object.keys(EventInvokeConfig.shape) },
};

/** How often a function was called and started cold, and how many environments it has now. */
export interface FunctionStats {
  readonly name: string;
  readonly calls: number;
  readonly coldStarts: number;
  /** All cold starts together, from the thread's start until its bundle is imported. */
  readonly coldStartMs: number;
  readonly environments: number;
}

/** What functions lean on. */
export interface FunctionsGiven {
  readonly machine: Machine;
  readonly logs: Logs;
  readonly queues: Queues;
  /** Where the synthesized templates stand, and the bundles beside them. */
  readonly assemblyFolder: string;
}

/**
 * The functions of the templates, each in up to as many threads as it may have concurrent executions. A thread imports
 * the bundle once and is kept for later calls. Between calls it is not frozen, as it would be in Lambda, and tracing
 * goes nowhere.
 */
export function functions(
  given: FunctionsGiven,
): Service & Functions & { stats(): readonly FunctionStats[]; stop(): Promise<void> } {
  // Threads share the time zone of their process, and Lambda's is UTC.
  process.env.TZ = 'UTC';
  const known = new Map<string, LocalFunction>();
  const configs = new Map<string, EventInvokeConfig>();
  const stopping = new AbortController();
  const find = (arn: string): LocalFunction => {
    const found = known.get(arn);
    if (!found) throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
    return found;
  };
  const retiring = setInterval(() => {
    for (const each of known.values()) each.retire(performance.now() - IDLE_MS);
  }, IDLE_MS / 5).unref();
  return {
    carries: CARRIES,
    add(resource) {
      if (resource.type === 'AWS::Lambda::Function') {
        known.set(resource.arn, new LocalFunction(given, resource, propertiesOf(FunctionProperties, resource)));
      } else {
        const config = propertiesOf(EventInvokeConfig, resource);
        configs.set(config.FunctionName.split(':').at(-1) ?? '', config);
      }
    },
    invoke: async (arn, event, urgency = 'answer') => find(arn).invoke(randomUUID(), event, urgency),
    async invokeAsync(arn, event) {
      const called = find(arn);
      const config = configs.get(called.name) ?? EventInvokeConfig.parse({ FunctionName: arn, Qualifier: '$LATEST' });
      await invokeAsync(given, { called, arn, config, event }, stopping.signal);
    },
    callerOf: (arn) => find(arn).caller,
    stats: () => [...known.values()].map((each) => each.stats()),
    async stop() {
      stopping.abort();
      clearInterval(retiring);
      await Promise.all([...known.values()].map((each) => each.stop()));
    },
  };
}

/** @throws AwsError ServiceException when the system stops before it is over */
async function invokeAsync(
  { machine, queues }: FunctionsGiven,
  call: { called: LocalFunction; arn: string; config: EventInvokeConfig; event: unknown },
  stopping: AbortSignal,
): Promise<void> {
  const { called, arn, config, event } = call;
  const requestId = randomUUID();
  const began = performance.now();
  for (let attempt = 1; ; attempt++) {
    const outcome = await called.invoke(requestId, event, 'background');
    if (outcome.ok) return;
    if (stopping.aborted) throw new AwsError('ServiceException', 'this machine is stopping', 500);
    const waitMs = RETRY_WAITS_MS[attempt - 1] ?? 0;
    const tooOld = performance.now() + waitMs - began > config.MaximumEventAgeInSeconds * 1000;
    if (attempt <= config.MaximumRetryAttempts && !tooOld) {
      await wait(waitMs, undefined, { signal: stopping }).catch(() => undefined); // A stop ends the wait.
      continue;
    }
    const destination = config.DestinationConfig?.OnFailure?.Destination;
    const said = `${called.name} failed ${attempt} times (${outcome.errorType}: ${outcome.errorMessage})`;
    if (!destination) return machine.say(`${said}; given up`);
    const { errorType, errorMessage } = outcome;
    const record = {
      version: '1.0',
      timestamp: new Date(machine.clock.now()).toISOString(),
      requestContext: {
        requestId,
        functionArn: `${arn}:$LATEST`,
        condition: tooOld ? 'EventAgeExceeded' : 'RetriesExhausted',
        approximateInvokeCount: attempt,
      },
      requestPayload: event,
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorType, errorMessage },
    };
    try {
      machine.iam.authorize(called.caller, [{ action: 'sqs:SendMessage', resource: destination }]);
      queues.send(destination, { body: JSON.stringify(record), senderId: called.caller.senderId });
      machine.say(`${said}; it goes to ${destination}`);
    } catch (error) {
      machine.say(`${said}; given up, for its failure destination takes nothing either: ${String(error)}`);
    }
    return;
  }
}

/** A call that has its place in the line. */
interface Waiting {
  readonly call: Call;
  readonly settle: (outcome: Invocation) => void;
}

/** One function: its environments, and the calls that wait for one. */
class LocalFunction {
  readonly name: string;
  readonly caller: Caller;
  readonly #given: FunctionsGiven;
  readonly #properties: FunctionProperties;
  readonly #worker: {
    readonly data: Omit<WorkerData, 'background'>;
    readonly env: Record<string, string>;
    readonly execArgv: string[];
  };
  readonly #environments = new Set<Environment>();
  /** The one used last stands at the end and is used first: the others become idle and are retired. */
  readonly #idle: Environment[] = [];
  readonly #line: Waiting[] = [];
  readonly #group: string;
  #mayLog: boolean | undefined;
  #calls = 0;
  #background = false;
  #coldStarts = 0;
  #coldStartMs = 0;
  #stopping = false;

  /** @throws RangeError for code that is no bundled asset, and for options of Node that are not supported */
  constructor(given: FunctionsGiven, resource: Resource, properties: FunctionProperties) {
    const { machine, assemblyFolder } = given;
    const refuse = (what: string) => new RangeError(`${resource.stack}/${resource.logicalId}: ${what}`);
    const asset = resource.metadata['aws:asset:path'];
    if (typeof asset !== 'string') throw refuse('Code without the metadata aws:asset:path is not supported');
    const root = resolve(assemblyFolder, asset);
    const file = join(root, 'index.mjs');
    if (!existsSync(file)) throw refuse(`the Handler ${properties.Handler} needs ${file}, which is missing`);
    const variables = properties.Environment?.Variables ?? {};
    const execArgv = (variables.NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
    const unknown = execArgv.find((option) => option !== '--enable-source-maps');
    if (unknown) throw refuse(`${unknown} in NODE_OPTIONS is not supported`);
    const { caller, credentials } = machine.iam.assume(properties.Role, resource.name);
    this.name = resource.name;
    this.caller = caller;
    this.#given = given;
    this.#properties = properties;
    this.#group = properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${resource.name}`;
    const context = {
      functionName: resource.name,
      functionVersion: '$LATEST',
      invokedFunctionArn: resource.arn,
      memoryLimitInMB: String(properties.MemorySize),
      logGroupName: this.#group,
    };
    const handler = properties.Handler.slice('index.'.length);
    this.#worker = {
      data: { file, handler, offset: machine.clock.offset, context, mostAnswerBytes: MOST_ANSWER_BYTES },
      execArgv,
      env: {
        ...variables,
        ...lambdaVariables(resource.name, root, this.#group, properties),
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
        AWS_ENDPOINT_URL: machine.url,
      },
    };
  }

  /** Never rejects. */
  invoke(requestId: string, event: unknown, urgency: Urgency): Promise<Invocation> {
    if (this.#calls++ === 0) {
      this.#background = urgency === 'background';
      this.#useTracing();
    }
    const json = JSON.stringify(event) ?? 'null';
    if (json.length * 3 > MOST_EVENT_BYTES && Buffer.byteLength(json) > MOST_EVENT_BYTES)
      return Promise.resolve(failed('RequestTooLargeException', `the event has more than ${MOST_EVENT_BYTES} bytes`));
    if (this.#stopping) return Promise.resolve(STOPPING);
    const call = { requestId, event: json, timeoutMs: this.#properties.Timeout * 1000 };
    return new Promise((settle) => {
      this.#line.push({ call, settle });
      this.#next();
    });
  }

  stats(): FunctionStats {
    const [calls, coldStarts, coldStartMs] = [this.#calls, this.#coldStarts, this.#coldStartMs];
    return { name: this.name, calls, coldStarts, coldStartMs, environments: this.#environments.size };
  }

  /** Ends what has been idle since before a time. */
  retire(before: number): void {
    while (this.#idle[0] && this.#idle[0].idleSince < before) void this.#idle.shift()?.end();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { settle } of this.#line.splice(0)) settle(STOPPING);
    const busy = [...this.#environments].map((environment) => environment.free());
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((done) => {
      timer = setTimeout(done, STOP_MS);
    });
    await Promise.race([Promise.all(busy), enough]);
    clearTimeout(timer);
    await Promise.all([...this.#environments].map((environment) => environment.end()));
  }

  #next(): void {
    if (this.#line.length === 0) return;
    const environment = this.#idle.pop() ?? this.#start();
    if (!environment) return;
    const waiting = this.#line.shift();
    if (!waiting) return;
    environment.carryOut(waiting.call, waiting.settle);
  }

  #start(): Environment | undefined {
    if (this.#environments.size >= this.#properties.ReservedConcurrentExecutions) return undefined;
    this.#coldStarts++;
    const began = performance.now();
    const stream = streamName(this.#given.machine.clock.now());
    const environment: Environment = new Environment(
      { ...this.#worker, stream, memoryMb: this.#properties.MemorySize, background: this.#background },
      {
        ready: () => {
          this.#coldStartMs += performance.now() - began;
        },
        free: () => {
          this.#idle.push(environment);
          this.#next();
        },
        gone: () => {
          this.#environments.delete(environment);
          const at = this.#idle.indexOf(environment);
          if (at >= 0) this.#idle.splice(at, 1);
          this.#next();
        },
        log: (line, requestId) => this.#log(stream, line, requestId),
      },
    );
    this.#environments.add(environment);
    return environment;
  }

  /** A function of JSON logs writes JSON, as Lambda makes it of a plain line. */
  #log(stream: string, message: string | Failure, requestId: string | undefined): void {
    const { machine, logs } = this.#given;
    const resource = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${this.#group}:log-stream:${stream}`;
    this.#mayLog ??= this.#isAllowed('logs nothing', [
      { action: 'logs:CreateLogStream', resource },
      { action: 'logs:PutLogEvents', resource },
    ]);
    if (!this.#mayLog) return;
    const isText = this.#properties.LoggingConfig?.LogFormat !== 'JSON';
    const asIs = typeof message === 'string' && (isText || message.startsWith('{'));
    const timestamp = new Date(machine.clock.now()).toISOString();
    const level = typeof message === 'string' ? 'INFO' : 'ERROR';
    logs.write(this.#group, stream, asIs ? message : JSON.stringify({ timestamp, level, requestId, message }));
  }

  /** There is no X-Ray here; what tracing needs of the role is needed all the same. */
  #useTracing(): void {
    if (this.#properties.TracingConfig?.Mode !== 'Active') return;
    const actions = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];
    this.#isAllowed(
      'would trace nothing on AWS',
      actions.map((action) => ({ action, resource: '*' })),
    );
  }

  #isAllowed(otherwise: string, demands: Parameters<Machine['iam']['authorize']>[1]): boolean {
    const { machine } = this.#given;
    try {
      machine.iam.authorize(this.caller, demands);
      return true;
    } catch (error) {
      machine.say(`${this.name} ${otherwise}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }
}

/** What Lambda sets, and nothing of the person's own environment. */
function lambdaVariables(name: string, root: string, group: string, properties: FunctionProperties) {
  return {
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.MemorySize),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_FORMAT: properties.LoggingConfig?.LogFormat ?? 'Text',
    AWS_LAMBDA_LOG_GROUP_NAME: group,
    AWS_DEFAULT_REGION: REGION,
    AWS_REGION: REGION,
    // The SDK looks for a folder .aws in it; there is none here.
    HOME: root,
    LAMBDA_TASK_ROOT: root,
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: ':UTC',
    _HANDLER: properties.Handler,
  };
}

function streamName(now: number): string {
  return `${new Date(now).toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${randomBytes(16).toString('hex')}`;
}

function failed(errorType: string, errorMessage: string): Invocation {
  return { ok: false, errorType, errorMessage };
}

const STOPPING = failed('ServiceException', 'this machine is stopping');

/** The thread's entry without its types: a thread that strips them itself starts 40 ms later. */
const entry = () => {
  entryText ??= transformSync(readFileSync(join(import.meta.dirname, 'function-worker.ts'), 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node24',
  }).code;
  return entryText;
};
let entryText: string | undefined;

/** What an environment tells its function. */
interface Heard {
  readonly ready: () => void;
  /** It can take the next call. */
  readonly free: () => void;
  readonly gone: () => void;
  /** A line that the function wrote, or what failed. */
  readonly log: (line: string | Failure, requestId: string | undefined) => void;
}

/** One execution environment: a thread that carries out one call at a time, and is given up when a call breaks it. */
class Environment {
  idleSince = performance.now();
  readonly #worker: Worker;
  readonly #heard: Heard;
  #current: { readonly call: Call; readonly settle: (outcome: Invocation) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isReady = false;
  #ending = false;
  #crash: unknown;
  #whenFree: (() => void)[] = [];

  constructor(
    given: {
      readonly data: Omit<WorkerData, 'background'>;
      readonly env: Record<string, string>;
      readonly execArgv: string[];
      readonly stream: string;
      readonly memoryMb: number;
      readonly background: boolean;
    },
    heard: Heard,
  ) {
    const { data, env, execArgv, stream, memoryMb, background } = given;
    const workerData: WorkerData = { ...data, background, context: { ...data.context, logStreamName: stream } };
    this.#heard = heard;
    this.#worker = new Worker(entry(), {
      eval: true,
      workerData,
      env: { ...env, AWS_LAMBDA_LOG_STREAM_NAME: stream },
      execArgv,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    this.#worker.on('message', (said: Said) => this.#listen(said));
    this.#worker.on('error', (error) => {
      this.#crash = error;
    });
    this.#worker.on('exit', (code) => this.#gone(code));
    this.#logLines(this.#worker.stdout);
    this.#logLines(this.#worker.stderr);
  }

  carryOut(call: Call, settle: (outcome: Invocation) => void): void {
    this.#current = { call, settle };
    this.#worker.postMessage(call);
    this.#limit(this.#isReady ? call.timeoutMs : INIT_MS + call.timeoutMs);
  }

  /** Resolves when no call is under way. */
  free(): Promise<void> {
    return this.#current ? new Promise((done) => this.#whenFree.push(done)) : Promise.resolve();
  }

  async end(): Promise<void> {
    this.#ending = true;
    await this.#worker.terminate();
  }

  #limit(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const { requestId, timeoutMs } = this.#current?.call ?? { requestId: '', timeoutMs: 0 };
      const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
      this.#fail({ errorType: 'Sandbox.Timedout', errorMessage });
      void this.end();
    }, ms);
  }

  #listen(said: Said): void {
    switch (said.kind) {
      case 'ready':
        this.#isReady = true;
        this.#heard.ready();
        if (this.#current) this.#limit(this.#current.call.timeoutMs);
        return;
      case 'answer':
        this.#settle({ ok: true, result: JSON.parse(said.json) });
        this.#rest();
        return;
      case 'failure':
        this.#fail(said);
        this.#rest();
        return;
      case 'broken':
        this.#fail(said);
        void this.end();
        return;
    }
  }

  #rest(): void {
    if (this.#ending) return;
    this.idleSince = performance.now();
    this.#heard.free();
  }

  #gone(code: number): void {
    if (this.#current) this.#fail(crashed(this.#current.call.requestId, this.#crash, code));
    this.#heard.gone();
  }

  #fail({ errorType, errorMessage, stackTrace }: Failure): void {
    const requestId = this.#current?.call.requestId;
    const message = { errorType, errorMessage, stackTrace };
    this.#heard.log(message, requestId);
    this.#settle(failed(errorType, errorMessage));
  }

  #settle(outcome: Invocation): void {
    clearTimeout(this.#timer);
    const settled = this.#current;
    this.#current = undefined;
    settled?.settle(outcome);
    for (const done of this.#whenFree.splice(0)) done();
  }

  #logLines(output: Readable): void {
    let rest = '';
    output.setEncoding('utf8');
    output.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#heard.log(line, this.#current?.call.requestId);
    });
    output.on('end', () => {
      if (rest !== '') this.#heard.log(rest, undefined);
    });
  }
}

/** A thread that ended during a call, in Lambda's words. */
function crashed(requestId: string, crash: unknown, code: number): Failure {
  const exited = (how: string): Failure => ({
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestId} Error: Runtime exited ${how}`,
  });
  if (crash instanceof Error) {
    if ('code' in crash && crash.code === 'ERR_WORKER_OUT_OF_MEMORY') return exited('with error: signal: killed');
    const stackTrace = crash.stack?.split('\n') ?? [];
    return { errorType: crash.name, errorMessage: crash.message, stackTrace };
  }
  return code === 0 ? exited('without providing a reason') : exited(`with error: exit status ${code}`);
}
