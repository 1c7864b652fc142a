import * as z from 'zod';
import { type Operations, operation, propertiesOf, wireOf } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, REGION, type Service } from './cloud.ts';

const Type = z.literal('String');
const Properties = z.strictObject({
  Name: z.string().optional(),
  Type,
  Value: z.string().min(1),
  Description: z.string().optional(),
});
const Parameter = z.object({ name: z.string(), value: z.string(), version: z.number() });

/** The Parameter Store with plain strings, each with its newest value. */
export function parameters(machine: Machine): Service {
  const { store } = machine;
  return {
    wire: wireOf('ssm', 'AmazonSSM', operationsOn(machine), (_, { Name }) => arnOf(String(Name))),
    carries: { 'AWS::SSM::Parameter': { properties: ['Name', 'Type', 'Value'], withoutEffect: ['Description'] } },
    /** A value that a call has put stays until the template's own changes, as with CloudFormation. */
    add(resource) {
      const { Value: value } = propertiesOf(Properties, resource);
      store
        .prepare(
          `insert into parameters values (?, ?, 1, ?)
           on conflict (name) do update set value = excluded.value, version = version + 1,
             in_template = excluded.in_template
           where in_template is not excluded.in_template`,
        )
        .run(resource.name, value, value);
    },
  };
}

function operationsOn({ store }: Machine): Operations {
  store.exec(`create table if not exists parameters (
    name text primary key, value text not null, version integer not null, in_template text)`);
  return {
    GetParameter: operation(z.strictObject({ Name: z.string() }), ({ Name: name }) => {
      const row = store.prepare('select * from parameters where name = ?').get(name);
      if (!row) throw new AwsError('ParameterNotFound', `Parameter ${name} not found.`);
      const { value, version } = Parameter.parse(row);
      return { Parameter: { ARN: arnOf(name), Name: name, Type: 'String', Value: value, Version: version } };
    }),
    PutParameter: operation(
      z.strictObject({
        Name: z.string().regex(/^[A-Za-z0-9_./-]{1,2048}$/),
        Value: z.string().min(1).max(4096),
        Type: Type.optional(),
        Overwrite: z.boolean().default(false),
      }),
      ({ Name: name, Value: value, Overwrite: overwrite }) => {
        const row = store
          .prepare(
            `insert into parameters values (?, ?, 1, null)
             on conflict (name) do update set value = excluded.value, version = version + 1
             where ? returning version`,
          )
          .get(name, value, overwrite ? 1 : 0);
        if (row) return { Version: row.version, Tier: 'Standard' };
        throw new AwsError('ParameterAlreadyExists', 'The parameter already exists. To overwrite it, set Overwrite.');
      },
    ),
  };
}

function arnOf(name: string): string {
  return `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${name.replace(/^\//, '')}`;
}
