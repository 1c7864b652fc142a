import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { THIS_MACHINE } from './assembly.ts';
import { ACCOUNT, REGION, type Resource } from './cloud.ts';

const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.looseObject({ templateFile: z.string().optional() }).optional(),
      dependencies: z.array(z.string()).optional(),
    }),
  ),
});
const Given = z.strictObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).optional(),
  Metadata: z.record(z.string(), z.unknown()).optional(),
  DependsOn: z.unknown().optional(),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});
type Given = z.infer<typeof Given>;
const Template = z.strictObject({
  Resources: z.record(z.string(), Given),
  Outputs: z
    .record(z.string(), z.looseObject({ Value: z.unknown(), Export: z.object({ Name: z.string() }).optional() }))
    .optional(),
  Parameters: z.record(z.string(), z.looseObject({ Default: z.unknown().optional() })).optional(),
  Rules: z.record(z.string(), z.unknown()).optional(), // About the bootstrap of an account, which nobody deploys to here.
  Description: z.string().optional(),
});
type Template = z.infer<typeof Template>;

/** What the templates of an assembly describe. */
export interface Assembly {
  /** In the order in which the stacks would be deployed. */
  readonly resources: readonly Resource[];
  /** What the stacks print, by stack and name. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What `Ref` and `Fn::GetAtt` yield for one resource. */
interface Identity {
  readonly ref: string;
  readonly arn: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * Reads the synthesized templates of an assembly and resolves their intrinsic functions. Names derive from stack and
 * logical id, so that what a resource keeps is found again after a restart.
 *
 * @param url where this machine answers: queue URLs and the API's endpoint start with it
 * @throws RangeError naming stack and place for a function or reference that is not known
 */
export function readAssembly(folder: string, url: string): Assembly {
  const stacks = stacksIn(folder);
  const exported = new Map<string, () => unknown>();
  const resources: Resource[] = [];
  const outputs: Record<string, Record<string, string>> = {};
  for (const { stack, template } of stacks) {
    const resolve = resolver({ stack, template, url, exported });
    for (const { Value, Export } of Object.values(template.Outputs ?? {})) {
      if (Export) exported.set(Export.Name, () => resolve(Value));
    }
    for (const [logicalId, given] of Object.entries(template.Resources)) {
      const { ref, arn, name } = identityOf({ stack, logicalId, given, url }, resolve);
      const properties = z.record(z.string(), z.unknown()).parse(resolve(given.Properties ?? {}));
      resources.push({
        stack,
        logicalId,
        type: given.Type,
        properties,
        metadata: given.Metadata ?? {},
        ref,
        arn,
        name,
      });
    }
    outputs[stack] = Object.fromEntries(
      Object.entries(template.Outputs ?? {}).map(([name, { Value }]) => [name, String(resolve(Value))]),
    );
  }
  return { resources, outputs };
}

/** The stacks, each after those it depends on. */
function stacksIn(folder: string): { stack: string; template: Template }[] {
  const { artifacts } = Manifest.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
  const sorted: string[] = [];
  const visit = (name: string) => {
    const artifact = artifacts[name];
    if (artifact?.type !== 'aws:cloudformation:stack' || sorted.includes(name)) return;
    for (const dependency of artifact.dependencies ?? []) visit(dependency);
    sorted.push(name);
  };
  for (const name of Object.keys(artifacts)) visit(name);
  return sorted.map((stack) => {
    const file = artifacts[stack]?.properties?.templateFile ?? `${stack}.template.json`;
    return { stack, template: Template.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))) };
  });
}

interface Scope {
  readonly stack: string;
  readonly template: Template;
  readonly url: string;
  readonly exported: ReadonlyMap<string, () => unknown>;
}

