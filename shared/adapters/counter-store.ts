import * as z from 'zod';
import type { Month } from '../domain/calendar/civil-date.ts';
import { type CounterCell, type Increment, sumCells } from '../domain/insights/count-events.ts';
import { untilCommitted } from '../domain/lost-race.ts';
import type { CommitPlace, CountedEvent, CounterStore } from '../domain/ports/counter-store.ts';
import type { Item, Key, Tables, Write } from '../domain/ports/tables.ts';
import { allItems } from './pages.ts';
import { shardOf } from './shard.ts';

/** Shards of every month, so that hot counters are no hot item. A smaller number would hide what stands in the others. */
const COUNTER_SHARDS = 8;
/** Items that a transaction takes. */
const TRANSACTION_ITEMS = 100;

/**
 * Counters and the marks of what was counted, in the table improvement:
 * `COUNTERS#<month>#<shard>` / `<department>#<type>` with one number per counter, and per commit
 * `COUNTED#<aggregate>` / `<version>` with the ids of its events that count already and a version to write under.
 */
export function counterStore(tables: Tables): CounterStore {
  return {
    async count(events) {
      for (const chunk of chunksOf(distinct(events))) await untilCommitted(() => countChunk(tables, chunk));
    },
    async counted(commits) {
      const marks = await tables.getMany('improvement', commits.map(markerKey));
      return new Set(marks.flatMap((mark) => (mark ? Marker.parse(mark).events : [])));
    },
    async counters(month) {
      const shards = Array.from({ length: COUNTER_SHARDS }, (_, shard) => cellsOf(tables, month, shard));
      return sumCells((await Promise.all(shards)).flat());
    },
  };
}

/** Counts those events of the chunk that do not count yet, in one transaction. */
async function countChunk(tables: Tables, chunk: readonly CountedEvent[]): Promise<void> {
  const commits = [...Map.groupBy(chunk, (event) => JSON.stringify(markerKey(event))).values()];
  const keys = commits.flatMap(([first]) => (first ? [markerKey(first)] : []));
  const found = await tables.getMany('improvement', keys);
  const markers: Write[] = [];
  const fresh: CountedEvent[] = [];
  for (const [index, events] of commits.entries()) {
    const key = keys[index];
    const marker = found[index] && Marker.parse(found[index]);
    const missing = events.filter(({ eventId }) => !marker?.events.includes(eventId));
    if (!key || missing.length === 0) continue;
    fresh.push(...missing);
    markers.push(markerWrite(key, marker, missing));
  }
  if (fresh.length > 0) await tables.write([...markers, ...additions(fresh)]);
}

const Marker = z.object({ version: z.int(), events: z.array(z.string()) });

function markerKey({ aggregateId, aggregateVersion }: CommitPlace): Key {
  return { pk: `COUNTED#${aggregateId}`, sk: String(aggregateVersion).padStart(10, '0') };
}

function markerWrite(key: Key, marker: z.infer<typeof Marker> | undefined, missing: readonly CountedEvent[]): Write {
  const version = (marker?.version ?? 0) + 1;
  const events = [...(marker?.events ?? []), ...missing.map(({ eventId }) => eventId)].sort();
  return {
    table: 'improvement',
    put: { ...key, kind: 'counted', version, events },
    if: marker ? { attribute: 'version', equals: marker.version } : { absent: true },
  };
}

/** One write per cell. The whole batch goes to one shard, so that it sums up to few items; the marks decide what counts. */
function additions(fresh: readonly CountedEvent[]): Write[] {
  const shard = shardOf(fresh.map(({ eventId }) => eventId).join(), COUNTER_SHARDS);
  const increments = fresh.flatMap((event) => event.increments);
  return [...Map.groupBy(increments, cellId).values()].flatMap((cell) => {
    const [first] = cell;
    const add = sumsOf(cell);
    if (!first || Object.keys(add).length === 0) return [];
    return [{ table: 'improvement', update: cellKey(first, shard), add } satisfies Write];
  });
}

function sumsOf(increments: readonly Increment[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { name, by } of increments) sums.set(name, (sums.get(name) ?? 0) + by);
  return Object.fromEntries([...sums].filter(([, by]) => by !== 0));
}

function cellKey({ month, department, type }: Increment, shard: number): Key {
  return { pk: shardKey(month, shard), sk: `${department}#${type}` };
}

function cellId({ month, department, type }: Increment): string {
  return JSON.stringify([month, department, type]);
}

function shardKey(month: Month, shard: number): string {
  return `COUNTERS#${month}#${shard}`;
}

/** Each event once; the same id twice in a batch is one event delivered twice. */
function distinct(events: readonly CountedEvent[]): readonly CountedEvent[] {
  return [...new Map(events.map((event) => [event.eventId, event])).values()];
}

/** Batches that fit into one transaction each, even when every event touches cells and a commit of its own. */
function chunksOf(events: readonly CountedEvent[]): readonly CountedEvent[][] {
  const chunks: { events: CountedEvent[]; items: Set<string> }[] = [];
  for (const event of events) {
    const needs = [JSON.stringify(markerKey(event)), ...event.increments.map(cellId)];
    const last = chunks.at(-1);
    if (last && last.items.union(new Set(needs)).size <= TRANSACTION_ITEMS) {
      last.events.push(event);
      for (const need of needs) last.items.add(need);
    } else chunks.push({ events: [event], items: new Set(needs) });
  }
  return chunks.map((chunk) => chunk.events);
}

async function cellsOf(tables: Tables, month: Month, shard: number): Promise<CounterCell[]> {
  const query = { table: 'improvement', partition: shardKey(month, shard) } as const;
  return (await allItems(tables, query)).map(parseCell);
}

const CellItem = z.object({ pk: z.string(), sk: z.templateLiteral([z.string(), '#', z.string()]) }).catchall(z.int());

function parseCell(item: Item): CounterCell {
  const { pk: _pk, sk, ...counters } = CellItem.parse(item);
  const at = sk.indexOf('#');
  return { department: sk.slice(0, at), type: sk.slice(at + 1), counters };
}
