import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { prepareInterlock } from '#infra/cli/start/prepare-interlock.ts';
import { sourcesWithSecrets } from '#infra/cli/start/source-secrets.ts';
import { environments } from '#infra/environments.ts';
import { assemblyOf } from '#infra/local/assembly.ts';
import { type LocalSystem, startLocalSystem } from '#infra/local/local-system.ts';
import { noEngineBecause } from '#test/support/dynoxide.ts';

const TEMPLATE = 'interlock-local-performance.template.json';
const Template = z.looseObject({
  Resources: z.record(z.string(), z.looseObject({ Type: z.string(), Properties: z.looseObject({}) })),
});
const root = join(import.meta.dirname, '..', '..', '..');

/** A copy of an assembly whose RaiseAlert looks for a table that is not there, and is tried again each second. */
function poisoned(assembly: string, copy: string): void {
  mkdirSync(copy);
  for (const name of readdirSync(assembly)) {
    if (name.startsWith('asset.')) symlinkSync(join(assembly, name), join(copy, name));
    else cpSync(join(assembly, name), join(copy, name), { recursive: true });
  }
  const template = Template.parse(JSON.parse(readFileSync(join(copy, TEMPLATE), 'utf8')));
  for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
    if (Type === 'AWS::Lambda::Function' && id.startsWith('RaiseAlert')) {
      const { Variables } = z.object({ Variables: z.looseObject({}) }).parse(Properties.Environment);
      Properties.Environment = { Variables: { ...Variables, SCORECARDS_TABLE: 'no-such-table' } };
    }
    if (Type === 'AWS::SQS::Queue' && id.startsWith('RaiseAlert')) Properties.VisibilityTimeout = 1;
  }
  writeFileSync(join(copy, TEMPLATE), JSON.stringify(template));
}

describe.skipIf(noEngineBecause)(
  `a message that a faulty deploy could not work on${noEngineBecause ? ` (skipped: ${noEngineBecause})` : ''}`,
  { timeout: 120_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'interlock-'));
    const data = join(folder, 'data');
    let assembly: string;
    let system: LocalSystem;
    const started = (assemblyFolder: string) => {
      const { audience } = environments.local.oidc;
      return startLocalSystem({
        environment: 'local',
        assemblyFolder,
        port: 0,
        folder: data,
        audience,
        say: () => {},
        prepare: (cloud) => prepareInterlock(cloud, { folder: data, empty: true, audience }),
        onGivenUp: () => {},
      });
    };
    beforeAll(async () => {
      assembly = assemblyOf('local', () => {});
      poisoned(assembly, join(folder, 'assembly'));
      system = await started(join(folder, 'assembly'));
    }, 120_000);
    afterAll(async () => {
      await system?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    /** `npm run dlq -- …`, as an operator types it. */
    const dlq = async (...args: string[]) => {
      const command = ['infra/cli/dlq.ts', ...args, '--url', system.url];
      return promisify(execFile)(process.execPath, command, { cwd: root }).then(
        ({ stdout }) => ({ exit: 0, said: stdout }),
        (error: unknown) => {
          const { code, stderr } = z.object({ code: z.number(), stderr: z.string() }).parse(error);
          return { exit: code, said: stderr };
        },
      );
    };
    const report = async () => {
      const secret = (await sourcesWithSecrets(system.url)).find(({ source }) => source === 'phone')?.secret ?? '';
      const at = new Date();
      const body = JSON.stringify({ externalId: 'call-1', occurredAt: at.toISOString(), type: 'late-delivery' });
      const headers = {
        'content-type': 'application/json',
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign('msg_1', at, body),
      };
      return (await fetch(`${system.url}/intake/phone`, { method: 'POST', headers, body })).status;
    };
    const alerts = async () => {
      const body = JSON.stringify({ sub: 'me', roles: ['performance'] });
      const asked = await fetch(`${system.url}/_local/token`, { method: 'POST', body });
      const { token } = z.object({ token: z.string() }).parse(await asked.json());
      const answer = await fetch(`${system.url}/alerts?state=open`, { headers: { authorization: `Bearer ${token}` } });
      return z.object({ items: z.array(z.unknown()) }).parse(await answer.json()).items.length;
    };
    const eventually = async (holds: () => Promise<boolean>) => {
      for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(250))
        if (await holds()) return true;
      return false;
    };

    test('lies in the dead letters, and list says since when and what the business loses', async () => {
      expect(await report()).toBe(202);
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
      expect(await alerts()).toBe(0);
    });

    test('becomes the alert once the fault is mended and it is put back', async () => {
      await system.stop();
      system = await started(assembly);
      expect(await dlq('redrive', 'raise-alert')).toEqual({
        exit: 0,
        said: '1 message of performance/raise-alert put back\n',
      });
      expect(await eventually(async () => (await alerts()) === 1)).toBe(true);
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
