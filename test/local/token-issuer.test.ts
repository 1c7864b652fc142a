import { createLocalJWKSet, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { tokenIssuer } from '#infra/local/token-issuer.ts';
import { machineFor } from './wire-server.ts';

const machine = machineFor();
const issuer = await tokenIssuer(machine, 'people');
const url = `${machine.url}/_local/issuer`;
const keys = createLocalJWKSet(issuer.jwks);
const verify = (token: string) =>
  jwtVerify(token, keys, { issuer: url, audience: 'people', currentDate: new Date(machine.clock.now()) });

test('a token carries its claims as they were given, for an hour on the moved clock', async () => {
  machine.clock.moveTo(machine.clock.now() + 100 * 86_400_000);
  const token = await issuer.tokenFor({ sub: 'E-1', groups: ['a', 'b'], nested: { c: 1 } });
  const { payload, protectedHeader } = await verify(token);
  expect(payload).toMatchObject({ sub: 'E-1', groups: ['a', 'b'], nested: { c: 1 }, iss: url, aud: 'people' });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3_600);
  expect(Math.abs((payload.iat ?? 0) - machine.clock.now() / 1000)).toBeLessThan(60);
  expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'JWT' });
});

test('discovery names the keys, which hold nothing private', () => {
  expect(issuer.discovery).toMatchObject({
    issuer: url,
    jwks_uri: `${url}/.well-known/jwks.json`,
  });
  expect(JSON.stringify(issuer.jwks)).not.toContain('"d":');
});

test('tokens outlive a restart', async () => {
  const again = await tokenIssuer(machineFor({ folder: machine.folder }), 'people');
  await expect(verify(await again.tokenFor({ sub: 'E-2' }))).resolves.toBeDefined();
});

test('whose token it is and how long it holds is not for the asking', async () => {
  const { payload } = await verify(await issuer.tokenFor({ sub: 'E-1', iss: 'somebody else', exp: 1, aud: 'others' }));
  expect(payload).toMatchObject({ iss: url, aud: 'people' });
});
