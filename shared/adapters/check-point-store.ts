import * as z from 'zod';
import type { CheckPointStore } from '../domain/ports/check-point-store.ts';
import type { TableName, Tables } from '../domain/ports/tables.ts';

const CheckPointItem = z.object({
  version: z.int().min(1),
  next: z.string(),
  open: z.array(z.object({ hour: z.string(), tries: z.int().min(0), checkedAt: z.string() })),
});

/** How far the check of one gear has come, in the improvement table: `COMMIT-CHECK` / the gear's table. */
export function checkPointStore(tables: Tables, gear: TableName): CheckPointStore {
  const key = { pk: 'COMMIT-CHECK', sk: gear };
  return {
    async load() {
      const item = await tables.get('improvement', key);
      return item && CheckPointItem.parse(item);
    },
    async save({ version, next, open }) {
      const before = version === 1 ? ({ absent: true } as const) : { attribute: 'version', equals: version - 1 };
      await tables.write([
        { table: 'improvement', put: { ...key, kind: 'commit-check', version, next, open }, if: before },
      ]);
    },
  };
}
