import { ExportItem } from '../contracts/items/export-item.ts';
import type { ExportStore } from '../domain/ports/export-store.ts';
import type { Tables } from '../domain/ports/tables.ts';

/** Exports in the scorecards table: `EXPORT#<id>` / `STATE`. */
export function exportStore(tables: Tables): ExportStore {
  return {
    async load(exportId) {
      const item = await tables.get('scorecards', keyOf(exportId));
      return item && ExportItem.parse(item).state;
    },
    save: (after) =>
      tables.write([
        {
          table: 'scorecards',
          put: { ...keyOf(after.exportId), kind: 'export', version: after.version, state: after },
          if: after.version === 1 ? { absent: true } : { attribute: 'version', equals: after.version - 1 },
        },
      ]),
  };
}

function keyOf(exportId: string) {
  return { pk: `EXPORT#${exportId}`, sk: 'STATE' };
}
