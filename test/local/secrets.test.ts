import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WireService } from '#infra/local/cloud.ts';
import { secrets } from '#infra/local/secrets.ts';
import { machineFor, resource, serve, type WireServer } from './wire-server.ts';

const TYPE = 'AWS::SecretsManager::Secret';
const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:key-abc123';

let server: WireServer;
let client: SecretsManagerClient;
const machine = machineFor();
const service = secrets(machine);

beforeAll(async () => {
  server = await serve(service.wire as WireService);
  client = new SecretsManagerClient(server.config);
});
afterAll(() => server.close());

const readValue = async (SecretId: string) => (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;

describe('a secret of a call', () => {
  test('is read by its name and by its ARN, which ends in six signs', async () => {
    const { ARN: arn } = await client.send(new CreateSecretCommand({ Name: 'a/sources/web', SecretString: 'first' }));
    expect(arn).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:a\/sources\/web-[A-Za-z0-9]{6}$/);
    expect(await readValue('a/sources/web')).toBe('first');
    expect(await readValue(arn ?? '')).toBe('first');
    await expect(client.send(new CreateSecretCommand({ Name: 'a/sources/web', SecretString: 'x' }))).rejects.toThrow(
      expect.objectContaining({ name: 'ResourceExistsException' }),
    );
  });

  test('has the value that was put last', async () => {
    await client.send(new CreateSecretCommand({ Name: 'changed', SecretString: 'one' }));
    const { VersionId = '' } = await client.send(
      new PutSecretValueCommand({ SecretId: 'changed', SecretString: 'two' }),
    );
    const read = await client.send(new GetSecretValueCommand({ SecretId: 'changed' }));
    expect(read).toMatchObject({ SecretString: 'two', VersionId });
  });

  test('is made once by a call that is repeated', async () => {
    const create = { Name: 'repeated', SecretString: 'one', ClientRequestToken: 'a'.repeat(32) };
    const [first, second] = [
      await client.send(new CreateSecretCommand(create)),
      await client.send(new CreateSecretCommand(create)),
    ];
    expect([second.ARN, second.VersionId]).toEqual([first.ARN, first.VersionId]);
  });

  test('that is unknown is not found', async () => {
    const notFound = expect.objectContaining({ name: 'ResourceNotFoundException' });
    await expect(readValue('unknown')).rejects.toThrow(notFound);
    const put = new PutSecretValueCommand({ SecretId: 'unknown', SecretString: 'x' });
    await expect(client.send(put)).rejects.toThrow(notFound);
  });

  test('is listed', async () => {
    const { SecretList, NextToken } = await client.send(new ListSecretsCommand());
    expect(SecretList?.map(({ Name }) => Name)).toEqual(['a/sources/web', 'changed', 'repeated']);
    expect(NextToken).toBeUndefined();
  });

  test('is asked for from IAM by its ARN, known or not', async () => {
    server.demands.length = 0;
    await client.send(new GetSecretValueCommand({ SecretId: 'not/there' })).catch(() => {});
    expect(server.demands).toEqual([
      {
        action: 'secretsmanager:GetSecretValue',
        resource: expect.stringMatching(/:secret:not\/there-\w{6}$/),
      },
    ]);
  });

  test('with an operation or input that is not supported is refused by name', async () => {
    const tagged = new CreateSecretCommand({ Name: 'tagged', SecretString: 'x', Tags: [{ Key: 'a', Value: 'b' }] });
    await expect(client.send(tagged)).rejects.toThrow(/Tags is not supported/);
    const deleted = new DeleteSecretCommand({ SecretId: 'changed' });
    await expect(client.send(deleted)).rejects.toThrow(/DeleteSecret is not supported/);
  });
});

describe('a secret of a template', () => {
  test('is generated once, as wished, and kept over a restart', async () => {
    const arn = `${ARN}-digest`;
    const wish = { PasswordLength: 64, ExcludePunctuation: true };
    const secret = resource(TYPE, { GenerateSecretString: wish }, { name: 'digest', ref: arn, arn });
    await service.add(secret);
    const value = await readValue(arn);
    expect(value).toMatch(/^[A-Za-z0-9]{64}$/);
    await secrets(machineFor({ folder: machine.folder })).add(secret);
    expect([await readValue(arn), await readValue('digest')]).toEqual([value, value]);
  });

  test('that is not supported is refused with its name, property and value', () => {
    const odd = resource(TYPE, {
      GenerateSecretString: { PasswordLength: -1, ExcludePunctuation: true, SecretStringTemplate: '{}' },
    });
    expect(() => service.add(odd)).toThrow(
      /stack\/thing \(AWS::SecretsManager::Secret\): .*PasswordLength = -1: .*SecretStringTemplate is not supported/,
    );
  });
});
