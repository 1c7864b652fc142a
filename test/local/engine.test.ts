import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Engine, startEngine } from '#infra/local/engine.ts';
import { noEngineBecause } from '#test/support/dynoxide.ts';

const BINARY = fileURLToPath(new URL('../../node_modules/@dynoxide/linux-x64/dynoxide', import.meta.url));
const embedded = !noEngineBecause && !process.env.AWS_ENDPOINT_URL_DYNAMODB;
const running: Engine[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const engine of running.splice(0)) await engine.stop();
});

/** Uses the engine's own file, and lets go of it. */
function onDatabase<T>(folder: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(folder, 'tables.db'), { timeout: 5000 });
  try {
    return use(database);
  } finally {
    database.close();
  }
}

const newFolder = () => mkdtempSync(join(tmpdir(), 'engine-'));

async function started(folder = newFolder()) {
  const said: string[] = [];
  let givenUp = false;
  const engine = await startEngine({
    folder,
    say: (line) => void said.push(line),
    onGivenUp: () => {
      givenUp = true;
    },
  });
  running.push(engine);
  return { engine, folder, said, givenUp: () => givenUp };
}

/** The process of the engine in a folder; 0 while it is being started. */
function pidIn(folder: string): number {
  const file = join(folder, 'engine.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

async function call(engine: Engine, operation: string, input: object): Promise<unknown> {
  const { status, text } = await engine.call(`DynamoDB_20120810.${operation}`, JSON.stringify(input));
  if (status !== 200) throw new Error(text);
  return JSON.parse(text);
}
const createTable = (engine: Engine, TableName = 'cases') =>
  call(engine, 'CreateTable', {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
const put = (engine: Engine, pk: string) => call(engine, 'PutItem', { TableName: 'cases', Item: { pk: { S: pk } } });
const isThere = async (engine: Engine, pk: string) =>
  JSON.stringify(
    await call(engine, 'GetItem', { TableName: 'cases', Key: { pk: { S: pk } }, ConsistentRead: true }),
  ).includes(pk);

function lives(pid: number): boolean {
  return existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('serve');
}
async function until(condition: () => boolean, seconds = 10): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; !condition(); await pause(10)) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${condition}`);
  }
}
function kill(folder: string): void {
  const pid = pidIn(folder);
  if (!lives(pid)) throw new Error('the engine does not run');
  process.kill(pid, 'SIGKILL');
}

test('a platform without the embedded engine is told what to do', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', '');
  vi.stubEnv('INTERLOCK_ENGINE', '/nowhere/dynoxide');
  await expect(started()).rejects.toThrow(/linux-x64 only.*AWS_ENDPOINT_URL_DYNAMODB must name/);
});

test('an engine that runs elsewhere is used as it is, and left running', async () => {
  const elsewhere = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const address = elsewhere.address();
  const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', endpoint);
  const { engine, folder } = await started();
  expect([engine.endpoint, pidIn(folder)]).toEqual([endpoint, 0]);
  elsewhere.close();
});

describe.skipIf(!embedded)(
  `the embedded engine${embedded ? '' : ` (not here: ${noEngineBecause ?? 'another is named'})`}`,
  () => {
    test('a transaction is carried out without its token, wherever that stands', async () => {
      const { engine } = await started();
      await createTable(engine);
      const once = { TableName: 'cases', ConditionExpression: 'attribute_not_exists(pk)' };
      const said = '{"ClientRequestToken":"said, not meant"}';
      const transaction = (pk: string) => [{ Put: { ...once, Item: { pk: { S: pk }, said: { S: said } } } }];
      const ClientRequestToken = 'f0e6a4b2-0000-4000-8000-000000000000';
      const [first, last] = [transaction('first'), transaction('last')];
      await call(engine, 'TransactWriteItems', { ClientRequestToken, TransactItems: first });
      await call(engine, 'TransactWriteItems', { TransactItems: last, ClientRequestToken });
      expect(await isThere(engine, 'last')).toBe(true);
      const again = call(engine, 'TransactWriteItems', { ClientRequestToken, TransactItems: first });
      await expect(again).rejects.toThrow('ConditionalCheckFailed');
      const Key = { pk: { S: 'first' } };
      const found = await call(engine, 'GetItem', { TableName: 'cases', Key, ConsistentRead: true });
      expect(found).toMatchObject({ Item: { said: { S: said } } });
    });

    test('keeps its tables over a restart and leaves no process', async () => {
      const folder = newFolder();
      const { engine } = await started(folder);
      await createTable(engine);
      await put(engine, 'kept');
      const pid = pidIn(folder);
      expect(lives(pid)).toBe(true);
      await engine.stop();
      expect(lives(pid)).toBe(false);
      const { engine: again } = await started(folder);
      expect(await isThere(again, 'kept')).toBe(true);
    });

    test('is started again when it is killed under load, and has everything that it acknowledged', async () => {
      const { engine, folder, said } = await started();
      await createTable(engine);
      const acknowledged: string[] = [];
      let writing = true;
      const client = async (name: string) => {
        for (let n = 0; writing; n += 1) {
          await put(engine, `${name}-${n}`);
          acknowledged.push(`${name}-${n}`);
        }
      };
      const clients = ['a', 'b', 'c', 'd'].map(client);
      const { endpoint } = engine;
      for (let kills = 1; kills <= 3; kills += 1) {
        await pause(150);
        const before = acknowledged.length;
        kill(folder);
        await until(() => said.length === kills && acknowledged.length > before + clients.length);
      }
      writing = false;
      await Promise.all(clients);
      expect(engine.endpoint).toBe(endpoint);
      expect(said).toHaveLength(3);
      expect(said[0]).toContain('ended by itself; starting it again');
      expect(acknowledged.length).toBeGreaterThan(20);
      for (const pk of acknowledged) expect(await isThere(engine, pk), pk).toBe(true);
    }, 60_000);

    test('is given up when it dies five times within a minute, and calls are told', async () => {
      const { engine, folder, said, givenUp } = await started();
      for (let deaths = 1; deaths <= 5; deaths += 1) {
        await until(() => lives(pidIn(folder)));
        kill(folder);
        await until(() => said.length >= deaths);
      }
      await until(givenUp);
      expect(said.at(-1)).toBe('the database engine ended 5 times within a minute: giving up');
      await expect(call(engine, 'ListTables', {})).rejects.toMatchObject({ code: 'InternalServerError', status: 500 });
    }, 30_000);

    test('one that hangs is ended and started again, and calls under way get their answer', async () => {
      const { engine, folder } = await started();
      await createTable(engine);
      await engine.restartHung();
      const pid = pidIn(folder);
      process.kill(pid, 'SIGSTOP');
      const written = put(engine, 'under way');
      await engine.restartHung();
      await written;
      expect(await isThere(engine, 'under way')).toBe(true);
      expect(pidIn(folder)).not.toBe(pid);
    }, 30_000);

    test('ends with the process that started it, even when that is killed', async () => {
      const folder = newFolder();
      const module = fileURLToPath(new URL('../../infra/local/engine.ts', import.meta.url));
      const program = `import { startEngine } from ${JSON.stringify(module)};
      const engine = await startEngine({ folder: ${JSON.stringify(folder)}, say: console.error, onGivenUp: () => {} });
      console.log(engine.endpoint);`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      const pid = pidIn(folder);
      expect(lives(pid)).toBe(true);
      child.kill('SIGKILL');
      await until(() => !lives(pid));
    }, 30_000);

    test('a start ends a leftover on the same file, and no other process that has its number', async () => {
      const folder = newFolder();
      const { engine: first } = await started(folder);
      await createTable(first);
      await first.stop();
      const leftover = spawn(BINARY, ['serve', '--port', '0', '--db-path', join(folder, 'tables.db')], {
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => leftover.once('exit', (_, signal) => resolve(signal)));
      writeFileSync(join(folder, 'engine.pid'), `${leftover.pid}\n`);
      const { engine: second } = await started(folder);
      expect(await ended).toBe('SIGKILL');
      await second.stop();
      writeFileSync(join(folder, 'engine.pid'), String(process.pid));
      const { engine: third } = await started(folder);
      expect(JSON.stringify(await call(third, 'ListTables', {}))).toContain('cases');
    }, 30_000);

    test('finds the end of a stream through an index', async () => {
      const folder = newFolder();
      await started(folder);
      const highest =
        'EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = ?1';
      const plan = onDatabase(folder, (database) => database.prepare(highest).all('cases'));
      expect(JSON.stringify(plan)).toContain('USING COVERING INDEX stream_records_by_sequence');
    });

    test('trims a stream up to what is read and older than a day, and counts on after it', async () => {
      const folder = newFolder();
      const { engine } = await started(folder);
      await createTable(engine);
      for (let n = 0; n < 6; n += 1) await put(engine, `item-${n}`);
      const sequence = 'select sequence_number as n from _stream_records order by id';
      const records = () =>
        onDatabase(folder, (database) =>
          database
            .prepare(sequence)
            .all()
            .map(({ n }) => n),
        );
      await engine.trimStream('cases', '6');
      expect(records()).toEqual(['1', '2', '3', '4', '5', '6']);
      onDatabase(folder, (database) => database.exec('update _stream_records set created_at = created_at - 90000'));
      await engine.trimStream('cases', '2');
      expect(records()).toEqual(['3', '4', '5', '6']);
      await engine.trimStream('cases', '6');
      expect(records()).toEqual(['6']);
      await put(engine, 'another');
      expect(records()).toEqual(['6', '7']);
    });
  },
);
