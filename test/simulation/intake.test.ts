import { expect, test } from 'vitest';
import { freshSecret } from '#test/e2e/fresh-secret.ts';
import { theIntake } from '#test/e2e/intake.ts';
import { inMemorySystem } from './in-memory-system.ts';

theIntake(() => inMemorySystem('policy-1'));

test('two secrets are active for 24 hours after a rotation, to the second, and then the new one alone (I-3)', async () => {
  const system = await inMemorySystem('policy-1');
  const first = await freshSecret(system, 'phone');
  const second = await freshSecret(system, 'phone');
  const rotatedAt = (await system.now()).getTime();
  const tried = async (secret: string) => {
    const headers = await system.sign('{}', secret);
    return (await system.deliver({ source: 'phone', body: '{}', headers })).status;
  };
  await system.reach(new Date(rotatedAt + 86_399_000).toISOString());
  expect([await tried(first), await tried(second)]).toEqual([422, 422]);
  await system.reach(new Date(rotatedAt + 86_400_000).toISOString());
  expect([await tried(first), await tried(second)]).toEqual([401, 422]);
});
