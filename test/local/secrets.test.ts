import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
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

const readValue = async (SecretId: string, VersionStage?: string) =>
  (await client.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString;

describe('a secret of a call', () => {
  test('is read by its name and by its ARN, which ends in six signs', async () => {
    const { ARN: arn } = await client.send(new CreateSecretCommand({ Name: 'a/sources/web', SecretString: 'first' }));
    expect(arn).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:a\/sources\/web-[A-Za-z0-9]{6}$/);
    expect(await readValue('a/sources/web')).toBe('first');
    expect(await readValue(arn ?? '')).toBe('first');
    await expect(client.send(new CreateSecretCommand({ Name: 'a/sources/web' }))).rejects.toThrow(
      expect.objectContaining({ name: 'ResourceExistsException' }),
    );
  });

  test('keeps the value before the newest, and no older one', async () => {
    await client.send(new CreateSecretCommand({ Name: 'staged', SecretString: 'one' }));
    await client.send(new PutSecretValueCommand({ SecretId: 'staged', SecretString: 'two' }));
    expect([await readValue('staged'), await readValue('staged', 'AWSPREVIOUS')]).toEqual(['two', 'one']);
    await client.send(new UpdateSecretCommand({ SecretId: 'staged', SecretString: 'three', Description: 'why' }));
    expect([await readValue('staged'), await readValue('staged', 'AWSPREVIOUS')]).toEqual(['three', 'two']);
    const described = await client.send(new DescribeSecretCommand({ SecretId: 'staged' }));
    expect(described.Description).toBe('why');
    expect(
      Object.values(described.VersionIdsToStages ?? {})
        .flat()
        .sort(),
    ).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  });

  test('takes the same put twice, and no other value under its token', async () => {
    await client.send(new CreateSecretCommand({ Name: 'repeated', SecretString: 'one' }));
    const put = { SecretId: 'repeated', SecretString: 'two', ClientRequestToken: 'a'.repeat(32) };
    const [first, second] = [
      await client.send(new PutSecretValueCommand(put)),
      await client.send(new PutSecretValueCommand(put)),
    ];
    expect(second.VersionId).toBe(first.VersionId);
    expect(await readValue('repeated', 'AWSPREVIOUS')).toBe('one');
    await expect(client.send(new PutSecretValueCommand({ ...put, SecretString: 'three' }))).rejects.toThrow(
      expect.objectContaining({ name: 'ResourceExistsException' }),
    );
  });

  test('holds bytes as well', async () => {
    await client.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary: Buffer.from([0, 255]) }));
    const { SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId: 'bytes' }));
    expect([...(SecretBinary ?? [])]).toEqual([0, 255]);
  });

  test('that is unknown, or has no value yet, is not found', async () => {
    await client.send(new CreateSecretCommand({ Name: 'empty' }));
    for (const SecretId of ['unknown', 'empty'])
      await expect(client.send(new GetSecretValueCommand({ SecretId }))).rejects.toThrow(
        expect.objectContaining({ name: 'ResourceNotFoundException' }),
      );
  });

  test('is listed page by page', async () => {
    const first = await client.send(new ListSecretsCommand({ MaxResults: 2 }));
    expect(first.SecretList?.map(({ Name }) => Name)).toEqual(['a/sources/web', 'bytes']);
    const second = await client.send(new ListSecretsCommand({ MaxResults: 2, NextToken: first.NextToken }));
    expect(second.SecretList?.map(({ Name }) => Name)).toEqual(['empty', 'repeated']);
  });

  test('that is deleted waits for its day on the moved clock', async () => {
    await client.send(new CreateSecretCommand({ Name: 'going', SecretString: 'one' }));
    await client.send(new DeleteSecretCommand({ SecretId: 'going', RecoveryWindowInDays: 7 }));
    await expect(client.send(new GetSecretValueCommand({ SecretId: 'going' }))).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidRequestException' }),
    );
    machine.clock.moveTo(machine.clock.now() + 8 * 86_400_000);
    await expect(client.send(new DescribeSecretCommand({ SecretId: 'going' }))).rejects.toThrow(
      expect.objectContaining({ name: 'ResourceNotFoundException' }),
    );
    await client.send(new CreateSecretCommand({ Name: 'going', SecretString: 'two' }));
    await client.send(new DeleteSecretCommand({ SecretId: 'going', ForceDeleteWithoutRecovery: true }));
    await client.send(new CreateSecretCommand({ Name: 'going', SecretString: 'three' }));
    expect(await readValue('going')).toBe('three');
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

  test('with an input that is not supported is refused by name', async () => {
    const tagged = new CreateSecretCommand({ Name: 'tagged', Tags: [{ Key: 'a', Value: 'b' }] });
    await expect(client.send(tagged)).rejects.toThrow(/Tags is not supported/);
  });
});

describe('a secret of a template', () => {
  const generated = (name: string, wish: object) => {
    const { arn } = { arn: `${ARN}-${name}` };
    void service.add(resource(TYPE, { GenerateSecretString: wish }, { name, ref: arn, arn }));
    return readValue(arn);
  };

  test('is generated once, as wished, and kept over a restart', async () => {
    const value = await generated('digest', { PasswordLength: 64, ExcludePunctuation: true });
    expect(value).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{64}$/);
    const again = secrets(machineFor({ folder: machine.folder }));
    await again.add(resource(TYPE, { GenerateSecretString: {} }, { name: 'digest', arn: `${ARN}-digest` }));
    expect(await readValue(`${ARN}-digest`)).toBe(value);
    expect(await readValue('digest')).toBe(value);
  });

  test('leaves out what is excluded', async () => {
    const wish = { ExcludeUppercase: true, ExcludeLowercase: true, ExcludePunctuation: true, ExcludeCharacters: '01' };
    expect(await generated('digits', wish)).toMatch(/^[2-9]{32}$/);
  });

  test('may be given', async () => {
    await service.add(resource(TYPE, { SecretString: 'given' }, { name: 'given', arn: `${ARN}-given` }));
    expect(await readValue('given')).toBe('given');
  });

  test('that is not supported is refused with its name, property and value', () => {
    const odd = resource(TYPE, { GenerateSecretString: { PasswordLength: -1, SecretStringTemplate: '{}' } });
    expect(() => service.add(odd)).toThrow(
      /stack\/thing \(AWS::SecretsManager::Secret\): .*PasswordLength = -1: .*SecretStringTemplate is not supported/,
    );
  });
});
