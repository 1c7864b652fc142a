import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Machine } from './cloud.ts';

const MOST_TOKENS = 2_000;

/** What a token says of its bearer, or why it says nothing. */
export type Authorized =
  | { readonly ok: true; readonly claims: Readonly<Record<string, string>>; readonly scopes: readonly string[] }
  | { readonly ok: false; readonly reason: string };

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

interface Verified {
  readonly authorized: Authorized & { readonly ok: true };
  readonly times: Pick<JWTPayload, 'exp' | 'nbf' | 'iat'>;
}

/**
 * Checks bearer tokens as a JWT authorizer does: signed with RS256 by a key of the issuer, for one of the audiences, and
 * in its time on the moved clock. A signature is verified once and the token remembered while others do not push it out.
 *
 * The issuer's keys are found with the first token, for the issuer may be this machine; an issuer that did not answer is
 * asked again with the next one.
 */
export function jwtAuthorizer(machine: Machine, issuer: string, audiences: readonly string[]) {
  const verified = new Map<string, Verified>();
  let discovered: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;
  const keyOf: JWTVerifyGetKey = async (header, token) => {
    try {
      discovered ??= keysOf(issuer);
      const keys = await discovered;
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JOSEError) throw error;
      discovered = undefined;
      machine.say(`tokens cannot be checked: ${issuer} does not answer with its keys (${String(error)})`);
      throw new errors.JOSEError('OIDC discovery endpoint communication error');
    }
  };
  const verify = async (token: string): Promise<Verified> => {
    // Its time is checked for every request below; here the signature alone counts.
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: ['RS256'],
      issuer,
      clockTolerance: Number.MAX_SAFE_INTEGER,
      requiredClaims: ['exp'],
    });
    const meantFor = [payload.aud ?? payload.client_id].flat();
    if (!meantFor.some((each) => typeof each === 'string' && audiences.includes(each)))
      throw new errors.JOSEError('the token does not have a valid audience');
    const claims = Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, asText(value)]));
    const { exp, nbf, iat } = payload;
    return { authorized: { ok: true, claims, scopes: scopesOf(payload) }, times: { exp, nbf, iat } };
  };
  return async (header: string | undefined): Promise<Authorized> => {
    const token = header?.replace(/^Bearer\s+/i, '');
    if (!token) return { ok: false, reason: '' };
    try {
      const known = verified.get(token) ?? (await verify(token));
      verified.delete(token); // Put back as the newest.
      verified.set(token, known);
      const oldest = verified.size > MOST_TOKENS ? verified.keys().next().value : undefined;
      if (oldest !== undefined) verified.delete(oldest);
      const reason = outsideItsTime(known.times, Math.floor(machine.clock.now() / 1000));
      return reason ? { ok: false, reason } : known.authorized;
    } catch (error) {
      if (error instanceof errors.JOSEError) return { ok: false, reason: error.message };
      throw error;
    }
  };
}

async function keysOf(issuer: string) {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!response.ok) throw new Error(`status ${response.status}`);
  const document = Discovery.parse(await response.json());
  if (document.issuer !== issuer) throw new Error(`it names itself ${document.issuer}`);
  return createRemoteJWKSet(new URL(document.jwks_uri));
}

function outsideItsTime({ exp = 0, nbf = 0, iat = 0 }: Verified['times'], now: number): string | undefined {
  if (exp <= now) return 'the token has expired';
  return nbf > now || iat > now ? 'the token is not valid yet' : undefined;
}

function scopesOf({ scope, scp }: JWTPayload): readonly string[] {
  const given = scope ?? scp;
  if (Array.isArray(given)) return given.map(String);
  return typeof given === 'string' ? given.split(' ').filter(Boolean) : [];
}

/** As claims reach a function on AWS: `[officer hr]`, `map[a:1 b:2]`, `1700000000`, `true`. */
function asText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asText).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  if (value === null) return '<nil>';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, each]) => `${key}:${asText(each)}`).join(' ')}]`;
}
