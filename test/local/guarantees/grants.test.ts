import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { prepareInterlock } from '#infra/cli/start/prepare-interlock.ts';
import { localClient, sourcesWithSecrets } from '#infra/cli/start/source-secrets.ts';
import { environments } from '#infra/environments.ts';
import { assemblyOf } from '#infra/local/assembly.ts';
import { type LocalSystem, startLocalSystem } from '#infra/local/local-system.ts';
import { noEngineBecause } from '#test/support/dynoxide.ts';

const Template = z.looseObject({
  Resources: z.record(z.string(), z.looseObject({ Type: z.string(), Properties: z.unknown() })),
});
const Policy = z.looseObject({
  PolicyDocument: z.looseObject({
    Statement: z.array(z.looseObject({ Action: z.union([z.string(), z.array(z.string())]) })),
  }),
});
const TEMPLATE = 'interlock-local-performance.template.json';

/** A copy of an assembly in which nothing grants RaiseAlert to put items; the bundles stay where they are. */
function withoutTheGrant(assembly: string, copy: string): void {
  mkdirSync(copy);
  for (const name of readdirSync(assembly)) {
    if (name.startsWith('asset.')) symlinkSync(join(assembly, name), join(copy, name));
    else cpSync(join(assembly, name), join(copy, name), { recursive: true });
  }
  const template = Template.parse(JSON.parse(readFileSync(join(copy, TEMPLATE), 'utf8')));
  let removed = 0;
  for (const [id, resource] of Object.entries(template.Resources)) {
    if (resource.Type !== 'AWS::IAM::Policy' || !id.startsWith('RaiseAlert')) continue;
    const properties = Policy.parse(resource.Properties);
    for (const statement of properties.PolicyDocument.Statement) {
      const actions = [statement.Action].flat();
      statement.Action = actions.filter((action) => action !== 'dynamodb:PutItem');
      removed += actions.length - statement.Action.length;
    }
    resource.Properties = properties;
  }
  expect(removed).toBe(1);
  writeFileSync(join(copy, TEMPLATE), JSON.stringify(template));
}

describe.skipIf(noEngineBecause)(
  `a grant that the stack does not give${noEngineBecause ? ` (skipped: ${noEngineBecause})` : ''}`,
  { timeout: 90_000 },
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
      withoutTheGrant(assembly, join(folder, 'assembly'));
      system = await started(join(folder, 'assembly'));
    }, 120_000);
    afterAll(async () => {
      await system?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

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
    const queue = () => {
      const found = system.cloud.queues
        .overview()
        .find(({ name, deadLettersOf }) => name.includes('RaiseAlertWork') && !deadLettersOf);
      if (!found) throw new Error('RaiseAlert has no queue');
      return found.visible + found.inFlight + found.delayed;
    };
    const logged = async () => {
      const client = new CloudWatchLogsClient(localClient(system.url));
      const logGroupName = groupOf('RaiseAlertConsumerLogs');
      const { events = [] } = await client.send(new FilterLogEventsCommand({ logGroupName }));
      client.destroy();
      return events.map(({ message = '' }) => message).join('\n');
    };
    const groupOf = (name: string) => {
      const template = Template.parse(JSON.parse(readFileSync(join(assembly, TEMPLATE), 'utf8')));
      const id = Object.keys(template.Resources).find((each) => each.startsWith(name));
      return `interlock-local-performance-${id}`;
    };
    const alerts = async () => {
      const body = JSON.stringify({ sub: 'me', roles: ['performance'] });
      const asked = await fetch(`${system.url}/_local/token`, { method: 'POST', body });
      const { token } = z.object({ token: z.string() }).parse(await asked.json());
      const answer = await fetch(`${system.url}/alerts?state=open`, { headers: { authorization: `Bearer ${token}` } });
      return z.object({ items: z.array(z.unknown()) }).parse(await answer.json()).items.length;
    };
    const eventually = async (holds: () => Promise<boolean>) => {
      for (const deadline = Date.now() + 40_000; Date.now() < deadline; await sleep(100))
        if (await holds()) return true;
      return false;
    };

    test('is refused to the function as on AWS: it fails with AccessDenied, and its message waits', async () => {
      expect(await report()).toBe(202);
      expect(await eventually(async () => (await logged()).includes('AccessDeniedException'))).toBe(true);
      expect(await logged()).toMatch(
        /RaiseAlert\S+ is not authorized to perform: dynamodb:PutItem on resource: \S+Scorecards/,
      );
      expect(queue()).toBe(1);
      expect(await alerts()).toBe(0);
    });

    test('with the grant the message that waited becomes the alert', async () => {
      await system.stop();
      system = await started(assembly);
      expect(await eventually(async () => (await alerts()) === 1)).toBe(true);
      expect(await eventually(async () => queue() === 0)).toBe(true);
    });
  },
);
