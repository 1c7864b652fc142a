import { expect } from 'vitest';
import { OPERATOR } from './people.ts';
import type { System } from './system.ts';

/**
 * A new secret of a source, once the door knows it: a door may keep what it has read for up to 60 s (I-3). It knows it
 * when it reads what was signed, and refuses it for what it is.
 */
export async function freshSecret(system: System, source: string): Promise<string> {
  const rotated = await system.call('POST', `/sources/${source}/secret`, OPERATOR);
  expect(rotated).toMatchObject({ status: 200, body: { source, secret: expect.stringMatching(/^whsec_/) } });
  const { secret } = rotated.body;
  await system.eventually('the door knows the new secret', async () => {
    const { status } = await system.deliver({ source, body: '{}', headers: await system.sign('{}', secret) });
    return status === 422 ? true : undefined;
  });
  return secret;
}