/** Carries out the intrinsic functions in a value. */
function resolver({ stack, template, url, exported }: Scope): (value: unknown) => unknown {
  const identity = (logicalId: string) => {
    const given = template.Resources[logicalId];
    if (!given) throw new RangeError(`${stack} refers to ${logicalId}, which is no resource of it`);
    return identityOf({ stack, logicalId, given, url }, resolve);
  };
  const functions: Record<string, (argument: unknown) => unknown> = {
    Ref: (argument) => {
      const name = String(argument);
      if (name in PSEUDO) return PSEUDO[name];
      if (name === 'AWS::StackName') return stack;
      const parameter = template.Parameters?.[name];
      return parameter ? parameter.Default : identity(name).ref;
    },
    'Fn::GetAtt': (argument) => {
      const [logicalId = '', attribute = ''] = z.array(z.string()).parse(argument);
      const value = identity(logicalId).attributes[attribute];
      if (value === undefined)
        throw new RangeError(`${stack}/${logicalId}: the attribute ${attribute} is not known here`);
      return value;
    },
    'Fn::ImportValue': (argument) => {
      const value = exported.get(String(resolve(argument)));
      if (!value) throw new RangeError(`${stack} imports ${String(argument)}, which no stack before it exports`);
      return value();
    },
    'Fn::Join': (argument) => {
      const [separator, parts] = z.tuple([z.string(), z.array(z.unknown())]).parse(argument);
      return parts.map((part) => String(resolve(part))).join(separator);
    },
  };
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value === 'string') return value.replaceAll(THIS_MACHINE, url);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [only] = entries;
    if (entries.length === 1 && only && (only[0] === 'Ref' || only[0].startsWith('Fn::'))) {
      const [name, argument] = only;
      const carryOut = functions[name];
      if (!carryOut) throw new RangeError(`${stack}: the function ${name} is not supported on one machine`);
      return carryOut(argument);
    }
    return Object.fromEntries(
      entries.map(([key, each]) => [key, resolve(each)]).filter(([, each]) => each !== undefined),
    );
  };
  return resolve;
}

const PSEUDO: Readonly<Record<string, string | undefined>> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Region': REGION,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::NoValue': undefined,
};

interface Named {
  readonly stack: string;
  readonly logicalId: string;
  readonly given: Given;
  readonly url: string;
}

/** How each type is referred to: what CloudFormation's reference lists for it under "Return values". */
function identityOf({ stack, logicalId, given, url }: Named, resolve: (value: unknown) => unknown): Identity {
  const { Type: type, Properties = {} } = given;
  const own = (property: string) =>
    Properties[property] === undefined ? undefined : String(resolve(Properties[property]));
  const name = own('Name') ?? `${stack}-${logicalId}`;
  const id = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex');
  const of = (arn: string, ref = name, attributes = {}): Identity => ({
    ref,
    arn,
    name,
    attributes: { Arn: arn, ...attributes },
  });
  const arn = (service: string, rest: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;
  switch (type) {
    case 'AWS::DynamoDB::Table': {
      const table = arn('dynamodb', `table/${name}`);
      return of(table, name, { StreamArn: `${table}/stream/local` });
    }
    case 'AWS::SQS::Queue':
      return of(arn('sqs', name), `${url}/${ACCOUNT}/${name}`, {
        QueueName: name,
        QueueUrl: `${url}/${ACCOUNT}/${name}`,
      });
    case 'AWS::Lambda::Function':
      return of(arn('lambda', `function:${name}`));
    case 'AWS::IAM::Role':
      return of(`arn:aws:iam::${ACCOUNT}:role/${name}`, name, { RoleId: `AROA${id.slice(0, 16).toUpperCase()}` });
    case 'AWS::Logs::LogGroup':
      return of(arn('logs', `log-group:${name}:*`));
    case 'AWS::Events::EventBus':
      return of(arn('events', `event-bus/${name}`), name, { Name: name });
    case 'AWS::Events::Rule':
      return of(arn('events', `rule/${own('EventBusName') ?? 'default'}/${name}`));
    case 'AWS::Scheduler::Schedule':
      return of(arn('scheduler', `schedule/default/${name}`));
    case 'AWS::SecretsManager::Secret': {
      const secret = arn('secretsmanager', `secret:${name}-${id.slice(0, 6)}`);
      return of(secret, secret, { Id: secret });
    }
    case 'AWS::SSM::Parameter':
      return of(arn('ssm', `parameter/${name.replace(/^\//, '')}`));
    case 'AWS::S3::Bucket': {
      const bucket = (own('BucketName') ?? `${stack}-${logicalId}`).toLowerCase();
      return { ...of(`arn:aws:s3:::${bucket}`, bucket), name: bucket };
    }
    case 'AWS::KMS::Key':
      return of(arn('kms', `key/${id.slice(0, 32)}`), id.slice(0, 32), { KeyId: id.slice(0, 32) });
    case 'AWS::SNS::Topic':
      return of(arn('sns', name), arn('sns', name), { TopicArn: arn('sns', name), TopicName: name });
    case 'AWS::ApiGatewayV2::Api':
      return of('', id.slice(0, 10), { ApiEndpoint: url, ApiId: id.slice(0, 10) });
    case 'AWS::ApiGatewayV2::Authorizer':
    case 'AWS::ApiGatewayV2::Integration':
    case 'AWS::ApiGatewayV2::Route':
    case 'AWS::Lambda::EventSourceMapping':
      return of('', id.slice(0, 10));
    default:
      return of('');
  }
}
