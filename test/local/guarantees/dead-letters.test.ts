import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { noEngineBecause } from '#test/support/dynoxide.ts';
import { eventually, FaultyDeploy, type Resources } from './faulty-deploy.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** RaiseAlert looks for a table that is not there, and is tried again each second. */
function poisoned(resources: Resources): void {
  for (const [id, { Type, Properties }] of Object.entries(resources)) {
    if (Type === 'AWS::Lambda::Function' && id.startsWith('RaiseAlert')) {
      const { Variables } = z.object({ Variables: z.looseObject({}) }).parse(Properties.Environment);
      Properties.Environment = { Variables: { ...Variables, SCORECARDS_TABLE: 'no-such-table' } };
    }
    if (Type === 'AWS::SQS::Queue' && id.startsWith('RaiseAlert')) Properties.VisibilityTimeout = 1;
  }
}

describe.skipIf(noEngineBecause)(
  `a message that a faulty deploy could not work on${noEngineBecause ? ` (skipped: ${noEngineBecause})` : ''}`,
  { timeout: 120_000 },
  () => {
    let deploy: FaultyDeploy;
    beforeAll(async () => {
      deploy = new FaultyDeploy();
      await deploy.start(poisoned);
    }, 120_000);
    afterAll(() => deploy?.remove());

    /** `npm run dlq -- …`, as an operator types it. */
    const dlq = async (...args: string[]) => {
      const command = ['infra/cli/dlq.ts', ...args, '--url', deploy.system.url];
      return promisify(execFile)(process.execPath, command, { cwd: root }).then(
        ({ stdout }) => ({ exit: 0, said: stdout }),
        (error: unknown) => {
          const { code, stderr } = z.object({ code: z.number(), stderr: z.string() }).parse(error);
          return { exit: code, said: stderr };
        },
      );
    };

    test('lies in the dead letters, and list says since when and what the business loses', async () => {
      expect(await deploy.report()).toBe(202);
      const listed = async () => (await dlq('list')).said;
      expect(await eventually(async () => (await listed()).includes('performance/raise-alert: 1 message'))).toBe(true);
      expect(await listed()).toMatch(/oldest \d{4}-\d\d-\d\dT\S+Z, \d+ seconds ago; forgotten from/);
      expect(await listed()).toContain('loses  grave disputes reach nobody in performance');
      expect(await listed()).toMatch(/^empty: disputes\/filing-clock, /m);
    });

    test('is shown, and still lies there', async () => {
      for (const _ of [1, 2]) {
        const { exit, said } = await dlq('show', 'raise-alert');
        expect({ exit, said }).toMatchObject({
          exit: 0,
          said: expect.stringContaining('"detail-type": "DisputeGraded.v1"'),
        });
        expect(said).toContain('1 of 1 message');
      }
      expect(await deploy.alerts()).toBe(0);
    });

    test('becomes the alert once the fault is mended and it is put back', async () => {
      await deploy.mend();
      expect(await dlq('redrive', 'raise-alert')).toEqual({
        exit: 0,
        said: '1 message of performance/raise-alert put back\n',
      });
      expect(await eventually(async () => (await deploy.alerts()) === 1)).toBe(true);
      expect((await dlq('list')).said).toMatch(/^all are empty: /);
    });

    test('what cannot be done exits with 2 and says what to do instead', async () => {
      expect(await dlq('show', 'webhook')).toEqual({
        exit: 2,
        said: expect.stringContaining('GET /intake/dead-messages'),
      });
      expect(await dlq('redrive', 'given-up')).toEqual({ exit: 2, said: expect.stringContaining('may be any of') });
      expect(await dlq('redrive', 'disputes/publish/given-up')).toEqual({
        exit: 2,
        said: expect.stringContaining('npm run republish'),
      });
      expect(await dlq('mend')).toEqual({ exit: 2, said: expect.stringContaining('npm run dlq -- list') });
      expect(await dlq('list', '--limit', 'all')).toEqual({ exit: 2, said: expect.stringContaining("got 'all'") });
    });
  },
);
