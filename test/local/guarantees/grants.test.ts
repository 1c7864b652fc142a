import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { localClient } from '#infra/cli/start/source-secrets.ts';
import { noEngineBecause } from '#test/support/dynoxide.ts';
import { eventually, FaultyDeploy, type Resources } from './faulty-deploy.ts';

const Document = z.looseObject({
  Statement: z.array(z.looseObject({ Action: z.union([z.string(), z.array(z.string())]) })),
});

/** Nothing grants RaiseAlert to put items. */
function withoutTheGrant(resources: Resources): void {
  let removed = 0;
  for (const [id, { Type, Properties }] of Object.entries(resources)) {
    if (Type !== 'AWS::IAM::Policy' || !id.startsWith('RaiseAlert')) continue;
    const document = Document.parse(Properties.PolicyDocument);
    for (const statement of document.Statement) {
      const actions = [statement.Action].flat();
      statement.Action = actions.filter((action) => action !== 'dynamodb:PutItem');
      removed += actions.length - statement.Action.length;
    }
    Properties.PolicyDocument = document;
  }
  expect(removed).toBe(1);
}

describe.skipIf(noEngineBecause)(
  `a grant that the stack does not give${noEngineBecause ? ` (skipped: ${noEngineBecause})` : ''}`,
  { timeout: 90_000 },
  () => {
    let deploy: FaultyDeploy;
    beforeAll(async () => {
      deploy = new FaultyDeploy();
      await deploy.start(withoutTheGrant);
    }, 120_000);
    afterAll(() => deploy?.remove());

    const queue = () => {
      const found = deploy.system.cloud.queues
        .overview()
        .find(({ name, deadLettersOf }) => name.includes('RaiseAlertWork') && !deadLettersOf);
      if (!found) throw new Error('RaiseAlert has no queue');
      return found.visible + found.inFlight + found.delayed;
    };
    const logged = async () => {
      const client = new CloudWatchLogsClient(localClient(deploy.system.url));
      const logGroupName = deploy.nameOf('RaiseAlertConsumerLogs');
      const { events = [] } = await client.send(new FilterLogEventsCommand({ logGroupName }));
      client.destroy();
      return events.map(({ message = '' }) => message).join('\n');
    };

    test('is refused to the function as on AWS: it fails with AccessDenied, and its message waits', async () => {
      expect(await deploy.report()).toBe(202);
      expect(await eventually(async () => (await logged()).includes('AccessDeniedException'))).toBe(true);
      expect(await logged()).toMatch(
        /RaiseAlert\S+ is not authorized to perform: dynamodb:PutItem on resource: \S+Scorecards/,
      );
      expect(queue()).toBe(1);
      expect(await deploy.alerts()).toBe(0);
    });

    test('with the grant the message that waited becomes the alert', async () => {
      await deploy.mend();
      expect(await eventually(async () => (await deploy.alerts()) === 1)).toBe(true);
      expect(await eventually(async () => queue() === 0)).toBe(true);
    });
  },
);
