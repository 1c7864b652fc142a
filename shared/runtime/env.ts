import type * as z from 'zod';

/**
 * The function's settings from its environment, read once per container.
 *
 * @throws Error naming every variable that is missing or wrong, without its value; the container then never starts
 */
export function readEnv<S extends z.ZodObject>(
  schema: S,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): z.output<S> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the environment is not as this function needs it: ${faults.join('; ')}`);
}
