import { ReferenceItem, referenceKeys } from '../contracts/items/reference-item.ts';
import type { RegisteredSource } from '../domain/policy/source.ts';
import type { SourceRegister } from '../domain/ports/source-register.ts';
import type { Condition, Item, Tables } from '../domain/ports/tables.ts';
import { SourceSchema } from '../policy/source-schema.ts';

/**
 * Sources in the reference table, where deploys put the first of them. Each change puts the source under its old
 * version, and adds a record that stays: who, when, from what to what (T-3).
 */
export function sourceRegister(tables: Tables): SourceRegister {
  return {
    async load(source) {
      const item = await tables.get('reference', referenceKeys.source(source));
      return item && registered(item);
    },
    async list({ limit, cursor }) {
      const { pk: partition } = referenceKeys.source('any');
      const { items, next } = await tables.query({ table: 'reference', partition, limit, cursor });
      return { items: items.map(registered), next };
    },
    async save(before, { source, ...change }) {
      const key = referenceKeys.source(source.source);
      const record = referenceKeys.sourceChange(source.source, change.version);
      const put = { ...key, kind: 'source', document: source, ...change };
      const added = { ...record, kind: 'source-change', ...change, before: before?.source, after: source };
      await tables.write([
        { table: 'reference', put, if: unchangedSince(before) },
        { table: 'reference', put: added, if: { absent: true } },
      ]);
    },
  };
}

/** What a deploy loaded carries no version. */
function unchangedSince(before: RegisteredSource | undefined): Condition {
  if (!before) return { absent: true };
  return before.version === 1
    ? { attribute: 'version', absentOrBelow: 2 }
    : { attribute: 'version', equals: before.version };
}

function registered(item: Item): RegisteredSource {
  const parsed = ReferenceItem.parse(item);
  if (parsed.kind !== 'source') throw new RangeError(`${item.pk} ${item.sk} is no source`);
  const { document, version = 1, changedAt, changedBy } = parsed;
  return { source: SourceSchema.parse(document), version, changedAt, changedBy };
}
