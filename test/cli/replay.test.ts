import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Patience, Stopped } from '#infra/cli/replay/exchange.ts';
import { cfpbMapping, columnsOf } from '#infra/cli/replay/mapping.ts';
import { type ReplayOptions, replayFile } from '#infra/cli/replay/replay-file.ts';
import { connect } from '#infra/cli/replay/running-system.ts';
import { openDoor } from '#infra/cli/replay/send-row.ts';
import { type Deed, type FakeDoor, openFakeDoor } from './fake-door.ts';

const IMPATIENT: Patience = { totalMs: 2_000, firstWaitMs: 2, longestWaitMs: 20, answerMs: 2_000, distrustMs: 1_000 };
const SETTLING = { stillMs: 60, everyMs: 5, lookMs: 5_000 };

let door: FakeDoor;
let folder: string;
let said: string[];

beforeEach(async () => {
  door = await openFakeDoor();
  folder = mkdtempSync(join(tmpdir(), 'interlock-replay-'));
  said = [];
});
afterEach(async () => {
  await door.close();
  rmSync(folder, { recursive: true });
});

function reports(count: number, more: readonly string[] = []): string {
  const lines = Array.from({ length: count }, (_, at) =>
    JSON.stringify({ source: 'web', externalId: `r-${at + 1}`, occurredAt: '2026-01-02', text: `number ${at + 1}` }),
  );
  const path = join(folder, 'reports.ndjson');
  writeFileSync(path, [...lines, ...more].join('\n'));
  return path;
}

function replay(
  file: string,
  {
    stop = new AbortController(),
    env = {},
    ...given
  }: Partial<ReplayOptions & { stop: AbortController; env: Record<string, string> }> = {},
): Promise<boolean> {
  const say = (line: string) => void said.push(line);
  return replayFile(
    { file, url: door.url, restart: false, ...given },
    {
      env,
      stateFolder: join(folder, 'state'),
      stop,
      out: say,
      tell: say,
      patience: IMPATIENT,
      connectMs: 50,
      settling: SETTLING,
    },
  );
}

/** A plan that repeats itself with a seed (a linear congruential generator; never the same trouble twice in a row for long). */
function seeded(seed: number, deeds: readonly Deed[]): (posted: number) => Deed {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return deeds[Math.floor((state / 2 ** 32) * deeds.length)] ?? 'take';
  };
}

const idsOf = (count: number) => Array.from({ length: count }, (_, at) => `web/r-${at + 1}`).sort();
const everything = () => said.join('\n');

