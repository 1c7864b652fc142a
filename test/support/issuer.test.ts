import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { actorOf } from '#shared/runtime/actor.ts';
import { type Issuer, startIssuer } from './issuer.ts';

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer({ port: 0 });
});
afterAll(() => issuer.close());

/** Checks a token as an authorizer does: by discovery and the published keys. */
async function verified(token: string) {
  const found = Discovery.parse(await (await fetch(`${issuer.url}/.well-known/openid-configuration`)).json());
  const keys = createRemoteJWKSet(new URL(found.jwks_uri));
  return (await jwtVerify(token, keys, { issuer: found.issuer, audience: issuer.audience, algorithms: ['RS256'] }))
    .payload;
}

test('a token is proven by the published keys and names the caller', async () => {
  const token = await issuer.tokenFor({
    sub: 'u-702',
    roles: ['performance'],
    employee: 'E-702',
    department: 'performance',
  });
  expect(actorOf(await verified(token))).toEqual({
    sub: 'u-702',
    roles: ['performance'],
    employee: 'E-702',
    department: 'performance',
  });
});

test('a token can be had over HTTP, for a suite in another process', async () => {
  const answer = await fetch(`${issuer.url}/token`, {
    method: 'POST',
    body: JSON.stringify({ sub: 'u-1', roles: ['hr'] }),
  });
  const { token } = z.object({ token: z.string() }).parse(await answer.json());
  expect((await verified(token)).roles).toEqual(['hr']);
});

test('an expired token is refused', async () => {
  await expect(verified(await issuer.tokenFor({ sub: 'u-1', roles: [] }, -60))).rejects.toThrow(/exp/);
});

test('a token of another issuer is refused', async () => {
  const other = await startIssuer({ port: 0 });
  const token = await other.tokenFor({ sub: 'u-1', roles: ['operator'] });
  await other.close();
  await expect(verified(token)).rejects.toThrow();
});
