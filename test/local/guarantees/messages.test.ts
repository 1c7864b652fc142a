import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, noEngineBecause } from '#test/support/dynoxide.ts';
import { type RunningInterlock, startInterlock } from '#test/support/local-interlock.ts';
import { start } from './command.ts';

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-'));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('what keeps npm start from starting is said without a stack, and exit code 1', () => {
  const onFreePort = async () => ['--port', String(await freePort())];

  test.each(['', 'abc', '-1', '70000', '44.5'])("a port of '%s' is none", async (port) => {
    const { status, lines } = await start([`--port=${port}`, '--data', newFolder()]);
    expect(lines).toEqual([`interlock: --port takes a whole number up to 65535, got '${port}'`]);
    expect(status).toBe(1);
  });

  test('an option that does not exist is named, with those there are', async () => {
    const { status, lines } = await start(['--prot', '4400']);
    expect(lines).toEqual(["interlock: Unknown option '--prot'", 'npm start -- [--empty] [--port N] [--data DIR]']);
    expect(status).toBe(1);
  });

  test('a taken port is named', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { status, lines } = await start(['--port', String(port), '--data', newFolder()]);
    other.close();
    expect(lines).toEqual([`interlock: port ${port} is taken, perhaps by another Interlock; choose one with --port`]);
    expect(status).toBe(1);
  });

  test('a folder that holds something else is left as it is', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'letters.txt'), 'dear');
    const { status, lines } = await start([...(await onFreePort()), '--data', folder]);
    expect(lines).toEqual([expect.stringContaining(`${folder} holds files that are not Interlock's`)]);
    expect(status).toBe(1);
  });

  test('a file is no folder', async () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, '');
    const { status, lines } = await start([...(await onFreePort()), '--data', file]);
    expect(lines).toEqual([expect.stringContaining(`${file} cannot be the data folder`)]);
    expect(status).toBe(1);
  });

  test('data of another version are not touched, and what to do is said', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'interlock-data.json'), '{"format":99}');
    const { status, lines } = await start([...(await onFreePort()), '--data', folder]);
    expect(lines).toEqual([
      expect.stringMatching(/have format 99, and this version reads format \d+: start with another folder/),
    ]);
    expect(status).toBe(1);
  });

  test('a platform without the engine is told what it can do', async () => {
    const env = { INTERLOCK_ENGINE: join(newFolder(), 'dynoxide'), AWS_ENDPOINT_URL_DYNAMODB: '' };
    const { status, lines } = await start([...(await onFreePort()), '--data', newFolder()], env);
    expect(lines.at(-1)).toMatch(/^interlock: the embedded DynamoDB engine .* AWS_ENDPOINT_URL_DYNAMODB must name/);
    expect(status).toBe(1);
  });

  test('an engine that does not run here is told so', async () => {
    const binary = join(newFolder(), 'dynoxide');
    writeFileSync(binary, 'made for another machine');
    chmodSync(binary, 0o755);
    const env = { INTERLOCK_ENGINE: binary, AWS_ENDPOINT_URL_DYNAMODB: '' };
    const { status, lines } = await start([...(await onFreePort()), '--data', newFolder()], env);
    expect(lines.at(-1)).toMatch(/^interlock: the database engine .* does not start here/);
    expect(status).toBe(1);
  });
});

describe.skipIf(noEngineBecause)(
  `beside a running system${noEngineBecause ? ` (skipped: ${noEngineBecause})` : ''}`,
  () => {
    let folder: string;
    let system: RunningInterlock;
    beforeAll(async () => {
      folder = newFolder();
      system = await startInterlock({ folder, empty: true });
    });
    afterAll(() => system?.stop());

    test('a second instance on its data is refused, and the first goes on', async () => {
      const { status, lines } = await start(['--port', String(await freePort()), '--data', folder]);
      expect(lines).toEqual([
        expect.stringContaining(`interlock: another instance runs on the data in ${folder}: stop it, or choose`),
      ]);
      expect(status).toBe(1);
      expect((await fetch(`${system.url}/health`)).status).toBe(200);
    });

    test('tables of another shape are not touched, and what to do is said', async () => {
      expect(await system.stop()).toBe(0);
      const tables = new DatabaseSync(join(folder, 'tables.db'));
      const { changes } = tables
        .prepare("update _tables set stream_view_type = 'KEYS_ONLY' where table_name like '%Cases%'")
        .run();
      tables.close();
      expect(changes).toBe(1);
      const { status, lines } = await start(['--port', String(await freePort()), '--data', folder]);
      expect(lines).toEqual([
        expect.stringMatching(/^interlock: \S+: the table \S+Cases\S+ stands with other keys.*--data DIR/),
      ]);
      expect(status).toBe(1);
    });
  },
);
