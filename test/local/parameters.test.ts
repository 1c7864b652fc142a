import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WireService } from '#infra/local/cloud.ts';
import { parameters } from '#infra/local/parameters.ts';
import { machineFor, resource, serve, type WireServer } from './wire-server.ts';

const TYPE = 'AWS::SSM::Parameter';

let server: WireServer;
let client: SSMClient;
const machine = machineFor();
const service = parameters(machine);

beforeAll(async () => {
  server = await serve(service.wire as WireService);
  client = new SSMClient(server.config);
});
afterAll(() => server.close());

const put = (Name: string, Value: string, Overwrite = false) =>
  client.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite }));
const readValue = async (Name: string) => (await client.send(new GetParameterCommand({ Name }))).Parameter?.Value;

test('a parameter is overwritten only when asked to, and counts its versions', async () => {
  expect((await put('/app/one', 'a')).Version).toBe(1);
  await expect(put('/app/one', 'b')).rejects.toThrow(expect.objectContaining({ name: 'ParameterAlreadyExists' }));
  expect((await put('/app/one', 'b', true)).Version).toBe(2);
  const { Parameter } = await client.send(new GetParameterCommand({ Name: '/app/one' }));
  expect(Parameter).toMatchObject({
    ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/app/one',
    Type: 'String',
    Value: 'b',
    Version: 2,
  });
});

test('an unknown parameter is not found', async () => {
  await expect(readValue('/none')).rejects.toThrow(expect.objectContaining({ name: 'ParameterNotFound' }));
});

test('a value of the template stays as a call has put it, until the template changes', async () => {
  const given = (Value: string) => resource(TYPE, { Type: 'String', Value }, { name: '/given' });
  await service.add(given('one'));
  await put('/given', 'two', true);
  await parameters(machineFor({ folder: machine.folder })).add(given('one'));
  expect(await readValue('/given')).toBe('two');
  await service.add(given('three'));
  expect(await readValue('/given')).toBe('three');
});

test('IAM is asked for the name', async () => {
  server.demands.length = 0;
  await readValue('/app/one');
  expect(server.demands).toEqual([
    { action: 'ssm:GetParameter', resource: 'arn:aws:ssm:us-east-1:000000000000:parameter/app/one' },
  ]);
});

test('what is not supported is refused by name', async () => {
  const secure = resource(TYPE, { Type: 'SecureString', Value: 'x' }, { name: 'secure' });
  expect(() => service.add(secure)).toThrow(/stack\/secure .*Type = "SecureString"/);
  const call = new PutParameterCommand({ Name: 'a', Value: 'b', Type: 'String', AllowedPattern: 'c' });
  await expect(client.send(call)).rejects.toThrow(/AllowedPattern is not supported/);
  await expect(client.send(new DeleteParameterCommand({ Name: 'a' }))).rejects.toThrow(
    /DeleteParameter is not supported/,
  );
});
