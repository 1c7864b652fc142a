import * as z from 'zod';
import { type Operations, operation, operationOf, propertiesOf } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, REGION, type Service } from './cloud.ts';

const Type = z.enum(['String', 'StringList'], { error: 'only String and StringList are supported' });
const Properties = z.strictObject({
  Name: z.string().optional(),
  Type,
  Value: z.string().min(1),
  Description: z.string().optional(),
  Tier: z.literal('Standard').optional(),
});
const Parameter = z.object({
  name: z.string(),
  type: Type,
  value: z.string(),
  version: z.number(),
  changed_at: z.number(),
});
type Parameter = z.infer<typeof Parameter>;

const Name = z.string().regex(/^[A-Za-z0-9_./-]{1,2048}$/, { error: 'a name has letters, digits and _ . - / here' });
const WithDecryption = z.boolean().optional(); // There is nothing that is encrypted.

/** The Parameter Store with plain parameters, each with its newest value. */
export function parameters(machine: Machine): Service {
  const operations = operationsOn(machine);
  const { store, clock } = machine;
  return {
    wire: {
      kind: 'json',
      signingName: 'ssm',
      targets: ['AmazonSSM'],
      demands(name, input) {
        operationOf(operations, name);
        const named = z.array(z.string()).safeParse(input.Names ?? [input.Path ?? input.Name]).data ?? [];
        return named.map((each) => ({ action: `ssm:${name}`, resource: arnOf(nameIn(each)) }));
      },
      answer: ({ operation: name, input }) => ({ json: operationOf(operations, name)(input) }),
    },
    carries: {
      'AWS::SSM::Parameter': { properties: ['Name', 'Type', 'Value'], withoutEffect: ['Description', 'Tier'] },
    },
    /** A value that a call has put stays until the template's own changes, as with CloudFormation. */
    add(resource) {
      const { Type: type, Value: value } = propertiesOf(Properties, resource);
      store
        .prepare(
          `insert into parameters values (?, ?, ?, 1, ?, ?)
           on conflict (name) do update set type = excluded.type, value = excluded.value, version = version + 1,
             changed_at = excluded.changed_at, in_template = excluded.in_template
           where in_template is not excluded.in_template`,
        )
        .run(resource.name, type, value, clock.now(), value);
    },
  };
}

function operationsOn({ store, clock }: Machine): Operations {
  store.exec(`create table if not exists parameters (
    name text primary key, type text not null, value text not null, version integer not null,
    changed_at integer not null, in_template text)`);
  const find = (id: string): Parameter | undefined => {
    const row = store.prepare('select * from parameters where name = ?').get(nameIn(id));
    return row && Parameter.parse(row);
  };
  return {
    GetParameter: operation(z.strictObject({ Name: z.string(), WithDecryption }), ({ Name: id }) => {
      const found = find(id);
      if (!found) throw new AwsError('ParameterNotFound', `Parameter ${id} not found.`);
      return { Parameter: shown(found) };
    }),
    GetParameters: operation(
      z.strictObject({ Names: z.array(z.string()).min(1).max(10), WithDecryption }),
      ({ Names: ids }) => ({
        Parameters: ids.flatMap((id) => find(id) ?? []).map(shown),
        InvalidParameters: ids.filter((id) => !find(id)),
      }),
    ),
    GetParametersByPath: operation(
      z.strictObject({
        Path: z.string().startsWith('/'),
        Recursive: z.boolean().default(false),
        MaxResults: z.int().min(1).max(10).default(10),
        NextToken: z.string().default(''),
        WithDecryption,
      }),
      ({ Path: path, Recursive, MaxResults, NextToken }) => {
        const start = path.endsWith('/') ? path : `${path}/`;
        const rows = store.prepare('select * from parameters where name > ? order by name').all(NextToken);
        const below = z
          .array(Parameter)
          .parse(rows)
          .filter(({ name }) => name.startsWith(start) && (Recursive || !name.slice(start.length).includes('/')));
        const page = below.slice(0, MaxResults);
        return {
          Parameters: page.map(shown),
          NextToken: below.length > MaxResults ? page.at(-1)?.name : undefined,
        };
      },
    ),
    PutParameter: operation(
      z.strictObject({
        Name,
        Value: z.string().min(1).max(4096),
        Type: Type.optional(),
        Overwrite: z.boolean().default(false),
        Description: z.string().optional(),
        Tier: z.literal('Standard').optional(),
      }),
      ({ Name: name, Value, Type: type, Overwrite }) => {
        const before = find(name);
        if (before && !Overwrite)
          throw new AwsError('ParameterAlreadyExists', 'The parameter already exists. To overwrite it, set Overwrite.');
        const [kind, version] = [type ?? before?.type, (before?.version ?? 0) + 1];
        if (!kind)
          throw new AwsError('ValidationException', 'A parameter type is required when you create a parameter.');
        store
          .prepare(
            `insert into parameters values (?, ?, ?, ?, ?, null) on conflict (name) do update set
               type = excluded.type, value = excluded.value, version = excluded.version, changed_at = excluded.changed_at`,
          )
          .run(name, kind, Value, version, clock.now());
        return { Version: version, Tier: 'Standard' };
      },
    ),
    DeleteParameter: operation(z.strictObject({ Name }), ({ Name: name }) => {
      if (store.prepare('delete from parameters where name = ?').run(name).changes === 0)
        throw new AwsError('ParameterNotFound', `Parameter ${name} not found.`);
      return {};
    }),
  };
}

function shown({ name, type, value, version, changed_at: at }: Parameter) {
  return {
    ARN: arnOf(name),
    Name: name,
    Type: type,
    Value: value,
    Version: version,
    LastModifiedDate: at / 1000,
    DataType: 'text',
  };
}

function arnOf(name: string): string {
  return `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${name.replace(/^\//, '')}`;
}

/** Parameters are read by name or by ARN; the ARN does not tell whether the name begins with a slash: with more than one part it does. */
function nameIn(id: string): string {
  const rest = /^arn:aws:ssm:[^:]*:\d*:parameter\/(.+)$/.exec(id)?.[1];
  if (rest === undefined) return id;
  return rest.includes('/') ? `/${rest}` : rest;
}
