import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { localClient } from '#infra/cli/start/source-secrets.ts';
import { AnyEvent } from '#shared/contracts/events/events.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import { DisputeItem } from '#shared/contracts/items/dispute-item.ts';
import { type CounterCell, countersOf, type Increment, sumCells } from '#shared/domain/insights/count-events.ts';

const TABLES = ['CasesTable', 'ScorecardsTable', 'ImprovementTable', 'CustomersTable'] as const;
const Outputs = z.record(z.string(), z.record(z.string(), z.string()));
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Fields that say when and by which call something was written. */
const UNLIKE: ReadonlySet<string> = new Set(['arrivalId', 'correlationId', 'hourPartition', 'hourSort']);
/**
 * Counters are compared by their sums; tallies and the check of commits keep how far their schedules have come; a
 * review says what was received, and so which answers were lost.
 */
const NOT_OF_A_FILE = /^(COUNTERS#|TALLY#|TALLIES$|COMMIT-CHECK$|REVIEW#)/;

type Item = Readonly<Record<string, unknown>>;
type Tables = Readonly<Record<(typeof TABLES)[number], readonly Item[]>>;

/** Every item of the tables that a run writes. */
export async function itemsAt(url: string): Promise<Tables> {
  const answer = Outputs.parse(await (await fetch(`${url}/_local/outputs`)).json());
  const outputs: Record<string, string> = Object.assign({}, ...Object.values(answer));
  const client = new DynamoDBClient(localClient(url));
  const all = await Promise.all(TABLES.map((output) => itemsOf(client, outputs[output] ?? '')));
  client.destroy();
  const [CasesTable = [], ScorecardsTable = [], ImprovementTable = [], CustomersTable = []] = all;
  return { CasesTable, ScorecardsTable, ImprovementTable, CustomersTable };
}

async function itemsOf(client: DynamoDBClient, TableName: string): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName }))
    items.push(...Items.map((item) => unmarshall(item)));
  return items;
}

/**
 * Everything that stands in the tables, one line per item, in one order: equal for two runs of one file over copies of
 * one folder, in which everything that derives from its cause is the same. What differs by nature is named here alone:
 * instants of the run and the hours that commits are listed under, arrivals and their ids, pseudonyms, the calls and
 * messages that events go back to, how often a receipt was written, how events were batched, how far schedules have come.
 *
 * @param began when the run began, in milliseconds; instants before it are the file's own
 */
export function canonical(tables: Tables, began: number): readonly string[] {
  const customers = new Map(
    tables.CasesTable.filter(({ kind }) => kind === 'dispute').map((item) => {
      const { customer, disputeId } = DisputeItem.parse(item).state;
      return [customer, `customer of ${disputeId}`];
    }),
  );
  const events = new Set(commitsIn(tables).flatMap((commit) => commit.events.map(({ id }) => id)));
  const ofRun = (text: string) =>
    text
      .replace(INSTANT, (instant) => (Date.parse(instant) >= began ? '<instant>' : instant))
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => customers.get(id) ?? id);
  const plain = (key: string, value: unknown): unknown => {
    if (UNLIKE.has(key)) return `<${key}>`;
    if (key === 'causationId' && !events.has(String(value))) return '<message>';
    if (typeof value === 'string') return ofRun(value);
    if (Array.isArray(value)) return value.map((each) => plain('', each));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, each]) => [ofRun(name), plain(name, each)] as const);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const lines = TABLES.flatMap((table) =>
    tables[table].flatMap((item) => {
      if (item.kind === 'arrival' || NOT_OF_A_FILE.test(String(item.pk))) return [];
      const { version, ...rest } = item;
      // A receipt is written once or twice, as door and worker meet; the mark of a commit once per batch of its events.
      const shown = item.kind === 'receipt' || item.kind === 'counted' ? rest : item;
      return [`${table} ${JSON.stringify(plain('', shown))}`];
    }),
  );
  return [...lines, ...countersIn(tables).map((cell) => `counters ${JSON.stringify(cell)}`)].sort();
}

/** The counters as they stand, over all shards and months. */
function countersIn({ ImprovementTable }: Tables) {
  const months = Map.groupBy(
    ImprovementTable.filter(({ pk }) => String(pk).startsWith('COUNTERS#')),
    ({ pk }) => String(pk).split('#')[1] ?? '',
  );
  return byMonth([...months].map(([month, cells]) => [month, cells.map(cellOf)]));
}

function cellOf({ pk: _pk, sk, ...counters }: Item): CounterCell {
  const [department = '', type = ''] = String(sk).split('#');
  return { department, type, counters: z.record(z.string(), z.int()).parse(counters) };
}

/** What the counters must be: every event of every commit counted once. */
function recount(tables: Tables) {
  const increments = commitsIn(tables)
    .flatMap(({ events }) => events)
    .flatMap((event) => countersOf(AnyEvent.parse(event)));
  const months = Map.groupBy(increments, ({ month }) => month);
  return byMonth([...months].map(([month, steps]) => [month, steps.map(stepCell)]));
}

function commitsIn({ CasesTable, ScorecardsTable }: Tables) {
  const commits = [...CasesTable, ...ScorecardsTable].filter(({ kind }) => kind === 'commit');
  return commits.map((item) => CommitItem.parse(item).commit);
}

function stepCell({ department, type, name, by }: Increment): CounterCell {
  return { department, type, counters: { [name]: by } };
}

function byMonth(months: readonly (readonly [string, readonly CounterCell[]])[]) {
  return months
    .flatMap(([month, cells]) => sumCells(cells).map((cell) => ({ month, ...cell, counters: sorted(cell.counters) })))
    .sort((a, b) =>
      JSON.stringify([a.month, a.department, a.type]) < JSON.stringify([b.month, b.department, b.type]) ? -1 : 1,
    );
}

function sorted(counters: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counters).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where the counters are not what the commits make; empty when each counts once. */
export function miscounted(tables: Tables): readonly string[] {
  const [found, wanted] = [countersIn(tables), recount(tables)].map((cells) =>
    cells.map((cell) => JSON.stringify(cell)),
  );
  return differences(wanted ?? [], found ?? []);
}

/** Lines of one side that the other has not, marked `-` where they are missing and `+` where nobody wanted them. */
export function differences(wanted: readonly string[], found: readonly string[]): readonly string[] {
  const [inWanted, inFound] = [new Set(wanted), new Set(found)];
  const repeated = wanted.length === inWanted.size && found.length === inFound.size ? [] : ['an item stands twice'];
  return [
    ...repeated,
    ...wanted.filter((line) => !inFound.has(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !inWanted.has(line)).map((line) => `+ ${line}`),
  ];
}
