import * as z from 'zod';
import type { JsonObject, Machine, RestCall, RestService, WireCall, WireService } from './cloud.ts';

/** What AWS would bill, counted since the last reset: one line per service, operation and who called. */
interface CountedCall {
  /** `dynamodb`, `sqs`, `lambda`, as requests are signed for it. */
  readonly service: string;
  readonly operation: string;
  /** The name of the function that called or was called, `account` for a tool, or the service that acts by itself. */
  readonly by: string;
  count: number;
  /** What else is billed of these calls, summed: capacity units, milliseconds, bytes, portions. */
  readonly units: Record<string, number>;
}

/** Entries of one PutEvents and messages of one batch are billed one by one, in portions of 64 KiB. */
const PORTION_BYTES = 65_536;
const Consumed = z.object({ TableName: z.string(), CapacityUnits: z.number() });
const ConsumedCapacity = z.object({ ConsumedCapacity: z.union([Consumed, z.array(Consumed)]).optional() });
const Entries = z.array(z.looseObject({}));
const READING = /^(Get|BatchGet|TransactGet|Query|Scan)/;

/** Counts the calls of AWS on one machine, and knows nothing of what runs there. */
export function countedCalls() {
  const lines = new Map<string, CountedCall>();
  let countsCapacity = false;
  const count: Machine['count'] = (service, operation, by, units = {}) => {
    const key = `${service} ${operation} ${by}`;
    const line = lines.get(key) ?? { service, operation, by, count: 0, units: {} };
    line.count += 1;
    for (const [unit, amount] of Object.entries(units)) line.units[unit] = (line.units[unit] ?? 0) + amount;
    lines.set(key, line);
  };
  return {
    count,
    all: (): readonly CountedCall[] => [...lines.values()],
    /** Begins anew. @param capacity whether tables are asked from now on what each call consumed, which costs time */
    reset(capacity: boolean) {
      lines.clear();
      countsCapacity = capacity;
    },
    /** A service whose calls over the wire are counted, those that it refuses as well: AWS bills most of them. */
    counted(service: WireService | RestService): WireService | RestService {
      const { signingName } = service;
      if (service.kind === 'json')
        return { ...service, answer: (call: WireCall) => countedWire(service, call, count, countsCapacity) };
      const answer = (call: RestCall) => {
        count(signingName, call.method, 'all');
        return service.answer(call);
      };
      return { ...service, answer };
    },
  };
}

async function countedWire(service: WireService, call: WireCall, count: Machine['count'], countsCapacity: boolean) {
  const { operation, input, caller } = call;
  const by = caller.roleArn === undefined ? 'account' : (caller.arn.split('/').at(-1) ?? caller.arn);
  const isTable = service.signingName === 'dynamodb' && countsCapacity;
  const body = isTable ? JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' }) : call.body;
  const answer = await service.answer({ ...call, body });
  count(service.signingName, operation, by, {
    ...portionsIn(input),
    ...(isTable && 'text' in answer && capacityIn(operation, answer.text)),
  });
  return answer;
}

function capacityIn(operation: string, text: string): Record<string, number> {
  const { ConsumedCapacity: consumed = [] } = ConsumedCapacity.parse(JSON.parse(text));
  const units = [consumed].flat().reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
  return READING.test(operation) ? { readUnits: units } : { writeUnits: units };
}

function portionsIn(input: JsonObject): Record<string, number> {
  const batch = 'Entries' in input ? Entries.safeParse(input.Entries).data : undefined;
  return batch ? { portions: batch.reduce((sum, entry) => sum + portionsOf(JSON.stringify(entry)), 0) } : {};
}

/** In how many portions AWS bills a text. */
export function portionsOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / PORTION_BYTES);
}
