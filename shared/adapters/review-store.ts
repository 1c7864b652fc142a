import * as z from 'zod';
import { ReviewInputsV1 } from '../contracts/review-inputs.v1.ts';
import type { Month } from '../domain/calendar/civil-date.ts';
import type { ContentHash } from '../domain/ports/digest.ts';
import type { Files } from '../domain/ports/files.ts';
import type { ReviewRun, ReviewStore } from '../domain/ports/review-store.ts';
import type { Item, Key, Tables } from '../domain/ports/tables.ts';
import type { ReviewInputs } from '../domain/review/inputs.ts';

const keys = {
  period: (period: Month) => `REVIEW#${period}`,
  revision: ({ period, revision }: Pick<ReviewRun, 'period' | 'revision'>): Key => ({
    pk: keys.period(period),
    sk: `REVISION#${String(revision).padStart(6, '0')}`,
  }),
  inputs: ({ period, inputs }: Pick<ReviewRun, 'period' | 'inputs'>) => `reviews/${period}/inputs/${inputs}.json`,
} as const;

/** Runs in the table improvement, `REVIEW#<month>` / `REVISION#<n>`, put once; their inputs as files named by their hash. */
export function reviewStore(tables: Tables, files: Files, hash: ContentHash): ReviewStore {
  return {
    async latest(period) {
      const partition = keys.period(period);
      const { items } = await tables.query({ table: 'improvement', partition, descending: true, limit: 1 });
      return items[0] && asRun(items[0]);
    },
    async revision(period, revision) {
      const item = await tables.get('improvement', keys.revision({ period, revision }));
      return item && asRun(item);
    },
    async record(run, inputs) {
      const key = keys.inputs(run);
      await files.write(key, 'application/json', [JSON.stringify(inputs)]);
      const put = { ...keys.revision(run), kind: 'review', ...run, key };
      await tables.write([{ table: 'improvement', put, if: { absent: true } }]);
    },
    async inputs(run) {
      const bytes = await files.read(keys.inputs(run));
      const inputs: ReviewInputs | undefined =
        bytes && ReviewInputsV1.parse(JSON.parse(new TextDecoder().decode(bytes)));
      if (!inputs || hash(inputs) !== run.inputs)
        throw new RangeError(
          `the inputs of revision ${run.revision} of ${run.period} are not those that it was made of`,
        );
      return inputs;
    },
  };
}

const RunItem = z.object({
  period: z.string(),
  revision: z.int().min(1),
  inputs: z.string(),
  provisional: z.boolean(),
  ranAt: z.string(),
  ranBy: z.string(),
}) satisfies z.ZodType<ReviewRun>;

function asRun(item: Item): ReviewRun {
  return RunItem.parse(item);
}