describe('sending a file', () => {
  test('every row is taken once, the books balance, and no state is left', async () => {
    expect(await replay(reports(300))).toBe(true);
    expect([...door.taken.keys()].sort()).toEqual(idsOf(300));
    expect(door.posts).toHaveLength(300);
    expect(everything()).toContain('rows read 300: accepted 300, duplicates among them 0, rejected 0');
    expect(everything()).toMatch(/this run: 300 rows in [\d.]+ s, [\d,]+\/s; answer p50 [\d.]+ ms, p99 [\d.]+ ms/);
    expect(everything()).toContain('balances: received = opened + joined + duplicate + rejected');
    expect(readdirSync(join(folder, 'state'))).toEqual([]);
  });

  test('a second replay sends everything again, which the system answers as duplicates', async () => {
    const file = reports(40);
    await replay(file);
    expect(await replay(file)).toBe(true);
    expect(everything()).toContain('rows read 40: accepted 40, duplicates among them 40, rejected 0');
    expect(everything()).toMatch(/total +80 +40 +0 +40 +0 +0 +0 +40/);
  });

  test.each([1, 2, 3])('no trouble of the door loses a row, and a row keeps its message id (seed %i)', async (seed) => {
    door.plan = seeded(seed, ['take', 'take', 'take', 'busy', 'many', 'broken', 'drop', 'take-and-drop']);
    expect(await replay(reports(200))).toBe(true);
    expect([...door.taken.keys()].sort()).toEqual(idsOf(200));
    expect(new Set(door.posts.map(({ deed }) => deed)).size).toBe(6);
    expect(new Set(door.posts.map(({ id }) => id)).size).toBe(200);
    const counted = [...door.taken.values()].reduce((a, b) => a + b, 0);
    expect(everything()).toMatch(new RegExp(`total +${counted} +200 +0 +${counted - 200} `));
  });

  test('a rate is kept', async () => {
    const began = performance.now();
    await replay(reports(30), { rate: 100 });
    expect(performance.now() - began).toBeGreaterThan(280);
  });

  test('rows that the door refuses are named with their reasons, and the others go on', async () => {
    const wrong = JSON.stringify({ source: 'phone', externalId: 'x', occurredAt: 'yesterday', text: 'x' });
    expect(await replay(reports(20, [wrong]))).toBe(false);
    expect(everything()).toContain('not taken: line 21, source phone: 422 Not as it is. text: is wrong');
    expect(everything()).toContain('rows read 21: accepted 20, duplicates among them 0, rejected 1');
    expect(door.taken.size).toBe(20);
  });

  test('unreadable lines are listed and counted, the others are sent', async () => {
    expect(await replay(reports(5, ['{"externalId":', '', '7']))).toBe(false);
    expect(everything()).toContain('reports.ndjson: line 6: is not JSON');
    expect(everything()).toContain('reports.ndjson: line 8: is no JSON object');
    expect(everything()).toContain('rows read 5, 2 unreadable: accepted 5');
    expect(everything()).toContain('2 rows of the file were not taken');
  });

  test('a line of an unknown source is named and counted, the others are sent', async () => {
    const fax = JSON.stringify({ source: 'fax', externalId: 'x', occurredAt: '2026-01-02', text: 'x' });
    const file = reports(20, [fax, '']);
    expect(await replay(file)).toBe(false);
    expect(everything()).toContain('not taken: line 21, source fax: there is no secret for source fax');
    expect(everything()).toContain('accepted 20, duplicates among them 0, rejected 0, of unknown sources 1');
    expect(door.taken.size).toBe(20);
    const secrets = JSON.stringify({ web: door.secret, fax: door.secret });
    expect(await replay(file, { env: { INTERLOCK_SOURCE_SECRETS: secrets } })).toBe(false);
    expect(everything()).toContain('not taken: line 21, source fax: 404 the system knows no source fax');
    writeFileSync(file, fax);
    await expect(replay(file)).rejects.toThrow('no secret for source fax');
  });

  test('nothing of a broken export is sent', async () => {
    const file = join(folder, 'export.csv');
    writeFileSync(file, 'Complaint ID,State\n1,NC\n');
    await expect(replay(file)).rejects.toThrow('export.csv: line 1: column');
    expect(door.posts).toEqual([]);
  });

  test('what a file holds does not steer the terminal', async () => {
    const file = join(folder, 'export.csv');
    writeFileSync(file, 'Complaint ID,\u001b[2JState\u0007,\u202eIssue\n1,NC,x\n');
    await expect(replay(file)).rejects.toThrow('has Complaint ID, \\u001b[2JState\\u0007, \\u202eIssue');
    const cells: Record<string, string> = { 'Submitted via': '\u001b[31mPigeon', 'Complaint ID': '1' };
    const columns = columnsOf(cfpbMapping);
    writeFileSync(file, `${columns.join(',')}\n${columns.map((column) => cells[column] ?? '').join(',')}\n`);
    await expect(replay(file)).rejects.toThrow('export.csv has 1 fault; nothing of it was sent');
    expect(everything()).toContain("'\\u001b[31mPigeon' is none of");
  });
});

describe('signing', () => {
  test('it follows a clock that was moved, also during the replay', async () => {
    door.aheadMs = 86_400_000;
    door.plan = (posted) => {
      if (posted === 20) door.aheadMs = 30 * 86_400_000;
      return 'take';
    };
    expect(await replay(reports(60))).toBe(true);
    expect(door.taken.size).toBe(60);
  });

  test('a rotated secret is read again', async () => {
    door.plan = (posted) => {
      if (posted === 10) door.secret = `whsec_${Buffer.from('another secret, as long').toString('base64')}`;
      return 'take';
    };
    expect(await replay(reports(30))).toBe(true);
    expect(door.taken.size).toBe(30);
  });

  test('a door that learns the new secret late is waited for, and why is said', async () => {
    const learnsAt = performance.now() + 300;
    door.plan = () => (performance.now() < learnsAt ? 'distrust' : 'take');
    const waited: string[] = [];
    const waiting = (why: string) => void waited.push(why);
    const use = { sources: ['web'], runId: 'run', rowsStandAlone: true };
    const calling = { patience: IMPATIENT, signal: new AbortController().signal, waiting };
    const opened = await openDoor(await connect(door.url, {}, calling, 50), use, calling);
    const body = JSON.stringify({ externalId: 'r-1', occurredAt: '2026-01-02', text: 'x' });
    expect(await opened.send({ index: 0, line: 1, source: 'web', body })).toMatchObject({
      taken: { outcome: 'accepted' },
    });
    expect(waited).toContain('the signature of web is not accepted; a door learns a new secret within a minute');
  });

  test('it stops where the new secret is not accepted either, and says where it goes on', async () => {
    door.plan = (posted) => (posted < 10 ? 'take' : 'distrust');
    await expect(replay(reports(30))).rejects.toThrow(
      /does not accept the signature(.|\n)*the same command goes on at row/,
    );
  });

  test('secrets come from the environment where it has them; missing ones are named before anything is sent', async () => {
    const env = { INTERLOCK_SOURCE_SECRETS: JSON.stringify({ web: door.secret }) };
    expect(await replay(reports(3), { env })).toBe(true);
    await expect(replay(reports(3), { env, source: 'fax' })).rejects.toThrow('no secret for source fax');
    await expect(replay(reports(3), { env: { INTERLOCK_SOURCE_SECRETS: 'x' } })).rejects.toThrow('is not JSON');
    expect(door.posts).toHaveLength(3);
  });
});

