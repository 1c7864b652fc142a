import type * as z from 'zod';
import { AwsError, type JsonObject, type Resource } from './cloud.ts';

/**
 * The properties of a resource, as its service carries them out.
 * @throws RangeError naming the resource, the property and the value that is not supported
 */
export function propertiesOf<T>(schema: z.ZodType<T>, resource: Resource): T {
  const { stack, logicalId, type, properties } = resource;
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  throw new RangeError(`${stack}/${logicalId} (${type}): ${reasonsIn(parsed.error, properties)}`);
}

/** The operations of a service by name: what each is given has been checked. */
export type Operations = Readonly<Record<string, (input: JsonObject) => object>>;

/**
 * An operation with the input that it supports.
 * @param code of the service's own error for bad input; the AwsError names the member and its value
 */
export function operation<T>(
  schema: z.ZodType<T>,
  run: (input: T) => object,
  code = 'ValidationException',
): Operations[string] {
  return (input) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return run(parsed.data);
    throw new AwsError(code, `not supported on this machine: ${reasonsIn(parsed.error, input)}`);
  };
}

/** @throws AwsError for an operation that is not among them */
export function operationOf(operations: Operations, name: string): Operations[string] {
  const found = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (found) return found;
  throw new AwsError('UnknownOperationException', `the operation ${name} is not supported on this machine`);
}

function reasonsIn(error: z.ZodError, input: unknown): string {
  return error.issues
    .map((issue) => {
      if (issue.code === 'unrecognized_keys')
        return `${[...issue.path, issue.keys.join(', ')].join('.')} is not supported`;
      return `${issue.path.join('.')} = ${JSON.stringify(valueAt(input, issue.path))}: ${issue.message}`;
    })
    .join('; ');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}
