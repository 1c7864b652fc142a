import { loadReference, referenceOf } from '#infra/cli/load-reference.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { WriteRefused } from '#shared/domain/ports/tables.ts';

/** As in dev, `web` may send in-house messages: its principal is what an emulator attests of everybody. */
export const IN_HOUSE_SENDER = '000000000000';
const IN_HOUSE_PRINCIPALS = { web: IN_HOUSE_SENDER };

/** Loads the sample organisation with a released policy, calendar and sources, as a deploy does. */
export async function loadSample(tables: Tables, policy: 'policy-1' | 'fast' = 'policy-1'): Promise<void> {
  await loadReference(referenceOf({ policy, organisation: 'sample', inHousePrincipals: IN_HOUSE_PRINCIPALS }), {
    read: (key) => tables.get('reference', key),
    async add(item) {
      try {
        await tables.write([{ table: 'reference', put: { ...item }, if: { absent: true } }]);
        return true;
      } catch (error) {
        if (error instanceof WriteRefused) return false;
        throw error;
      }
    },
    replace: async () => false, // Loaded once, nothing here ever follows another file.
  });
}
