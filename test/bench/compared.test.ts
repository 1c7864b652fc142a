import { describe, expect, test } from 'vitest';
import { POLICY } from '#test/support/sample.ts';
import { bareHandler, clientsIn } from './cold-start.ts';
import { MIX } from './dispute-mix.ts';
import { rulesOf } from './grading.ts';

describe('what functions are compared with', () => {
  test('a bare handler makes the clients that the handler makes, each once', () => {
    const clients = clientsIn('const a = new DynamoDBClient(); const b = f(new DynamoDBClient(), new SQSClient({}));');
    expect(clients).toEqual({ names: ['DynamoDBClient', 'SQSClient'], readsKey: false });
    expect(bareHandler(clients)).toContain('DynamoDBDocumentClient.from(new DynamoDBClient()), new SQSClient()');
  });

  test('where the digest key is read before the first call, the bare one reads it too', () => {
    const clients = clientsIn('keyedDigest(await digestKey(env.DIGEST_KEY_SECRET))');
    expect(clients).toEqual({ names: ['SecretsManagerClient'], readsKey: true });
    expect(bareHandler(clients)).toContain('GetSecretValueCommand');
  });

  test('a client of no known package is refused, so that no function is compared with too little', () => {
    expect(() => bareHandler({ names: ['BraketClient'], readsKey: false })).toThrow(RangeError);
  });
});

describe('what grading is compared with', () => {
  test("the rules are the policy's own, with its limits", () => {
    const rules = rulesOf(POLICY);
    expect(rules.map(({ event }) => event.type)).toEqual([
      'G-2.1a',
      'G-2.1b',
      'G-2.1c',
      'G-2.2a',
      'G-2.2b',
      'G-2.2c',
      'G-2.2d',
    ]);
    expect(JSON.stringify(rules)).toContain(`"value":${POLICY.grading.lossOver[1]}`);
  });
});

describe('what costs are compared with', () => {
  test('the mix is of twenty disputes, most of them without a finding of fault', () => {
    expect(MIX.reduce((sum, { ofTwenty }) => sum + ofTwenty, 0)).toBe(20);
    expect(MIX[0]).toMatchObject({ name: 'waived', ofTwenty: 13 });
  });
});
