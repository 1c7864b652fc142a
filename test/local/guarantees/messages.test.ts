import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDataFolder } from '#infra/local/data-folder.ts';
import { freePort, noEngineBecause } from '#test/support/dynoxide.ts';
import { type RunningInterlock, startInterlock } from '#test/support/local-interlock.ts';
import { start } from './command.ts';

/** A user who may not do everything, also where root tests. */
const NOBODY = process.getuid?.() || 65_534;
const DATABASES = ['machine.db', 'tables.db'];
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
    expect(lines.at(-1)).toMatch(/^interlock: the database engine .* does not start on .*tables\.db/);
    expect(status).toBe(1);
  });

  test("a port that is not this user's to take", async ({ skip }) => {
    skip(Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) <= 80);
    const { status, lines } = await start(['--port', '80', '--data', newFolder()], {}, NOBODY);
    expect(lines).toEqual([
      expect.stringMatching(/^interlock: port 80 cannot be opened \(.*EACCES.*choose one with --port$/),
    ]);
    expect(status).toBe(1);
  });

  test.each(['nonsense', 'http://127.0.0.1:1'])('no DynamoDB at %s', async (AWS_ENDPOINT_URL_DYNAMODB) => {
    const { status, lines } = await start([...(await onFreePort()), '--data', newFolder()], {
      AWS_ENDPOINT_URL_DYNAMODB,
    });
    expect(lines.at(-1)).toContain(
      `interlock: nothing answers at ${AWS_ENDPOINT_URL_DYNAMODB}, where AWS_ENDPOINT_URL_`,
    );
    expect(lines.join('\n')).not.toMatch(/^ +at /m);
    expect(status).toBe(1);
  });

  test.each(['', '/proc/none', '/proc/none/below'])("a data folder of '%s' cannot be", async (folder) => {
    const { status, lines } = await start([...(await onFreePort()), `--data=${folder}`]);
    const said = folder === '' ? "--data takes a folder, got ''" : `${folder} cannot be the data folder (ENOENT`;
    expect(lines).toEqual([expect.stringContaining(`interlock: ${said}`)]);
    expect(status).toBe(1);
  });

  /** A folder as a start leaves it, with something in both databases. */
  const keptFolder = () => {
    const folder = newFolder();
    openDataFolder(folder).close();
    for (const name of DATABASES) {
      const database = new DatabaseSync(join(folder, name));
      database.exec('create table kept (it); insert into kept values (zeroblob(20000))');
      database.close();
    }
    return folder;
  };
  const refused = async (folder: string, said: string, uid?: number) => {
    const { status, lines } = await start([...(await onFreePort()), '--data', folder], {}, uid);
    expect(lines).toEqual([expect.stringContaining(said)]);
    expect(lines[0]).toMatch(/^interlock: .*choose another.* \(--data DIR\)/);
    expect(lines[0]).toContain(folder);
    expect(status).toBe(1);
  };

  describe.each(DATABASES)('a %s', (name) => {
    test.each<readonly [string, (file: string) => void, string]>([
      ['that is none', (file) => writeFileSync(file, 'x'.repeat(9000)), `(${name}: file is not a database)`],
      ['cut short', (file) => truncateSync(file, 4096), `(${name}: database disk image is malformed)`],
      ['removed', (file) => rmSync(file), `${name} was removed or emptied`],
      ['emptied', (file) => truncateSync(file), `${name} was removed or emptied`],
    ])('%s is named, and nothing begins without it', async (_, befall, said) => {
      const folder = keptFolder();
      befall(join(folder, name));
      await refused(folder, said);
    });
  });

  test('a folder stands where a database should', async () => {
    const folder = keptFolder();
    rmSync(join(folder, 'machine.db'));
    mkdirSync(join(folder, 'machine.db'));
    await refused(folder, '(machine.db: unable to open database file)');
  });

  test('a file stands where a folder should', async () => {
    const folder = keptFolder();
    writeFileSync(join(folder, 'logs'), '');
    const { status, lines } = await start([...(await onFreePort()), '--data', folder]);
    expect(lines.at(-1)).toMatch(/^interlock: .* cannot be the data folder \(EEXIST: .*logs'\): mend that/);
    expect(status).toBe(1);
  });

  test.each([
    ['folder that cannot be read', '', 0o000, '(EACCES: '],
    ['folder that cannot be written', '', 0o555, '(EACCES: '],
    ['machine.db that cannot be written', 'machine.db', 0o444, '(EACCES: '],
    ['tables.db that cannot be written', 'tables.db', 0o444, '(EACCES: '],
  ])('a %s', async (_, name, mode, said) => {
    const folder = keptFolder();
    for (const each of ['', ...readdirSync(folder)]) chownSync(join(folder, each), NOBODY, process.getgid?.() ?? 0);
    chmodSync(join(folder, name), mode);
    await refused(folder, said, NOBODY);
    chmodSync(join(folder, name), 0o755);
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
