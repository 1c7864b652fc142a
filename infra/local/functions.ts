import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { propertiesOf, refuseMissingQueue } from './checked.ts';
import { AwsError, type Functions, type Queues, type Resource, type Service } from './cloud.ts';
import { type FunctionGiven, FunctionProperties, LocalFunction } from './local-function.ts';
import { Turns } from './turns.ts';

/** Lambda waits a minute, then two, before it tries an asynchronous call again; nobody here has the patience. */
const RETRY_WAITS_MS = [1000, 2000] as const;

const EventInvokeConfig = z.object({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumRetryAttempts: z.int().max(RETRY_WAITS_MS.length),
  MaximumEventAgeInSeconds: z.int(),
  DestinationConfig: z.strictObject({
    OnFailure: z.strictObject({ Destination: z.string().startsWith('arn:aws:sqs:') }),
  }),
});
type EventInvokeConfig = z.infer<typeof EventInvokeConfig>;

/** What a schedule needs to know of functions before it calls one. */
export interface AsyncFunctions extends Functions {
  /** @throws RangeError for a function that does not stand, or has no EventInvokeConfig to be called after */
  refuseNotAsync(functionArn: string): void;
}

/**
 * The functions of the templates, each in up to as many threads as it may have concurrent executions. A thread imports
 * the bundle once and is kept for later calls. Between calls it is not frozen, as it would be in Lambda, and tracing
 * goes nowhere.
 */
export function functions(given: FunctionGiven & { readonly queues: Queues }) {
  // Threads share the time zone of their process, and Lambda's is UTC.
  process.env.TZ = 'UTC';
  const known = new Map<string, LocalFunction>();
  const configs = new Map<string, EventInvokeConfig & { readonly by: Resource }>();
  const stopping = new AbortController();
  const turns = new Turns();
  const find = (arn: string): LocalFunction => {
    const found = known.get(arn);
    if (!found) throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
    return found;
  };
  const configOf = ({ name }: LocalFunction): EventInvokeConfig => {
    const config = configs.get(name);
    if (!config) throw new RangeError(`the function ${name} has no EventInvokeConfig`);
    return config;
  };
  /** A call counts with the time until its answer, a wait for a free place included, also when it fails. */
  const counted = async <T>(operation: string, called: LocalFunction, call: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    try {
      return await call();
    } finally {
      given.machine.count('lambda', operation, called.name, { ms: performance.now() - began });
    }
  };
  return {
    carries: {
      'AWS::Lambda::Function': { properties: Object.keys(FunctionProperties.shape), withoutEffect: ['Architectures'] },
      'AWS::Lambda::EventInvokeConfig': { properties: Object.keys(EventInvokeConfig.shape) },
    },
    add(resource) {
      if (resource.type === 'AWS::Lambda::Function') {
        known.set(resource.arn, new LocalFunction(given, resource));
      } else {
        const config = propertiesOf(EventInvokeConfig, resource);
        configs.set(config.FunctionName, { ...config, by: resource });
      }
    },
    start() {
      for (const { by, DestinationConfig } of configs.values())
        refuseMissingQueue(given.queues, by, DestinationConfig.OnFailure.Destination);
    },
    refuseNotAsync(arn) {
      const found = known.get(arn);
      if (!found) throw new RangeError(`the function ${arn} does not stand on this machine`);
      configOf(found);
    },
    async invoke(arn, event, urgency = 'answer') {
      const called = find(arn);
      const call = () => called.invoke(randomUUID(), event, urgency);
      return counted('Invoke', called, () => (urgency === 'answer' ? turns.first(call) : turns.afterwards(arn, call)));
    },
    async invokeAsync(arn, event) {
      const called = find(arn);
      const config = configOf(called);
      await counted('InvokeAsync', called, () => invokeAsync(given, called, config, event, stopping.signal));
    },
    callerOf: (arn) => find(arn).caller,
    stats: () => [...known.values()].map((each) => each.stats()),
    async stop() {
      stopping.abort();
      await Promise.all([...known.values()].map((each) => each.stop()));
    },
  } satisfies Service & AsyncFunctions & { stats(): object };
}

/**
 * Calls a function until it succeeds; a call that failed for good goes to the failure destination, in its name.
 * @throws AwsError ServiceException when the system stops before it is over
 */
async function invokeAsync(
  { machine, queues }: Parameters<typeof functions>[0],
  called: LocalFunction,
  { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig }: EventInvokeConfig,
  event: unknown,
  stopping: AbortSignal,
): Promise<void> {
  const requestId = randomUUID();
  const began = performance.now();
  for (let attempt = 1; ; attempt++) {
    const outcome = await called.invoke(requestId, event, 'background');
    if (outcome.ok) return;
    if (stopping.aborted) throw new AwsError('ServiceException', 'this machine is stopping', 500);
    const waitMs = RETRY_WAITS_MS[attempt - 1] ?? 0;
    const tooOld = performance.now() + waitMs - began > MaximumEventAgeInSeconds * 1000;
    if (attempt <= MaximumRetryAttempts && !tooOld) {
      await wait(waitMs, undefined, { signal: stopping }).catch(() => undefined); // A stop ends the wait.
      continue;
    }
    const { ok: _, ...responsePayload } = outcome;
    const condition = tooOld ? 'EventAgeExceeded' : 'RetriesExhausted';
    const body = JSON.stringify({
      version: '1.0',
      timestamp: new Date(machine.clock.now()).toISOString(),
      requestContext: { requestId, functionArn: `${called.arn}:$LATEST`, condition, approximateInvokeCount: attempt },
      requestPayload: event,
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload,
    });
    const said = `${called.name} failed ${attempt} times (${outcome.errorType}: ${outcome.errorMessage})`;
    const { Destination } = DestinationConfig.OnFailure;
    try {
      machine.iam.authorize(called.caller, [{ action: 'sqs:SendMessage', resource: Destination }]);
      queues.send(Destination, { body, senderId: called.caller.senderId });
      machine.say(`${said}; it goes to ${Destination}`);
    } catch (error) {
      machine.say(`${said}; given up, for its failure destination takes nothing either: ${String(error)}`);
    }
    return;
  }
}
