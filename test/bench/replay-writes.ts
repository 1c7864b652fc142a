import * as z from 'zod';
import type { Engine } from '#infra/local/engine.ts';
import type { Recorded } from './recording-proxy.ts';

const Item = z.record(z.string(), z.unknown());
const KeySchema = z.array(z.object({ AttributeName: z.string() }));
const Created = z.object({ TableName: z.string(), KeySchema });
const Part = z.object({ TableName: z.string(), Item: Item.optional(), Key: Item.optional() });
const Transaction = z.object({ TransactItems: z.array(z.record(z.string(), Part)) });
const Batch = z.object({
  RequestItems: z.record(
    z.string(),
    z.array(z.object({ PutRequest: z.object({ Item }).optional(), DeleteRequest: z.object({ Key: Item }).optional() })),
  ),
});
/** Of the tables here; the rest of an item says nothing about which one it is. */
const KEYS = ['pk', 'sk'];

/** Makes the recorded tables stand. @throws Error when the engine refuses one, or when their keys are not `pk` and `sk` */
export async function createTables(engine: Engine, recorded: readonly Recorded[]): Promise<void> {
  for (const { target, body } of recorded.filter((each) => !isWrite(each))) {
    const { status, text } = await engine.call(target, body);
    if (status !== 200) throw new Error(`${target} was refused: ${text}`);
    if (!target.endsWith('.CreateTable')) continue;
    const { TableName, KeySchema: keys } = Created.parse(JSON.parse(body));
    const others = keys.filter(({ AttributeName }) => !KEYS.includes(AttributeName));
    if (others.length > 0) throw new Error(`${TableName} has the keys ${JSON.stringify(others)}`);
  }
}

/**
 * Makes the recorded write calls again over some connections, in their order; a call waits for those before it that
 * wrote one of its items, so that conditions hold as they did.
 *
 * @returns how long the calls took and how many were refused
 */
export async function replayWrites(
  engine: Engine,
  recorded: readonly Recorded[],
  connections: number,
): Promise<{ readonly seconds: number; readonly failed: number }> {
  const lastOf = new Map<string, Promise<void>>();
  let failed = 0;
  // What has to be waited for is found out before the clock runs.
  const calls = recorded.filter(isWrite).map((call) => ({ ...call, items: itemsOf(call) }));
  const queue = calls.values();
  const started = performance.now();
  const connection = async () => {
    for (const { target, body, items } of queue) {
      const earlier = items.flatMap((item) => lastOf.get(item) ?? []);
      const done = Promise.all(earlier).then(async () => {
        const { status } = await engine.call(target, body);
        if (status !== 200) failed += 1;
      });
      for (const item of items) lastOf.set(item, done);
      await done;
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return { seconds: (performance.now() - started) / 1000, failed };
}

function isWrite({ target }: Recorded): boolean {
  return !/\.(?:CreateTable|UpdateTimeToLive)$/.test(target);
}

/** Which items a call writes or checks. */
function itemsOf({ target, body }: Recorded): readonly string[] {
  const input: unknown = JSON.parse(body);
  const named = (table: string, item: z.infer<typeof Item> | undefined) =>
    JSON.stringify([table, ...KEYS.map((key) => item?.[key])]);
  if (target.endsWith('.TransactWriteItems'))
    return Transaction.parse(input)
      .TransactItems.flatMap((item) => Object.values(item))
      .map(({ TableName, Item: put, Key }) => named(TableName, put ?? Key));
  if (target.endsWith('.BatchWriteItem'))
    return Object.entries(Batch.parse(input).RequestItems).flatMap(([table, requests]) =>
      requests.map(({ PutRequest, DeleteRequest }) => named(table, PutRequest?.Item ?? DeleteRequest?.Key)),
    );
  const { TableName, Item: put, Key } = Part.parse(input);
  return [named(TableName, put ?? Key)];
}
