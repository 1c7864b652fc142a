import { afterAll, describe, test } from 'vitest';
import { freshTables, localClient } from '../support/dynamodb-local-tables.ts';
import { type Engine, noEngineBecause, startEngine } from '../support/dynoxide.ts';
import { describeTables } from './tables.spec.ts';
import { describeSameAsMemory } from './tables-model.spec.ts';

const dynamodbLocal = process.env.INTERLOCK_DYNAMODB_LOCAL;
const noLocalBecause = dynamodbLocal
  ? undefined
  : 'INTERLOCK_DYNAMODB_LOCAL names no URL; node test/support/dynamodb-local.ts fetches and starts it';

onEngine('in DynamoDB on an embedded engine', noEngineBecause, startEngine);
onEngine('in DynamoDB Local', noLocalBecause, async () => ({ endpoint: dynamodbLocal ?? '', stop: async () => {} }));

/** Runs everything on one engine, or says why it cannot. */
function onEngine(version: string, notBecause: string | undefined, start: () => Promise<Engine>): void {
  if (notBecause) {
    console.info(`tables ${version}: skipped, ${notBecause}`);
    test.skip(`tables ${version} (${notBecause})`, () => {});
    return;
  }
  describe(version, () => {
    let starting: Promise<Engine> | undefined;
    let opened = 0;
    const open = async () => {
      starting ??= start();
      const { endpoint } = await starting;
      const prefix = `t${process.pid}-${Date.now()}-${++opened}`;
      return (await freshTables(localClient(endpoint), prefix, ['cases', 'scorecards'])).tables;
    };
    afterAll(async () => (await starting)?.stop());
    describeTables(version, open);
    describeSameAsMemory(version, open);
  });
}
