import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';

/** Runs the command in a folder of the caller's, without any credentials, and answers how it ended. */
async function verify(...args: string[]): Promise<{ code: number | null; said: string }> {
  const { PATH = '' } = process.env;
  const none = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
  const child = spawn(process.execPath, ['infra/cli/verify.ts', ...args], { env: { PATH, INIT_CWD: '/tmp', ...none } });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      said += String(data);
    });
  const code = await new Promise<number | null>((resolve) => void child.on('close', resolve));
  return { code, said };
}

/** What answers everything with this text. */
async function answering<T>(text: string, act: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((_, response) => void response.end(text));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await act(`http://127.0.0.1:${port}`);
  } finally {
    server.close();
  }
}

describe('what keeps verify from looking ends with 2, and never looks like a difference', () => {
  test.each(['<html>', '{"a":1}', '[]'])('an address that answers %s', async (text) => {
    const { code, said } = await answering(text, (url) => verify('ledger', '--url', url));
    expect([code, said]).toEqual([
      2,
      expect.stringMatching(/^what answers at .* is no local system; name another with --url/),
    ]);
  });

  test('stores that answer something else', async () => {
    const outputs = JSON.stringify({ s: { ScorecardsTable: 'a', ReferenceTable: 'b', FilesBucket: 'c' } });
    const { code, said } = await answering(outputs, (url) => verify('ledger', '--url', url));
    expect([code, said]).toEqual([2, expect.stringMatching(/^it broke off: /)]);
  });

  test('no credentials', async () => {
    const { code, said } = await verify('ledger', '--env', 'prod');
    expect([code, said]).toEqual([2, expect.stringMatching(/^prod does not say where its stores are: .*redentials/)]);
  });

  test('a file that is not there, where the person called from', async () => {
    const outputs = JSON.stringify({ s: { ScorecardsTable: 'a', ReferenceTable: 'b', FilesBucket: 'c' } });
    const { code, said } = await answering(outputs, (url) => verify('export', 'nothing-here.csv', '--url', url));
    expect([code, said]).toEqual([2, expect.stringMatching(/^\/tmp\/nothing-here\.csv cannot be read/)]);
  });
}, 60_000);
