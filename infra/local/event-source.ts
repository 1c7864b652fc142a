import * as z from 'zod';
import { ACCOUNT, AwsError, type Demand, type Functions, type Machine, type Queues, REGION } from './cloud.ts';
import type { Tables } from './dynamodb.ts';

/** How long a mapping that IAM refuses waits before it tries again, in real milliseconds. */
export const REFUSED_PAUSE = 30_000;

/** Properties that mappings of queues and of streams have in common. */
export const MappingProperties = z.strictObject({
  EventSourceArn: z.string(),
  FunctionName: z.string().regex(/^[\w-]+$/),
  FunctionResponseTypes: z.tuple([z.literal('ReportBatchItemFailures')]),
});

/** What mappings read from, and what they feed. */
export interface Fed {
  readonly queues: Queues;
  readonly streams: Pick<Tables, 'read' | 'onChange' | 'demands'>;
  readonly functions: Functions;
}

/** What feeds one function. */
export interface Mapping {
  start(): void;
  /** Begins nothing more, and resolves when what is under way is over. */
  stop(): Promise<unknown>;
  /** Throws records away, or no longer. */
  drop?(dropping: boolean): Promise<void>;
}

const PartialAnswer = z
  .looseObject({ batchItemFailures: z.array(z.looseObject({ itemIdentifier: z.string().min(1) })).nullish() })
  .nullish();

/** The function of a mapping, which calls it and reads its source in the name of its role. */
export function fedFunction({ iam, say }: Machine, functions: Functions, name: string) {
  const arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
  const caller = functions.callerOf(arn);
  let refused = '';
  return {
    arn,
    caller,
    /** Whether IAM lets the role do what its mapping does in its name. A refusal is said once, until it is allowed. */
    allows(demands: readonly Demand[]): boolean {
      try {
        iam.authorize(caller, demands);
        refused = '';
        return true;
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        const again = `it is tried again every ${REFUSED_PAUSE / 1000} s`;
        if (refused !== error.message) say(`${error.code}: ${error.message}; ${again}`);
        refused = error.message;
        return false;
      }
    },
    /**
     * Calls it with a batch.
     * @param ids of the records, in order
     * @returns which of them failed, after Lambda's rules for partial answers: a throw, an invalid answer or one that
     *   names an unknown record fails the whole batch; an empty one is success
     * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
     */
    async failuresOf(Records: readonly object[], ids: readonly string[]): Promise<ReadonlySet<string>> {
      const all = new Set(ids);
      const invocation = await functions.invoke(arn, { Records }, 'background');
      const answer = invocation.ok ? PartialAnswer.safeParse(invocation.result) : undefined;
      if (!answer?.success) return all;
      const failed = new Set(answer.data?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
      return failed.isSubsetOf(all) ? failed : all;
    },
  };
}

/** Resolves when the work is over, or after so many real milliseconds. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, milliseconds);
  await Promise.race([work, over.promise]);
  clearTimeout(timer);
}

/** A wait of one that others end. What rings while nobody waits is not missed. */
export function bell() {
  // New for each wait: one that stayed would keep what every wait leaves with it.
  let rung = Promise.withResolvers<void>();
  return {
    ring: () => rung.resolve(),
    /** Until it rings, or so many real milliseconds. */
    async wait(milliseconds: number): Promise<void> {
      await atMost(milliseconds, rung.promise);
      rung = Promise.withResolvers();
    },
  };
}
