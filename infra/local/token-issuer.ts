import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import * as z from 'zod';
import type { Machine } from './cloud.ts';

/** The private key as it is kept; `kty`, `n` and `e` are what others may know of it. */
const Key = z.looseObject({ kid: z.string(), kty: z.string(), n: z.string(), e: z.string() });

export type TokenIssuer = Awaited<ReturnType<typeof tokenIssuer>>;

/** The OIDC issuer of this machine: RS256 tokens for whomever is asked for. Its key is kept, so they outlive a restart. */
export async function tokenIssuer(machine: Machine, audience: string) {
  const key = await keptKey(machine);
  const { kid, kty, n, e } = key;
  const privateKey = await importJWK(key, 'RS256');
  const issuer = `${machine.url}/_local/issuer`;
  return {
    discovery: { issuer, jwks_uri: `${issuer}/.well-known/jwks.json` },
    jwks: { keys: [{ kid, kty, n, e, alg: 'RS256', use: 'sig' }] },
    /** A token for an hour on the moved clock, with the claims as they are given. */
    tokenFor(subject: { readonly sub: string; readonly [claim: string]: unknown }): Promise<string> {
      const now = Math.floor(machine.clock.now() / 1000);
      return new SignJWT({ ...subject, iss: issuer, aud: audience, iat: now, exp: now + 3_600 })
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
        .sign(privateKey);
    },
  };
}

async function keptKey({ store, clock }: Machine): Promise<z.infer<typeof Key>> {
  store.exec('create table if not exists issuer_key (id integer primary key check (id = 1), key text not null)');
  const kept = store.prepare('select key from issuer_key where id = 1').get();
  if (kept) return Key.parse(JSON.parse(String(kept.key)));
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = Key.parse({ ...(await exportJWK(privateKey)), kid: `local-${clock.now()}` });
  store.prepare('insert into issuer_key values (1, ?)').run(JSON.stringify(key));
  return key;
}
