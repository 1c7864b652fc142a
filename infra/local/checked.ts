import type * as z from 'zod';
import { AwsError, type Caller, type JsonObject, type Queues, type Resource, type WireService } from './cloud.ts';

/**
 * The properties of a resource, as its service carries them out.
 * @throws RangeError naming the resource, the property and the value that is not supported
 */
export function propertiesOf<T>(schema: z.ZodType<T>, { stack, logicalId, type, properties }: Resource): T {
  const parsed = schema.safeParse(properties, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new RangeError(`${stack}/${logicalId} (${type}): ${reasonsIn(parsed.error)}`);
}

/** @throws RangeError naming a resource and the queue that it would send to, which does not stand */
export function refuseMissingQueue(queues: Queues, { stack, logicalId, type }: Resource, queueArn: string): void {
  try {
    queues.visible(queueArn);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new RangeError(`${stack}/${logicalId} (${type}): the queue ${queueArn} does not stand on this machine`);
  }
}

/** The operations of a service by name: what each is given has been checked. */
export type Operations = Readonly<Record<string, (input: JsonObject, caller: Caller) => object>>;

/** An operation with the input that it supports: the AwsError for any other names the member and its value. */
export function operation<T>(schema: z.ZodType<T>, run: (input: T, caller: Caller) => object): Operations[string] {
  return (input, caller) => {
    const parsed = schema.safeParse(input, { reportInput: true });
    if (parsed.success) return run(parsed.data, caller);
    throw new AwsError('ValidationException', `not supported on this machine: ${reasonsIn(parsed.error)}`);
  };
}

/** @throws AwsError for an operation that is not among them */
export function operationOf(operations: Operations, name: string): Operations[string] {
  const found = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (found) return found;
  throw new AwsError('UnknownOperationException', `the operation ${name} is not supported on this machine`);
}

/**
 * The wire of a service with these operations.
 * @param resourceOf the ARN on which IAM must allow the operation
 */
export function wireOf(
  signingName: string,
  target: string,
  operations: Operations,
  resourceOf: (operation: string, input: JsonObject) => string,
): WireService {
  return {
    kind: 'json',
    signingName,
    targets: [target],
    demands(name, input) {
      operationOf(operations, name);
      return [{ action: `${signingName}:${name}`, resource: resourceOf(name, input) }];
    },
    answer: ({ operation: name, input, caller }) => ({ json: operationOf(operations, name)(input, caller) }),
  };
}

function reasonsIn({ issues }: z.ZodError): string {
  const reasons = issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `${[...issue.path, issue.keys.join(', ')].join('.')} is not supported`
      : `${issue.path.join('.')} = ${JSON.stringify(issue.input)}: ${issue.message}`,
  );
  return reasons.join('; ');
}
