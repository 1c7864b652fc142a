import { randomBytes } from 'node:crypto';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type * as z from 'zod';
import { SourceSecretsV1 } from '../contracts/items/source-secrets.ts';
import { type Instant, plusSeconds, secondsBetween } from '../domain/calendar/civil-date.ts';
import type { Clock } from '../domain/ports/clock.ts';
import type { SourceSecrets } from '../domain/ports/source-secrets.ts';

const SECRET_BYTES = 32; // Standard Webhooks allows 24 to 64.
const MAX_CACHE_SECONDS = 60;
const ROTATION_ATTEMPTS = 5;

/** One secret of a source and its time. */
export type SourceSecret = z.infer<typeof SourceSecretsV1>['secrets'][number];

/**
 * The sources' secrets in Secrets Manager: one secret `<prefix>/sources/<source>` per source, holding
 * `{ secrets: [{ secret, createdAt, expiresAt? }] }`.
 *
 * Another container learns of a rotation after `cacheSeconds` at the latest, or when it is asked for secrets that are
 * younger than its own; until then it knows those before. A source without secrets is never cached.
 *
 * Secrets Manager has no conditional write. A rotation reads again what it wrote and, when another one overwrote it,
 * adds its secret to what the other stored, so both are active for the overlap. One gap stays: when a rotation has read before
 * and writes after another one's second look, the other's secret is lost, and its operator rotates once more.
 *
 * @param options.prefix of the environment's secrets: `/interlock/dev`
 * @param options.cacheSeconds 0 to 60; 60 unless given
 * @throws RangeError for another cache time; Secrets Manager's own errors untouched
 */
export function secretsManagerSourceSecrets(
  client: SecretsManagerClient,
  options: { readonly prefix: string; readonly clock: Clock; readonly cacheSeconds?: number },
): SourceSecrets {
  const { prefix, clock, cacheSeconds = MAX_CACHE_SECONDS } = options;
  if (!(cacheSeconds >= 0 && cacheSeconds <= MAX_CACHE_SECONDS))
    throw new RangeError(`secrets may be cached for 0 to ${MAX_CACHE_SECONDS} seconds, got ${cacheSeconds}`);
  const cache = new Map<string, { readonly secrets: readonly SourceSecret[]; readonly readAt: Instant }>();
  return {
    async active(source, allowed = cacheSeconds) {
      const now = clock.now();
      const cached = cache.get(source);
      const limit = Math.min(allowed, cacheSeconds);
      const age = cached ? secondsBetween(cached.readAt, now) : limit;
      if (cached && age >= 0 && age < limit) return activeSecrets(cached.secrets, now);
      const secrets = (await readSecrets(client, nameOf(prefix, source))) ?? [];
      if (secrets.length > 0) cache.set(source, { secrets, readAt: now });
      else cache.delete(source);
      return activeSecrets(secrets, now);
    },
    async rotate(source, now, overlapSeconds, active) {
      const secret = newSecret();
      await storeRotated(client, nameOf(prefix, source), { secret, now, overlapSeconds, active });
      cache.delete(source);
      return secret;
    },
  };
}

/** A Standard Webhooks secret. */
export function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/** Those whose time is not over. */
export function activeSecrets(secrets: readonly SourceSecret[], now: Instant): readonly string[] {
  return secrets.filter(({ expiresAt }) => expiresAt === undefined || now < expiresAt).map(({ secret }) => secret);
}

/** A rotation: the new secret, when it is made, how long those before stay, and how many are active with it. */
export interface Rotation {
  readonly secret: string;
  readonly now: Instant;
  readonly overlapSeconds: number;
  readonly active: number;
}

/**
 * The secrets after a rotation: the new one, and the newest before it until their overlap ends.
 * @param keepAll whether older ones keep the time they have left; for a rotation that another one overtook
 * @throws RangeError for an overlap that is no whole number from 0
 */
export function rotated(before: readonly SourceSecret[], rotation: Rotation, keepAll = false): readonly SourceSecret[] {
  const { secret, now, overlapSeconds, active } = rotation;
  if (!Number.isSafeInteger(overlapSeconds) || overlapSeconds < 0)
    throw new RangeError(`an overlap must be a whole number of seconds from 0, got ${overlapSeconds}`);
  const end = plusSeconds(now, overlapSeconds);
  const kept = (keepAll ? before : before.slice(0, active - 1))
    .map((old) => ({ ...old, expiresAt: old.expiresAt !== undefined && old.expiresAt < end ? old.expiresAt : end }))
    .filter(({ expiresAt }) => now < expiresAt);
  return [{ secret, createdAt: now }, ...kept];
}

function nameOf(prefix: string, source: string): string {
  return `${prefix}/sources/${checkedSource(source)}`;
}

/** @throws RangeError for a source that would name another secret */
export function checkedSource(source: string): string {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(source))
    throw new RangeError('a source must be an id of letters, digits, dots and dashes');
  return source;
}

/** Undefined where the secret does not exist or never got a value. */
async function readSecrets(client: SecretsManagerClient, name: string): Promise<readonly SourceSecret[] | undefined> {
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    return SecretString ? SourceSecretsV1.parse(jsonIn(SecretString, name)).secrets : [];
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** The parser's own error would quote the secret. */
function jsonIn(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the secret ${name} holds no JSON`);
  }
}

async function storeRotated(client: SecretsManagerClient, name: string, rotation: Rotation): Promise<void> {
  let exists = false;
  for (let attempt = 0; attempt < ROTATION_ATTEMPTS; attempt++) {
    const before = await readSecrets(client, name);
    const SecretString = JSON.stringify({ secrets: rotated(before ?? [], rotation, attempt > 0) });
    try {
      if (before || exists) await client.send(new PutSecretValueCommand({ SecretId: name, SecretString }));
      else await client.send(new CreateSecretCommand({ Name: name, SecretString }));
    } catch (error) {
      if (!(error instanceof ResourceExistsException)) throw error;
      exists = true; // Another rotation created it first, or it has no value yet.
      continue;
    }
    const stored = await readSecrets(client, name);
    if (stored?.some(({ secret }) => secret === rotation.secret)) return;
  }
  throw new Error(`other rotations of ${name} overwrote this one ${ROTATION_ATTEMPTS} times`);
}
