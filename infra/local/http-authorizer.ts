import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Machine } from './cloud.ts';

const MOST_TOKENS = 2_000;

/** What a token says of its bearer. */
export type Claims = Readonly<Record<string, string>>;
const Discovery = z.object({ jwks_uri: z.url() });

/**
 * Checks bearer tokens as a JWT authorizer does: signed with RS256 by a key of the issuer, for one of the audiences, and
 * in its time on the moved clock. A signature is verified once, for the clock only moves forward.
 *
 * The issuer's keys are found with the first token, for the issuer may be this machine; an issuer that did not answer is
 * asked again with the next one.
 */
export function jwtAuthorizer(machine: Machine, issuer: string, audience: string[]) {
  const verified = new Map<string, { readonly claims: Claims; readonly expiresAt: number }>();
  let keys: JWTVerifyGetKey | undefined;
  const keyOf: JWTVerifyGetKey = async (header, token) => {
    if (!keys) {
      const response = await fetch(`${issuer}/.well-known/openid-configuration`);
      keys = createRemoteJWKSet(new URL(Discovery.parse(await response.json()).jwks_uri));
    }
    return keys(header, token);
  };
  return async (header = ''): Promise<{ readonly claims: Claims } | { readonly refused: string }> => {
    const token = header.replace(/^Bearer\s+/i, '');
    const known = verified.get(token);
    const now = machine.clock.now();
    if (known && now < known.expiresAt) return known;
    try {
      const required = { issuer, audience, currentDate: new Date(now), algorithms: ['RS256'], requiredClaims: ['exp'] };
      const { payload } = await jwtVerify(token, keyOf, required);
      const claims = Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, asText(value)]));
      if (verified.size >= MOST_TOKENS) verified.clear();
      verified.set(token, { claims, expiresAt: (payload.exp ?? 0) * 1000 });
      return { claims };
    } catch (error) {
      if (error instanceof errors.JOSEError) return { refused: error.message };
      keys = undefined;
      machine.say(`tokens cannot be checked: ${issuer} does not answer with its keys (${String(error)})`);
      return { refused: 'the issuer does not answer with its keys' };
    }
  };
}

/** As claims reach a function on AWS: `[officer hr]`, `1700000000`, `true`. */
function asText(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(' ')}]` : String(value);
}