describe('the token', () => {
  test.each([
    {
      command: 'echo a >&2; echo "no \\033[31mlogin" >&2; exit 3',
      message: 'failed: exit code 3: no \\u001b[31mlogin',
    },
    { command: 'exit 4', message: /failed: exit code 4$/ },
    { command: 'kill -9 $$', message: 'failed: ended by SIGKILL' },
    { command: 'true', message: 'prints no token' },
    { command: 'echo two; echo lines', message: 'prints no token' },
  ])('a command ($command) that gives none is named', async ({ command, message }) => {
    const file = reports(3);
    const env = { PATH: process.env.PATH ?? '', INTERLOCK_TOKEN_COMMAND: command };
    await expect(replay(file, { env })).rejects.toThrow(message);
    await expect(replay(file, { env })).rejects.toBeInstanceOf(Stopped);
    expect(door.posts).toEqual([]);
  });
});

describe('going on after an interruption', () => {
  test('the next run goes on, and together they send every row', async () => {
    const file = reports(200);
    const stop = new AbortController();
    door.plan = (posted) => {
      if (posted === 90) stop.abort();
      return 'take';
    };
    await expect(replay(file, { stop })).rejects.toThrow(/interrupted. 9\d of 200 rows are acknowledged/);
    door.plan = () => 'take';
    expect(await replay(file)).toBe(true);
    expect(everything()).toMatch(/goes on at row (9\d|100)/);
    expect([...door.taken.keys()].sort()).toEqual(idsOf(200));
    expect(door.posts.length).toBeLessThan(210);
    expect(everything()).toContain('rows read 200: accepted 200, duplicates among them 0');
  });

  test('also where the number of its process is another program’s by now', async () => {
    const file = reports(60);
    const stop = new AbortController();
    door.plan = stuckOn(50, 55, stop);
    await expect(replay(file, { stop })).rejects.toThrow('interrupted');
    const [name = ''] = readdirSync(join(folder, 'state')).filter((each) => each.endsWith('.json'));
    const state = join(folder, 'state', name);
    const other = spawn('sleep', ['30']);
    writeFileSync(state, JSON.stringify({ ...JSON.parse(readFileSync(state, 'utf8')), pid: other.pid }));
    door.plan = () => 'take';
    expect(await replay(file)).toBe(true);
    other.kill();
    expect(everything()).toContain('goes on at row');
  });

  test('rows answered behind an unanswered one are sent again', async () => {
    const file = reports(60);
    const stop = new AbortController();
    door.plan = stuckOn(1, 40, stop);
    await expect(replay(file, { stop })).rejects.toThrow(
      '0 of 60 rows are acknowledged; the same command goes on at row 1.',
    );
    door.plan = () => 'take';
    expect(await replay(file)).toBe(true);
    expect([...door.taken.keys()].sort()).toEqual(idsOf(60));
    expect(everything()).toMatch(/accepted 60, duplicates among them (3|4)\d/);
  });

  test('a system that does not know the reports is fed from the first row', async () => {
    const file = reports(50);
    const stop = new AbortController();
    door.plan = (posted) => {
      if (posted === 30) stop.abort();
      return 'take';
    };
    await expect(replay(file, { stop })).rejects.toThrow('interrupted');
    const { url } = door;
    await door.close();
    door = await openFakeDoor(Number(new URL(url).port));
    expect(await replay(file)).toBe(true);
    expect(everything()).toContain('does not know its reports: begins at row 1');
    expect(door.taken.size).toBe(50);
  });

  test('restart sends everything again', async () => {
    const file = reports(50);
    const stop = new AbortController();
    door.plan = (posted) => {
      if (posted === 30) stop.abort();
      return 'take';
    };
    await expect(replay(file, { stop })).rejects.toThrow('interrupted');
    expect(await replay(file, { restart: true })).toBe(true);
    expect(door.posts.length).toBeGreaterThanOrEqual(80);
  });

  /** The POST of this place in the file is never answered well; the signal comes after so many POSTs. */
  function stuckOn(row: number, posts: number, stop: AbortController): FakeDoor['plan'] {
    return (posted, id) => {
      if (posted === posts) stop.abort();
      return id.endsWith(`_${row}`) ? 'busy' : 'take';
    };
  }
});

