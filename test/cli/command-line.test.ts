import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '#infra/cli/command-line.ts';

const RANGE = ['--from', '2026-11-22T09:00Z', '--to', '2026-11-22T12:00Z'];
const COMMANDS = [
  { command: 'republish', args: RANGE },
  { command: 'recount', args: [] },
  { command: 'dlq', args: ['list'] },
  { command: 'restore', args: ['--from', 'beside', '--to', 'cases'] },
  { command: 'verify', args: ['ledger'] },
];

/** Runs the command as its own process. */
async function ran(command: string, args: readonly string[]) {
  const child = spawn(process.execPath, [`infra/cli/${command}.ts`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = async (stream: NodeJS.ReadableStream) => {
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return text;
  };
  const code = new Promise((resolve) => child.on('close', resolve));
  const [stdout, stderr] = await Promise.all([said(child.stdout), said(child.stderr)]);
  return { code: await code, stdout, stderr };
}

describe('a command for operators', () => {
  const page = createServer((_, response) => response.end('<!doctype html><title>Another service</title>'));
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const { port } = page.address() as AddressInfo;
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(() => void page.close());

  test.each(COMMANDS)('$command says in a sentence that what answers is no system of ours', async (asked) => {
    const { code, stderr } = await ran(asked.command, [...asked.args, '--url', url]);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(url)]);
    expect(code).toBe(2);
  });

  test.each(COMMANDS)('$command says in a sentence that no system answers', async (asked) => {
    const { code, stderr } = await ran(asked.command, [...asked.args, '--url', 'http://127.0.0.1:1']);
    expect(stderr).toMatch(/^no local system answers at http:\/\/127\.0\.0\.1:1; .*\n$/);
    expect(code).toBe(2);
  });
});

describe('a command line that may not be', () => {
  test.each([...COMMANDS, { command: 'replay', args: ['file.csv'], code: 1 }, { command: 'start', args: [], code: 1 }])(
    '$command says what is wrong with it, and its usage',
    async ({ command, args, ...ends }) => {
      const { code, stderr } = await ran(command, [...args, '--fast']);
      expect(stderr).toMatch(/Unknown option '--fast'.*\nnpm (run|start)/s);
      expect({ code }).toEqual({ code: 2, ...ends });
    },
  );
});

describe('the exit code of a command', () => {
  const systemError = Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' });
  test.each([
    ['0 when all is well', async () => true, 0, []],
    ['1 when it is not', async () => false, 1, []],
    [
      '2 when it was asked for what cannot be done',
      async () => Promise.reject(new RangeError('no such')),
      2,
      ['no such'],
    ],
    [
      '2 when the connection breaks',
      async () => Promise.reject(systemError),
      2,
      ['it broke off: Error: connect ECONNREFUSED'],
    ],
  ])('is %s', async (_, run, code, lines) => {
    const said: string[] = [];
    expect(await runCommand(run, (line) => void said.push(line))).toBe(code);
    expect(said).toEqual(lines);
  });

  test('is 2 where the fault is ours, with the place where it happened', async () => {
    const said: string[] = [];
    const run = () => Promise.reject(new TypeError('our fault'));
    expect(await runCommand(run, (line) => void said.push(line))).toBe(2);
    expect(said).toEqual([expect.stringMatching(/^it broke off: TypeError: our fault\n +at .*command-line\.test\.ts/)]);
  });
});
