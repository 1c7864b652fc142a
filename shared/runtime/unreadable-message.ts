import type * as z from 'zod';

/**
 * A message or record that does not keep its contract. It says where and how, never what: the content may be personal,
 * and so may a key that a sender chose.
 */
export class UnreadableMessage extends Error {
  override readonly name = 'UnreadableMessage';
  /** Up to ten faults: `data.level invalid_value`. */
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super('a message does not keep its contract');
    this.faults = faults;
  }
}

/** @throws UnreadableMessage when the text is not JSON */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableMessage(['not JSON']);
  }
}

/** @throws UnreadableMessage when the value does not keep the contract */
export function readAs<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UnreadableMessage(parsed.error.issues.slice(0, 10).map(({ path, code }) => `${plainPath(path)} ${code}`));
}

function plainPath(path: readonly PropertyKey[]): string {
  return path.map((key) => (/^[A-Za-z0-9-]{1,40}$/.test(String(key)) ? String(key) : '*')).join('.');
}
