import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { THIS_MACHINE } from './assembly.ts';
import { ACCOUNT, REGION, type Resource } from './cloud.ts';

const ENDING = '.template.json';
const AnyObject = z.record(z.string(), z.unknown());
const Template = z.strictObject({
  Resources: z.record(
    z.string(),
    z.strictObject({
      Type: z.string(),
      Properties: AnyObject.default({}),
      Metadata: AnyObject.default({}),
      DependsOn: z.unknown().optional(),
      DeletionPolicy: z.unknown().optional(),
      UpdateReplacePolicy: z.unknown().optional(),
    }),
  ),
  Outputs: z
    .record(z.string(), z.looseObject({ Value: z.unknown(), Export: z.object({ Name: z.string() }).optional() }))
    .default({}),
  // Both are about the bootstrap of an account, which nobody deploys to here.
  Parameters: z.unknown().optional(),
  Rules: z.unknown().optional(),
});
type Template = z.infer<typeof Template>;

const HERE = `${REGION}:${ACCOUNT}`;
/** The ARNs of the types that have one; an id stands for what AWS draws at random. */
const ARNS: Readonly<Record<string, (name: string, id: string, bus: unknown) => string>> = {
  'AWS::DynamoDB::Table': (name) => `arn:aws:dynamodb:${HERE}:table/${name}`,
  'AWS::Events::EventBus': (name) => `arn:aws:events:${HERE}:event-bus/${name}`,
  'AWS::Events::Rule': (name, _, bus) => `arn:aws:events:${HERE}:rule/${bus}/${name}`,
  'AWS::IAM::Role': (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`,
  'AWS::KMS::Key': (_, id) => `arn:aws:kms:${HERE}:key/${id.slice(0, 32)}`,
  'AWS::Lambda::Function': (name) => `arn:aws:lambda:${HERE}:function:${name}`,
  'AWS::Logs::LogGroup': (name) => `arn:aws:logs:${HERE}:log-group:${name}:*`,
  'AWS::S3::Bucket': (name) => `arn:aws:s3:::${name}`,
  'AWS::SecretsManager::Secret': (name, id) => `arn:aws:secretsmanager:${HERE}:secret:${name}-${id.slice(0, 6)}`,
  'AWS::SNS::Topic': (name) => `arn:aws:sns:${HERE}:${name}`,
  'AWS::SQS::Queue': (name) => `arn:aws:sqs:${HERE}:${name}`,
};

/**
 * Reads the synthesized templates of an assembly and resolves their intrinsic functions. Names derive from stack and
 * logical id, so that what a resource keeps is found again after a restart.
 *
 * @param url where this machine answers: queue URLs and the API's endpoint start with it
 * @returns the resources, and what the stacks print, by stack and name
 * @throws RangeError naming stack and resource for a function, reference or attribute that is not known here
 */
export function readAssembly(folder: string, url: string) {
  const exported = new Map<string, () => unknown>();
  const resources: Resource[] = [];
  const outputs: Record<string, Record<string, string>> = {};
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .sort();
  const stacks = files.map((file) => {
    const stack = file.slice(0, -ENDING.length);
    const template = templateIn(stack, readFileSync(join(folder, file), 'utf8'));
    const { resolve, identityOf } = resolverFor(stack, template, url, exported);
    for (const { Value, Export } of Object.values(template.Outputs))
      if (Export) exported.set(Export.Name, () => resolve(Value));
    return { stack, template, resolve, identityOf };
  });
  for (const { stack, template, resolve, identityOf } of stacks) {
    for (const [logicalId, { Properties, Metadata: metadata }] of Object.entries(template.Resources))
      resources.push(
        at(`${stack}/${logicalId}`, () => {
          return { ...identityOf(logicalId), properties: AnyObject.parse(resolve(Properties)), metadata };
        }),
      );
    const given = Object.entries(template.Outputs);
    outputs[stack] = Object.fromEntries(
      given.map(([name, { Value }]) => [name, at(`${stack}, output ${name}`, () => String(resolve(Value)))]),
    );
  }
  return { resources, outputs };
}

/** @throws RangeError naming stack and resource for what only AWS carries out */
function templateIn(stack: string, text: string): Template {
  const parsed = Template.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map(({ path, ...issue }) => {
    const unknown = 'keys' in issue ? [issue.keys.join(', ')] : [];
    const place = [stack, ...path.slice(1, 2)].join('/');
    return `${place}: ${[...path.slice(2), ...unknown].join('.')} is not supported on one machine`;
  });
  throw new RangeError(reasons.join('; '));
}

/** Says where it was that something is not known. */
function at<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${place}: ${error.message}`) : error;
  }
}

/** Carries out the intrinsic functions in a value, and says how a resource is referred to. */
function resolverFor(stack: string, { Resources }: Template, url: string, exported: Map<string, () => unknown>) {
  const functions: Record<string, (argument: unknown) => unknown> = {
    Ref: (argument) => (argument === 'AWS::Region' ? REGION : identityOf(String(argument)).ref),
    'Fn::GetAtt': (argument) => {
      const [logicalId, attribute] = z.tuple([z.string(), z.string()]).parse(argument);
      const { type, arn, name } = identityOf(logicalId);
      const attributes: Record<string, string> = {
        [`${type}.Arn`]: arn,
        'AWS::DynamoDB::Table.StreamArn': `${arn}/stream/local`,
        'AWS::SQS::Queue.QueueName': name,
        'AWS::ApiGatewayV2::Api.ApiEndpoint': url,
      };
      const value = attributes[`${type}.${attribute}`];
      if (value) return value;
      throw new RangeError(`the attribute ${attribute} of ${logicalId} is not known here`);
    },
    'Fn::ImportValue': (argument) => {
      const value = exported.get(String(argument));
      if (value) return value();
      throw new RangeError(`no stack exports ${String(argument)}`);
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
    if (!carryOut) throw new RangeError(`the function ${name} is not supported on one machine`);
    return carryOut(argument);
  };
  const identityOf = (logicalId: string) => {
    const resource = Resources[logicalId];
    if (!resource) throw new RangeError(`${logicalId} is no resource of ${stack}`);
    const { Type: type, Properties } = resource;
    const given = String(resolve(Properties.Name) ?? `${stack}-${logicalId}`);
    const name = type === 'AWS::S3::Bucket' ? given.toLowerCase() : given;
    const id = hash('sha256', `${stack}/${logicalId}`);
    const arn = ARNS[type]?.(name, id, resolve(Properties.EventBusName)) ?? '';
    const refs: Record<string, string> = {
      'AWS::SQS::Queue': `${url}/${ACCOUNT}/${name}`,
      'AWS::SecretsManager::Secret': arn,
      'AWS::SNS::Topic': arn,
      'AWS::ApiGatewayV2::Api': id.slice(0, 10),
      'AWS::ApiGatewayV2::Authorizer': id.slice(0, 10),
      'AWS::ApiGatewayV2::Integration': id.slice(0, 10),
    };
    return { stack, logicalId, type, name, arn, ref: refs[type] ?? name };
  };
  return { resolve, identityOf };
}
