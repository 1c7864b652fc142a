import * as z from 'zod';
import { ACCOUNT, AwsError, type Caller, type Demand, type Functions, type Machine, REGION } from './cloud.ts';

/** How long a mapping that IAM refuses waits before it tries again, in real milliseconds. */
export const REFUSED_PAUSE = 30_000;
/** How long a batch under way may take once the machine stops, in real milliseconds. */
export const LAST_BATCH_TIMEOUT = 10_000;

/** Properties that mappings of queues and of streams have in common. */
export const MappingProperties = z.strictObject({
  EventSourceArn: z.string(),
  FunctionName: z.string().regex(/^[\w-]+$/),
  FunctionResponseTypes: z.tuple([z.literal('ReportBatchItemFailures')]),
});

/** What feeds one function. */
export interface Mapping {
  start(): void;
  stop(): Promise<void>;
}

const PartialAnswer = z
  .looseObject({ batchItemFailures: z.array(z.looseObject({ itemIdentifier: z.string().min(1) })).nullish() })
  .nullish();

/** The function of a mapping, which calls it and reads its source in the name of its role. */
export class FedFunction {
  readonly arn: string;
  readonly #machine: Machine;
  readonly #functions: Functions;
  #refused = '';

  constructor(machine: Machine, functions: Functions, name: string) {
    this.arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
    this.#machine = machine;
    this.#functions = functions;
  }

  get caller(): Caller {
    return this.#functions.callerOf(this.arn);
  }

  /** Whether IAM lets the role do what its mapping does in its name. A refusal is said once, until it is allowed. */
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

  /**
   * Calls it with a batch.
   * @param ids of the records, in order
   * @returns which of them failed, after Lambda's rules for partial answers: a throw, an invalid answer or one that names
   *   an unknown record fails the whole batch; an empty one is success
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
   */
  async failuresOf(Records: readonly object[], ids: readonly string[]): Promise<ReadonlySet<string>> {
    const all = new Set(ids);
    const invocation = await this.#functions.invoke(this.arn, { Records }, 'background');
    const answer = invocation.ok ? PartialAnswer.safeParse(invocation.result) : undefined;
    if (!answer?.success) return all;
    const failed = new Set(answer.data?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
    return failed.isSubsetOf(all) ? failed : all;
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
