import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { digestKey } from '#shared/adapters/digest.ts';
import { secretsManagerSourceSecrets } from '#shared/adapters/secrets.ts';
import { memorySourceSecrets } from '../support/memory-source-secrets.ts';
import { movableClock } from '../support/movable-clock.ts';
import { type Answer, type Call, startAwsJsonServer } from './aws-json-server.ts';
import { describeSourceSecrets } from './source-secrets.spec.ts';

const server = await startAwsJsonServer();
const client = new SecretsManagerClient(server.config);
const Input = z.object({
  SecretId: z.string().optional(),
  Name: z.string().optional(),
  SecretString: z.string().optional(),
});
/** Secrets by name; `undefined` for one that exists without a value. */
const stored = new Map<string, string | undefined>();
const operations = () => server.calls.map(({ target }) => target.replace('secretsmanager.', ''));

/** As Secrets Manager answers: a secret without a value is not found when read, and exists when created. */
function answer({ target, input }: Call): Answer {
  const { SecretId, Name, SecretString } = Input.parse(input);
  const name = SecretId ?? Name ?? '';
  switch (target) {
    case 'secretsmanager.GetSecretValue':
      return stored.get(name) === undefined
        ? { error: 'ResourceNotFoundException' }
        : { output: { Name: name, SecretString: stored.get(name) } };
    case 'secretsmanager.CreateSecret':
      if (stored.has(name)) return { error: 'ResourceExistsException' };
      break;
    case 'secretsmanager.PutSecretValue':
      if (!stored.has(name)) return { error: 'ResourceNotFoundException' };
      break;
    default:
      return { error: 'UnknownOperationException' };
  }
  stored.set(name, SecretString);
  return { output: { Name: name } };
}

beforeEach(() => {
  server.calls.length = 0;
  server.answer = answer;
  stored.clear();
});
afterAll(() => server.close());

describeSourceSecrets('in memory', memorySourceSecrets);
describeSourceSecrets('in Secrets Manager', (clock) =>
  secretsManagerSourceSecrets(client, { prefix: '/interlock/dev', clock, cacheSeconds: 0 }),
);

describe('secrets in Secrets Manager', () => {
  const opened = (cacheSeconds?: number) => {
    const clock = movableClock('2026-11-20T00:00:00Z');
    return { clock, secrets: secretsManagerSourceSecrets(client, { prefix: '/interlock/dev', clock, cacheSeconds }) };
  };
  const NAME = '/interlock/dev/sources/phone';

  test('are one secret per source, created once and then given new values', async () => {
    const { clock, secrets } = opened();
    const first = await secrets.rotate('phone', clock.now(), 60, 2);
    const second = await secrets.rotate('phone', clock.now(), 60, 2);
    expect([...stored.keys()]).toEqual([NAME]);
    expect(JSON.parse(stored.get(NAME) ?? '')).toEqual({
      secrets: [
        { secret: second, createdAt: '2026-11-20T00:00:00Z' },
        { secret: first, createdAt: '2026-11-20T00:00:00Z', expiresAt: '2026-11-20T00:01:00Z' },
      ],
    });
    expect(operations().filter((operation) => operation !== 'GetSecretValue')).toEqual([
      'CreateSecret',
      'PutSecretValue',
    ]);
  });

  test('are read once in 60 seconds, and end on time although they are cached', async () => {
    const { clock, secrets } = opened();
    const first = await secrets.rotate('phone', clock.now(), 60, 2);
    const second = await secrets.rotate('phone', clock.now(), 30, 2);
    server.calls.length = 0;
    expect(await secrets.active('phone')).toEqual([second, first]);
    clock.advance(30);
    expect(await secrets.active('phone')).toEqual([second]);
    clock.advance(29);
    await secrets.active('phone');
    expect(server.calls).toHaveLength(1);
    clock.advance(1);
    await secrets.active('phone');
    expect(server.calls).toHaveLength(2);
  });

  test('of a source without any are looked up every time, so that its first one works at once', async () => {
    const { clock, secrets } = opened();
    expect(await secrets.active('phone')).toEqual([]);
    const elsewhere = await opened().secrets.rotate('phone', clock.now(), 60, 2);
    expect(await secrets.active('phone')).toEqual([elsewhere]);
  });

  test('that exist without a value are none, and can be given one', async () => {
    const { clock, secrets } = opened();
    for (const empty of [undefined, '']) {
      stored.set(NAME, empty);
      expect(await secrets.active('phone')).toEqual([]);
      expect(await secrets.active('phone')).toEqual([]);
      const secret = await secrets.rotate('phone', clock.now(), 60, 2);
      expect(await secrets.active('phone')).toEqual([secret]);
      clock.advance(60);
    }
  });

  test('that another rotation overwrote are added to what it stored, and what was active stays so', async () => {
    const { clock, secrets } = opened();
    const first = await secrets.rotate('phone', clock.now(), 60, 2);
    const other = { secret: 'whsec_other', createdAt: clock.now() };
    let overwritten = false;
    server.answer = (call) => {
      const answered = answer(call);
      if (call.target.endsWith('PutSecretValue') && !overwritten) {
        overwritten = true;
        const before = { secret: first, createdAt: clock.now(), expiresAt: '2026-11-20T00:01:00Z' };
        stored.set(NAME, JSON.stringify({ secrets: [other, before] }));
      }
      return answered;
    };
    const second = await secrets.rotate('phone', clock.now(), 60, 2);
    expect(await secrets.active('phone')).toEqual([second, other.secret, first]);
  });

  test('that others overwrite again and again end in an error, not in a secret that does not work', async () => {
    const { clock, secrets } = opened();
    server.answer = (call) => {
      const answered = answer(call);
      if (stored.has(NAME)) stored.set(NAME, '{"secrets":[]}');
      return answered;
    };
    await expect(secrets.rotate('phone', clock.now(), 60, 2)).rejects.toThrow('overwrote this one');
  });

  test('in another form are an error that does not quote them', async () => {
    stored.set(NAME, 'whsec_handwritten');
    await expect(opened().secrets.active('phone')).rejects.toThrow(
      /^the secret \/interlock\/dev\/sources\/phone holds no JSON$/,
    );
    stored.set(NAME, '{"secrets":["whsec_handwritten"]}');
    await expect(opened().secrets.active('phone')).rejects.toThrow(
      expect.toSatisfy((error) => !String(error).includes('handwritten')),
    );
  });

  test('may not be cached for more than a minute', () => {
    expect(() => opened(61)).toThrow(RangeError);
    expect(() => opened(-1)).toThrow(RangeError);
  });

  test("pass the service's own errors through", async () => {
    server.answer = () => ({ error: 'AccessDeniedException' });
    await expect(opened().secrets.active('phone')).rejects.toThrow(
      expect.objectContaining({ name: 'AccessDeniedException' }),
    );
  });
});

describe('the digest key', () => {
  test('is read once per container', async () => {
    stored.set('key-once', 'a key of at least sixteen bytes');
    expect(await Promise.all([digestKey('key-once', client), digestKey('key-once', client)])).toEqual(
      Array(2).fill('a key of at least sixteen bytes'),
    );
    expect(await digestKey('key-once', client)).toBe('a key of at least sixteen bytes');
    expect(server.calls).toHaveLength(1);
  });

  test('says what to do when it is empty, and is read again afterwards', async () => {
    stored.set('key-empty', '');
    await expect(digestKey('key-empty', client)).rejects.toThrow(/key-empty is empty: store a random text/);
    stored.set('key-empty', 'a key of at least sixteen bytes');
    expect(await digestKey('key-empty', client)).toBe('a key of at least sixteen bytes');
  });
});
