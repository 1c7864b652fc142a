import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

/** Everything that one of the project's commands prints. */
async function printed(...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('npm', ['run', ...args], { maxBuffer: 2 ** 26 });
  return stdout + stderr;
}

describe('an environment that stands', () => {
  test('shows no difference to what would be deployed', async () => {
    expect(await printed('diff', '--', '--env', 'dev')).toContain('Number of stacks with differences: 0');
  });

  test('is not changed by a second deploy, nor is its reference data', async () => {
    const output = await printed('deploy', '--', '--env', 'dev');
    const stacks = ['data', 'watch', 'api', 'disputes', 'performance', 'improvement'];
    for (const stack of stacks) expect(output).toContain(`interlock-dev-${stack} (no changes)`);
    expect(output).toMatch(/reference data of dev: 0 added, 0 changed, \d+ unchanged/);
  });
});