describe('the reconciliation at the end', () => {
  test('it waits until nothing is in flight', async () => {
    door.inFlightReadings = 4;
    expect(await replay(reports(10))).toBe(true);
    expect(everything()).toContain('1 report is still in flight');
  });

  test('what stays in flight is said', async () => {
    door.inFlightReadings = 1_000_000;
    expect(await replay(reports(10))).toBe(false);
    expect(everything()).toContain('DOES NOT BALANCE: 1 report is still in flight');
  });

  test('books that do not balance are an error', async () => {
    door.lost = 2;
    expect(await replay(reports(10))).toBe(false);
    expect(everything()).toContain('web: received 10, but the outcomes add up to 8');
  });

  test('nobody answers: it says how to start or find the system', async () => {
    const file = reports(1);
    await expect(replay(file, { url: 'http://127.0.0.1:9' })).rejects.toThrow(/no system at http:.*npm start.*--url/);
  });
});

describe('the command itself', () => {
  const COMMAND = join(import.meta.dirname, '..', '..', 'infra', 'cli', 'replay.ts');

  /** Runs the command to its end; `begun` may kill it. */
  async function run(args: readonly string[], begun: (child: ChildProcess) => void = () => {}) {
    const child = spawn(process.execPath, [COMMAND, '--url', door.url, ...args]);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
    begun(child);
    const [code, signal] = await once(child, 'close');
    return { code, signal, text };
  }

  test('killed in the middle, again and again, it goes on until every row is taken', async () => {
    const file = reports(600);
    door.thinkMs = 4;
    for (const posts of [150, 300, 450]) {
      const killed = await run([file], (child) => {
        door.plan = (posted) => {
          if (posted === posts) child.kill('SIGKILL');
          return 'take';
        };
      });
      expect(killed.signal).toBe('SIGKILL');
    }
    const last = await run([file]);
    expect(last.text).toContain('an earlier replay was interrupted: goes on at row');
    expect(last.code).toBe(0);
    expect([...door.taken.keys()].sort()).toEqual(idsOf(600));
    const again = await run([file]);
    expect(again.text).toContain('rows read 600: accepted 600, duplicates among them 600');
  }, 90_000);

  test('a second replay of a file that is under way is refused, also from the start', async () => {
    const file = reports(30);
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    door.plan = (posted, id) => {
      if (posted === 20) begin();
      return id.endsWith('_1') ? 'busy' : 'take';
    };
    const first = run([file]);
    await begun;
    for (const more of [[], ['--restart']]) {
      const second = await run([file, ...more]);
      expect(second).toMatchObject({ code: 1, text: expect.stringMatching(/is being replayed .* by process \d+/) });
    }
    door.plan = () => 'take';
    expect((await first).code).toBe(0);
    expect([...door.taken.values()]).toEqual(Array.from({ length: 30 }, () => 1));
  }, 30_000);

  test('Ctrl-C ends it with 130 after the rows under way', async () => {
    door.thinkMs = 4;
    const file = reports(300);
    const stopped = await run([file], (child) => {
      door.plan = (posted) => {
        if (posted === 100) child.kill('SIGINT');
        return 'take';
      };
    });
    expect(stopped).toMatchObject({ code: 130, text: expect.stringContaining('the same command goes on at row 1') });
    expect((await run([file])).code).toBe(0);
  });

  test.each([
    { args: [], message: 'name one file' },
    { args: ['a.csv', '--rate', 'fast'], message: "--rate is rows per second, over 0; got 'fast'" },
    { args: ['a.csv', '--speed'], message: "Unknown option '--speed'" },
    { args: ['no-such.csv'], message: 'no-such.csv is no file' },
    { args: ['a.csv', '--url', 'http://me:secret@host'], message: '--url may hold no user and no password' },
  ])('$args is answered with: $message', async ({ args, message }) => {
    expect(await run(args)).toMatchObject({ code: 1, text: expect.stringContaining(message) });
  });
});
