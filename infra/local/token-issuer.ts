import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import * as z from 'zod';
import type { Machine } from './cloud.ts';

/** Whom a token speaks for, and the claims beside it. */
export interface TokenSubject {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** The OIDC issuer of this machine: RS256 tokens for whomever is asked for. */
export interface TokenIssuer {
  /** What authorizers are told: `http://127.0.0.1:4400/_local/issuer`. */
  readonly url: string;
  /** What stands at a path below {@link url}; undefined where nothing does. */
  document(path: string): unknown | undefined;
  /**
   * @param lifetimeSeconds on the moved clock; negative for a token that has expired
   * @throws RangeError for a subject that is no text, or a claim that the issuer itself sets
   */
  tokenFor(subject: TokenSubject, lifetimeSeconds?: number): Promise<string>;
}

const HOUR = 3_600;
const Claims = z.looseObject({ sub: z.string().min(1), ...reserved('iss', 'aud', 'exp', 'nbf', 'iat', 'jti') });
const Key = z.object({ kid: z.string(), privateJwk: z.looseObject({}), publicJwk: z.looseObject({}) });
type Key = z.infer<typeof Key>;

/** Its key is made once and kept, so tokens outlive a restart. */
export async function tokenIssuer(machine: Machine, audience: string): Promise<TokenIssuer> {
  const { kid, privateJwk, publicJwk } = await keptKey(machine);
  const privateKey = await importJWK(privateJwk, 'RS256');
  const url = `${machine.url}/_local/issuer`;
  const documents: ReadonlyMap<string, unknown> = new Map<string, unknown>([
    [
      '/.well-known/openid-configuration',
      {
        issuer: url,
        jwks_uri: `${url}/.well-known/jwks.json`,
        response_types_supported: ['token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      },
    ],
    ['/.well-known/jwks.json', { keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] }],
  ]);
  return {
    url,
    document: (path) => documents.get(path),
    async tokenFor(subject, lifetimeSeconds = HOUR) {
      const parsed = Claims.safeParse(subject);
      if (!parsed.success) throw new RangeError(`no token for that: ${z.prettifyError(parsed.error)}`);
      const now = Math.floor(machine.clock.now() / 1000);
      return new SignJWT({ ...parsed.data })
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
        .setIssuer(url)
        .setAudience(audience)
        .setIssuedAt(now + Math.min(0, lifetimeSeconds))
        .setExpirationTime(now + lifetimeSeconds)
        .sign(privateKey);
    },
  };
}

async function keptKey({ store, clock }: Machine): Promise<Key> {
  store.exec('create table if not exists token_key (id integer primary key check (id = 1), key text not null)');
  const kept = store.prepare('select key from token_key where id = 1').get();
  if (kept) return Key.parse(JSON.parse(String(kept.key)));
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const [privateJwk, publicJwk] = await Promise.all([exportJWK(privateKey), exportJWK(publicKey)]);
  const key: Key = { kid: `local-${clock.now()}`, privateJwk: { ...privateJwk }, publicJwk: { ...publicJwk } };
  store.prepare('insert into token_key values (1, ?)').run(JSON.stringify(key));
  return key;
}

function reserved(...claims: string[]) {
  return Object.fromEntries(claims.map((claim) => [claim, z.undefined().optional()]));
}
