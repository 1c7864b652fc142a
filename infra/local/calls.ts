import * as z from 'zod';
import type {
  Functions,
  JsonObject,
  Queues,
  RestAnswer,
  RestCall,
  RestService,
  WireAnswer,
  WireCall,
  WireService,
} from './cloud.ts';
import type { Logs } from './logs.ts';

/** What AWS would bill, counted since the last reset: one line per service, operation and who called. */
export interface CountedCall {
  /** `dynamodb`, `sqs`, `lambda`, as requests are signed for it. */
  readonly service: string;
  readonly operation: string;
  /** The name of the function that called or was called, `account` for a tool, or the service that acts by itself. */
  readonly by: string;
  readonly count: number;
  /** What else is billed of these calls, summed: capacity units, milliseconds, bytes, entries. */
  readonly units: Readonly<Record<string, number>>;
}

/** Counts the calls of AWS on one machine, and knows nothing of what runs there. */
export interface Calls {
  add(service: string, operation: string, by: string, units?: Readonly<Record<string, number>>): void;
  all(): readonly CountedCall[];
  /** Begins anew. @param capacity whether tables are asked from now on what each call consumed, which costs time */
  reset(capacity: boolean): void;
  readonly countsCapacity: boolean;
}

/** Entries of one PutEvents and messages of one batch are billed one by one, in portions of 64 KiB. */
const PORTION_BYTES = 65_536;
const Consumed = z.object({ TableName: z.string(), CapacityUnits: z.number() });
const ConsumedCapacity = z.object({ ConsumedCapacity: z.union([Consumed, z.array(Consumed)]).optional() });
const Entries = z.object({ Entries: z.array(z.looseObject({})) });
const READING = /^(Get|BatchGet|TransactGet|Query|Scan)/;

export function countedCalls(): Calls {
  const lines = new Map<
    string,
    { count: number; units: Record<string, number> } & Omit<CountedCall, 'count' | 'units'>
  >();
  let countsCapacity = false;
  return {
    add(service, operation, by, units = {}) {
      const key = `${service} ${operation} ${by}`;
      const line = lines.get(key) ?? { service, operation, by, count: 0, units: {} };
      line.count += 1;
      for (const [unit, amount] of Object.entries(units)) line.units[unit] = (line.units[unit] ?? 0) + amount;
      lines.set(key, line);
    },
    all: () => [...lines.values()],
    reset(capacity) {
      lines.clear();
      countsCapacity = capacity;
    },
    get countsCapacity() {
      return countsCapacity;
    },
  };
}

/** A service whose calls over the wire are counted, those that it refuses as well: AWS bills most of them. */
export function counted(service: WireService | RestService, calls: Calls): WireService | RestService {
  if (service.kind === 'rest') return { ...service, answer: (call: RestCall) => countedRest(service, call, calls) };
  return { ...service, answer: (call: WireCall) => countedWire(service, call, calls) };
}

async function countedRest(service: RestService, call: RestCall, calls: Calls): Promise<RestAnswer> {
  const bytes = call.body.length;
  calls.add(service.signingName, call.method, 'all', { bytes });
  return service.answer(call);
}

async function countedWire(service: WireService, call: WireCall, calls: Calls): Promise<WireAnswer> {
  const { operation, input, body, caller } = call;
  const by = caller.roleArn === undefined ? 'account' : (caller.arn.split('/').at(-1) ?? caller.arn);
  const isTable = service.signingName === 'dynamodb' && calls.countsCapacity;
  const asked = isTable ? withCapacity(input) : body;
  const answer = await service.answer({ ...call, body: asked });
  calls.add(service.signingName, operation, by, {
    ...portionsIn(input),
    ...(isTable && 'text' in answer && capacityIn(operation, answer.text)),
  });
  return answer;
}

function withCapacity(input: JsonObject): string {
  return JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' });
}

function capacityIn(operation: string, text: string): Record<string, number> {
  const { ConsumedCapacity: consumed = [] } = ConsumedCapacity.parse(JSON.parse(text));
  const units = [consumed].flat().reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
  return READING.test(operation) ? { readUnits: units } : { writeUnits: units };
}

function portionsIn(input: JsonObject): Record<string, number> {
  const batch = 'Entries' in input ? Entries.safeParse(input).data?.Entries : undefined;
  if (!batch) return {};
  const portions = batch.map((entry) => Math.ceil(Buffer.byteLength(JSON.stringify(entry)) / PORTION_BYTES));
  return { entries: batch.length, portions: portions.reduce((sum, each) => sum + each, 0) };
}

/** Functions whose calls are counted with the milliseconds until their answer, a wait for a free place included. */
export function countedFunctions<F extends Functions>(functions: F, calls: Calls): F {
  const timed = async <T>(operation: string, arn: string, call: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    try {
      return await call();
    } finally {
      calls.add('lambda', operation, arn.split(':').at(-1) ?? arn, { ms: performance.now() - began });
    }
  };
  return {
    ...functions,
    invoke: (arn, event, urgency) => timed('Invoke', arn, () => functions.invoke(arn, event, urgency)),
    invokeAsync: (arn, event) => timed('InvokeAsync', arn, () => functions.invokeAsync(arn, event)),
  };
}

/** Queues as a service of AWS uses them in its own name: the bus that fills them, mappings that empty them. */
export function countedQueues(queues: Queues, by: string, calls: Calls): Queues {
  const sent = (body: string) => {
    const portions = Math.ceil(Buffer.byteLength(body) / PORTION_BYTES);
    calls.add('sqs', 'SendMessage', by, { portions });
  };
  return {
    send(arn, message) {
      sent(message.body);
      return queues.send(arn, message);
    },
    sendAll(messages) {
      for (const { body } of messages) sent(body);
      queues.sendAll(messages);
    },
    visible: (arn) => queues.visible(arn),
    receive(arn, most) {
      const messages = queues.receive(arn, most);
      // Looks that find nothing are no measure: there a mapping polls all day long, here it is woken.
      if (messages.length > 0) calls.add('sqs', 'ReceiveMessage', by, { messages: messages.length });
      return messages;
    },
    delete(arn, receipts) {
      if (receipts.length > 0) calls.add('sqs', 'DeleteMessageBatch', by, { messages: receipts.length });
      queues.delete(arn, receipts);
    },
    onMessages: (arn, wake) => queues.onMessages(arn, wake),
    overview: () => queues.overview(),
  };
}

/** An HTTP API whose requests are counted as they come in. */
export function countedApi<A extends { handle(...request: never[]): Promise<void> }>(api: A, calls: Calls): A {
  return {
    ...api,
    handle: (...request) => {
      calls.add('apigateway', 'Request', 'all');
      return api.handle(...request);
    },
  };
}

/** Logs whose bytes are counted, by group. */
export function countedLogs<L extends Logs>(logs: L, calls: Calls): Logs {
  return {
    write(group, stream, line) {
      calls.add('logs', 'PutLogEvents', group, { bytes: Buffer.byteLength(line) });
      logs.write(group, stream, line);
    },
  };
}
