import * as z from 'zod';
import {
  ACCOUNT,
  AwsError,
  type Caller,
  type Demand,
  type Functions,
  type Machine,
  REGION,
  type Resource,
} from './cloud.ts';
import { compilePattern } from './event-pattern.ts';

/** How long a mapping that IAM refuses waits before it tries again, in real milliseconds. */
export const REFUSED_PAUSE = 30_000;
/** How long a batch under way may take once the machine stops, in real milliseconds. */
export const LAST_BATCH_TIMEOUT = 10_000;

/** Properties that mappings of queues and of streams have in common. */
export const MappingProperties = z.strictObject({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  Enabled: z.literal(true).optional(),
  FilterCriteria: z
    .strictObject({ Filters: z.array(z.strictObject({ Pattern: z.string() })).default([]) })
    .default({ Filters: [] }),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  Tags: z.unknown().optional(),
});

/** What feeds one function. */
export interface Mapping {
  start(): void;
  stop(): Promise<void>;
}

/** The ARN of a function that a mapping names by name or ARN. */
export function functionArnOf(name: string): string {
  return name.startsWith('arn:') ? name : `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
}

/**
 * Whether one of the filters lets a record through; without filters all pass.
 * @throws RangeError naming the resource, for a pattern that is no event pattern
 */
export function filterOf(
  { Filters }: z.infer<typeof MappingProperties>['FilterCriteria'],
  { stack, logicalId }: Resource,
): (record: unknown) => boolean {
  const patterns = Filters.map(({ Pattern }) => {
    try {
      return compilePattern(Pattern);
    } catch (error) {
      throw new RangeError(`${stack}/${logicalId}: FilterCriteria ${Pattern} is not supported: ${error}`);
    }
  });
  return (record) => patterns.length === 0 || patterns.some((matches) => matches(record));
}

const PartialAnswer = z
  .looseObject({ batchItemFailures: z.array(z.looseObject({ itemIdentifier: z.string().min(1) })).nullish() })
  .nullish();

/**
 * Which of a batch's records failed, after Lambda's rules for partial answers: an empty answer is success, an invalid one
 * or one that names an unknown record fails the whole batch.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function failuresIn(result: unknown, ids: readonly string[]): ReadonlySet<string> {
  const all = new Set(ids);
  const answer = PartialAnswer.safeParse(result);
  if (!answer.success) return all;
  const failed = new Set(answer.data?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
  return failed.isSubsetOf(all) ? failed : all;
}

/**
 * Whether IAM lets a function's role do what its mapping does in its name. A refusal is said once, until it is allowed.
 */
export class RoleCheck {
  readonly #machine: Machine;
  readonly #functionArn: string;
  readonly #callerOf: Functions['callerOf'];
  #refused = '';

  constructor(machine: Machine, functions: Functions, functionArn: string) {
    this.#machine = machine;
    this.#functionArn = functionArn;
    this.#callerOf = (arn) => functions.callerOf(arn);
  }

  get caller(): Caller {
    return this.#callerOf(this.#functionArn);
  }

  allows(demands: readonly Demand[]): boolean {
    try {
      this.#machine.iam.authorize(this.caller, demands);
      this.#refused = '';
      return true;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const again = `it is tried again every ${REFUSED_PAUSE / 1000} s`;
      if (this.#refused !== error.message) this.#machine.say(`${error.code}: ${error.message}; ${again}`);
      this.#refused = error.message;
      return false;
    }
  }
}

/** Resolves when the work is over, or after so many real milliseconds. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, milliseconds);
  await Promise.race([work, over.promise]);
  clearTimeout(timer);
}

/** A wait that others end. What happens while nobody waits is not missed. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Until it rings, or so many real milliseconds. */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#rung) await atMost(milliseconds, new Promise<void>((resolve) => (this.#wake = resolve)));
    this.#rung = false;
    this.#wake = undefined;
  }
}
