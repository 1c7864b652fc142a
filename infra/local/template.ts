import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { THIS_MACHINE } from './assembly.ts';
import { ACCOUNT, REGION, type Resource } from './cloud.ts';

const Manifest = z.object({
  artifacts: z.record(z.string(), z.object({ type: z.string(), dependencies: z.array(z.string()).default([]) })),
});
const Given = z.strictObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  Metadata: z.record(z.string(), z.unknown()).default({}),
  DependsOn: z.unknown().optional(),
  DeletionPolicy: z.unknown().optional(),
  UpdateReplacePolicy: z.unknown().optional(),
});
const Template = z.strictObject({
  Resources: z.record(z.string(), Given),
  Outputs: z
    .record(z.string(), z.looseObject({ Value: z.unknown(), Export: z.object({ Name: z.string() }).optional() }))
    .default({}),
  // Both are about the bootstrap of an account, which nobody deploys to here.
  Parameters: z.unknown().optional(),
  Rules: z.unknown().optional(),
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
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * Reads the synthesized templates of an assembly and resolves their intrinsic functions. Names derive from stack and
 * logical id, so that what a resource keeps is found again after a restart.
 *
 * @param url where this machine answers: queue URLs and the API's endpoint start with it
 * @throws RangeError naming stack and place for a function or reference that is not known
 */
export function readAssembly(folder: string, url: string): Assembly {
  const exported = new Map<string, () => unknown>();
  const resources: Resource[] = [];
  const outputs: Record<string, Record<string, string>> = {};
  for (const { stack, template } of stacksIn(folder)) {
    const resolve = resolver({ stack, template, url, exported });
    const given = Object.entries(template.Outputs);
    for (const [, { Value, Export }] of given) if (Export) exported.set(Export.Name, () => resolve(Value));
    for (const [logicalId, { Type: type, Properties, Metadata: metadata }] of Object.entries(template.Resources)) {
      const { ref, arn, name } = identityOf({ stack, logicalId, type, given: Properties, url }, resolve);
      const properties = z.record(z.string(), z.unknown()).parse(resolve(Properties));
      resources.push({ stack, logicalId, type, properties, metadata, ref, arn, name });
    }
    outputs[stack] = Object.fromEntries(given.map(([name, { Value }]) => [name, String(resolve(Value))]));
  }
  return { resources, outputs };
}

/** The stacks, each after those it depends on. */
function stacksIn(folder: string): { stack: string; template: Template }[] {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const { artifacts } = Manifest.parse(read('manifest.json'));
  const sorted = new Set<string>();
  const visit = (name: string) => {
    const artifact = artifacts[name];
    if (artifact?.type !== 'aws:cloudformation:stack') return;
    artifact.dependencies.forEach(visit);
    sorted.add(name);
  };
  Object.keys(artifacts).forEach(visit);
  return [...sorted].map((stack) => ({ stack, template: Template.parse(read(`${stack}.template.json`)) }));
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
    const resource = template.Resources[logicalId];
    if (!resource) throw new RangeError(`${stack} refers to ${logicalId}, which is no resource of it`);
    return identityOf({ stack, logicalId, type: resource.Type, given: resource.Properties, url }, resolve);
  };
  const functions: Record<string, (argument: unknown) => unknown> = {
    Ref: (argument) => (argument === 'AWS::Region' ? REGION : identity(String(argument)).ref),
    'Fn::GetAtt': (argument) => {
      const [logicalId = '', attribute = ''] = z.array(z.string()).parse(argument);
      const { arn, attributes } = identity(logicalId);
      const value = attribute === 'Arn' && arn ? arn : attributes?.[attribute];
      if (value !== undefined) return value;
      throw new RangeError(`${stack}/${logicalId}: the attribute ${attribute} is not known here`);
    },
    'Fn::ImportValue': (argument) => {
      const value = exported.get(String(argument));
      if (value) return value();
      throw new RangeError(`${stack} imports ${String(argument)}, which no stack before it exports`);
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
    const [name = '', argument] = entries[0] ?? [];
    if (name !== 'Ref' && !name.startsWith('Fn::'))
      return Object.fromEntries(entries.map(([key, each]) => [key, resolve(each)]));
    const carryOut = functions[name];
    if (!carryOut) throw new RangeError(`${stack}: the function ${name} is not supported on one machine`);
    return carryOut(argument);
  };
  return resolve;
}

interface Referred {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly given: Readonly<Record<string, unknown>>;
  readonly url: string;
}

/** How each type is referred to: what CloudFormation's reference lists for it under "Return values". */
function identityOf({ stack, logicalId, type, given, url }: Referred, resolve: (value: unknown) => unknown): Identity {
  const own = (property: string) => resolve(given[property]);
  const name = String(own('Name') ?? `${stack}-${logicalId}`);
  const id = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex');
  const short = id.slice(0, 10);
  const regional = (service: string, rest: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;
  const named = (arn: string, attributes?: Identity['attributes']) => ({ ref: name, arn, name, attributes });
  switch (type) {
    case 'AWS::DynamoDB::Table': {
      const arn = regional('dynamodb', `table/${name}`);
      return named(arn, { StreamArn: `${arn}/stream/local` });
    }
    case 'AWS::SQS::Queue':
      return { ...named(regional('sqs', name), { QueueName: name }), ref: `${url}/${ACCOUNT}/${name}` };
    case 'AWS::Lambda::Function':
      return named(regional('lambda', `function:${name}`));
    case 'AWS::IAM::Role':
      return named(`arn:aws:iam::${ACCOUNT}:role/${name}`);
    case 'AWS::Logs::LogGroup':
      return named(regional('logs', `log-group:${name}:*`));
    case 'AWS::Events::EventBus':
      return named(regional('events', `event-bus/${name}`));
    case 'AWS::Events::Rule':
      return named(regional('events', `rule/${own('EventBusName')}/${name}`));
    case 'AWS::SecretsManager::Secret': {
      const arn = regional('secretsmanager', `secret:${name}-${id.slice(0, 6)}`);
      return { ref: arn, arn, name };
    }
    case 'AWS::S3::Bucket': {
      const bucket = name.toLowerCase();
      return { ref: bucket, arn: `arn:aws:s3:::${bucket}`, name: bucket };
    }
    case 'AWS::KMS::Key':
      return named(regional('kms', `key/${id.slice(0, 32)}`));
    case 'AWS::SNS::Topic':
      return { ref: regional('sns', name), arn: regional('sns', name), name };
    case 'AWS::ApiGatewayV2::Api':
      return { ref: short, arn: '', name, attributes: { ApiEndpoint: url } };
    case 'AWS::ApiGatewayV2::Authorizer':
    case 'AWS::ApiGatewayV2::Integration':
      return { ref: short, arn: '', name };
    default:
      return named('');
  }
}
