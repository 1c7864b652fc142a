import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { openEnvironment, outputsOf } from '#infra/cli/operated-environment.ts';
import { contentHash } from '#shared/adapters/digest.ts';
import { bucketFiles } from '#shared/adapters/files.ts';
import { AnchorV1 } from '#shared/contracts/anchor.v1.ts';
import type { Item } from '#shared/domain/ports/tables.ts';
import { noEngineBecause } from '#test/support/dynoxide.ts';
import { type RunningInterlock, startInterlock } from '#test/support/local-interlock.ts';
import { sealedLedger } from './sealed-ledger.ts';
import type { Tampered } from './tampered-ledger.ts';
import { IN_FILES, IN_TABLES } from './tamperings.ts';

const Scanned = z.array(z.looseObject({ pk: z.string(), sk: z.string() }));
const LEDGER = /^(CARD|SCORING)#/;

/** What the command printed, and its exit code. */
async function verify(...args: string[]): Promise<{ readonly code: number; readonly printed: string }> {
  const child = spawn(process.execPath, ['infra/cli/verify.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += String(chunk)));
  const [code] = await once(child, 'close');
  return { code: Number(code), printed };
}

const firstOf = (printed: string) => (printed.split('\n')[0] ?? '').replace(/^DIFFERS {2}(\S+): /, '$1 ');

describe('npm run verify without a ledger to verify', () => {
  test.each([
    { title: 'nothing', args: [], told: 'npm run verify -- ledger' },
    { title: 'something that is not verified', args: ['weather'], told: 'npm run verify -- ledger' },
    { title: 'an option that is unknown', args: ['ledger', '--fast'], told: "Unknown option '--fast'" },
    { title: 'two places at once', args: ['ledger', '--env', 'dev', '--url', 'x'], told: 'give either --env or --url' },
    { title: 'an environment that is unknown', args: ['ledger', '--env', 'moon'], told: 'moon' },
    {
      title: 'a place where nothing answers',
      args: ['ledger', '--url', 'http://127.0.0.1:9'],
      told: 'no local system answers at http://127.0.0.1:9',
    },
  ])('$title: exit 2 and what to do', async ({ args, told }) => {
    const { code, printed } = await verify(...args);
    expect({ code, printed }).toMatchObject({ code: 2, printed: expect.stringContaining(told) });
  });
});

describe.skipIf(noEngineBecause)(`npm run verify -- ledger on a running system ${noEngineBecause ?? ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-verify-'));
  let system: RunningInterlock;
  let client: DynamoDBDocumentClient;
  let names: { readonly ScorecardsTable: string; readonly FilesBucket: string };
  let files: ReturnType<typeof bucketFiles>;

  const start = async () => {
    system = await startInterlock({ folder, empty: true });
    const environment = await openEnvironment({ url: system.url });
    names = outputsOf(environment, 'ScorecardsTable', 'FilesBucket');
    client = DynamoDBDocumentClient.from(new DynamoDBClient(environment.client));
    files = bucketFiles(new S3Client(environment.client), names.FilesBucket);
    // The system's own sealer would seal at once what these tests leave unsealed.
    await fetch(`${system.url}/_local/streams`, { method: 'POST', body: JSON.stringify({ dropping: true }) });
  };
  const scan = async (): Promise<readonly Item[]> => {
    const { Items } = await client.send(new ScanCommand({ TableName: names.ScorecardsTable, ConsistentRead: true }));
    return Scanned.parse(Items).filter(({ pk }) => LEDGER.test(pk));
  };
  const put = async (item: Item) => {
    await client.send(new PutCommand({ TableName: names.ScorecardsTable, Item: item }));
  };
  const remove = async ({ pk, sk }: Item) => {
    await client.send(new DeleteCommand({ TableName: names.ScorecardsTable, Key: { pk, sk } }));
  };
  const keys = async () => {
    const found = new Set<string>();
    for await (const { key } of files.versions('anchors/')) found.add(key);
    return [...found];
  };
  const textOf = async (key: string) => new TextDecoder().decode(await files.read(key));
  const hands: Tampered = {
    items: scan,
    put,
    remove,
    keys,
    writeOver: async (key, edit) => files.write(key, 'application/json', [edit(await textOf(key))]),
    change: () => Promise.reject(new Error('the bytes on the disk are changed in a test of their own')),
    erase: () => Promise.reject(new Error('files are taken away in a test of their own')),
  };
  /** Changes what lies in the folder, as somebody can who rules the disk. */
  const whileStopped = async (
    edit: (bytes: { change(key: string, edit: (text: string) => string): void; erase(key: string): void }) => void,
  ) => {
    await system.stop();
    const store = new DatabaseSync(join(folder, 'machine.db'));
    edit({
      change(key, changed) {
        const row = store.prepare('select bytes from object_versions where key = ?').get(key);
        const text = changed(new TextDecoder().decode(z.instanceof(Uint8Array).parse(row?.bytes)));
        store.prepare('update object_versions set bytes = ? where key = ?').run(Buffer.from(text), key);
      },
      erase: (key) => store.prepare('delete from object_versions where key = ?').run(key),
    });
    store.close();
    await start();
  };
  const ledger = () => verify('ledger', '--url', system.url);

  beforeAll(async () => {
    const made = await sealedLedger();
    await start();
    for (const item of made.memory.dump().scorecards) await put(item);
    for (const key of await made.keys())
      await files.write(key, 'application/json', [new TextDecoder().decode(await made.files.read(key))]);
  }, 120_000);
  afterAll(async () => {
    await system?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('an honest ledger: exit 0, what was counted, and since when nothing is anchored', async () => {
    const { code, printed } = await ledger();
    expect(printed.split('\n')).toEqual([
      `${system.url}: 5 cards, 20 entries, 8 seals, 2 anchors.`,
      '10 entries are not sealed yet, the oldest of 2026-11-25T02:30:59Z; commits prove them.',
      expect.stringMatching(
        /^Nothing is anchored since 2026-11-22T02:30:59Z: .* outside what can be proven \(S-20\)\.$/,
      ),
      'The ledger is as it was written.',
      '',
    ]);
    expect(code).toBe(0);
  });

  test.each(IN_TABLES)('$title: exit 1, named first', async ({ tamper, first }) => {
    const before = await scan();
    await tamper(hands);
    const { code, printed } = await ledger();
    expect(firstOf(printed)).toMatch(first);
    expect(code).toBe(1);
    await putBack(before);
  });

  /** Everything as it was. */
  const putBack = async (before: readonly Item[]) => {
    const after = new Map((await scan()).map((item) => [`${item.pk} ${item.sk}`, item]));
    for (const item of before) {
      const now = after.get(`${item.pk} ${item.sk}`);
      if (!now || contentHash(now) !== contentHash(item)) await put(item);
      after.delete(`${item.pk} ${item.sk}`);
    }
    for (const stranger of after.values()) await remove(stranger);
  };

  test.each(IN_FILES.filter(({ title }) => title === 'an anchor that was written over'))(
    '$title: exit 1, named first',
    async ({ tamper, first }) => {
      await tamper(hands);
      const { code, printed } = await ledger();
      expect(firstOf(printed)).toMatch(first);
      expect(code).toBe(1);
    },
  );

  test('bytes changed and files taken away on the disk itself are found, too', { timeout: 240_000 }, async () => {
    const all = await keys();
    const [anchor = '', next = ''] = all.filter((key) => key.endsWith('.json'));
    const [list = ''] = AnchorV1.parse(JSON.parse(await textOf(next))).periods.map(({ key }) => key);
    await whileStopped((bytes) => {
      bytes.change(list, (text) => text.replace('"seal":2', '"seal":3'));
      bytes.erase(anchor);
    });
    const { code, printed } = await ledger();
    expect(printed).toContain(`DIFFERS  ${list}: was changed`);
    expect(printed).toContain(`follows ${anchor}, which does not stand before it`);
    expect(code).toBe(1);
  });
});
