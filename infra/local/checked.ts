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

/**
 * The input of a call, as its service carries it out.
 * @param code of the service's own error for bad input
 * @throws AwsError naming the member and the value that is not supported
 */
export function inputOf<T>(schema: z.ZodType<T>, input: JsonObject, code = 'ValidationException'): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AwsError(code, `not supported on this machine: ${reasonsIn(parsed.error, input)}`);
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
