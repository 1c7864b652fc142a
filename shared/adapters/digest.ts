import { createHash, createHmac } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import canonicalize from 'canonicalize';
import { v5 } from 'uuid';
import type { ContentHash, Digest, NewHash } from '../domain/ports/digest.ts';

/** Namespace of all ids that derive from a cause. Changing it would give every repeat a new id. */
const NAMESPACE = '5f0c1f5e-0f0b-4c39-9d5b-3a2b8a1f6c11';
const MIN_KEY_BYTES = 16;

/** UUIDv5 over the parts, for steps that need no key. As JSON, ('a', 'b') and ('ab') differ. */
export const derivedId: Digest['id'] = (...parts) => v5(JSON.stringify(parts), NAMESPACE);

/** @throws RangeError for what is no JSON value */
export const contentHash: ContentHash = (value) => {
  const text = canonicalize(value);
  if (text === undefined) throw new RangeError('only JSON values have a content hash');
  return createHash('sha256').update(text, 'utf8').digest('hex');
};

/** Starts a hash over a text in parts. */
export const newHash: NewHash = () => {
  const hash = createHash('sha256');
  return { add: (text) => void hash.update(text, 'utf8'), hex: () => hash.digest('hex') };
};

/**
 * HMAC-SHA256 and UUIDv5.
 * @param key the environment's digest key, from {@link digestKey}
 * @throws RangeError for a key of less than 16 bytes
 */
export function keyedDigest(key: string): Digest {
  if (Buffer.byteLength(key) < MIN_KEY_BYTES)
    throw new RangeError(`a digest key must have at least ${MIN_KEY_BYTES} bytes`);
  return {
    keyed: (text) => createHmac('sha256', key).update(text, 'utf8').digest('hex'),
    id: derivedId,
  };
}

const keys = new Map<string, Promise<string>>();

/**
 * The digest key from Secrets Manager, read once per container; a failed read is tried again at the next call.
 *
 * @param secretId name or ARN of the secret, which holds the key as plain text
 * @throws Error when the secret is empty, saying what to do; Secrets Manager's own errors untouched
 */
export function digestKey(
  secretId: string,
  client: SecretsManagerClient = new SecretsManagerClient(),
): Promise<string> {
  const known = keys.get(secretId);
  if (known !== undefined) return known;
  const reading = readKey(secretId, client);
  keys.set(secretId, reading);
  reading.catch(() => keys.delete(secretId));
  return reading;
}

async function readKey(secretId: string, client: SecretsManagerClient): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
  if (!SecretString)
    throw new Error(`the digest key ${secretId} is empty: store a random text of at least 32 characters there`);
  return SecretString;
}
