import { EntryItem } from '../contracts/items/entry-item.ts';
import { ScoringItem } from '../contracts/items/scoring-item.ts';
import { byRecording, type Entry } from '../domain/performance/entry.ts';
import { dueAtOf } from '../domain/performance/scoring.ts';
import { cardPartition, entryHash } from '../domain/performance/seal.ts';
import type { Ledger } from '../domain/ports/ledger.ts';
import type { Item, Tables, Write } from '../domain/ports/tables.ts';
import { commitWrite, type Wrote } from './commit-item.ts';
import { contentHash } from './digest.ts';
import { dueAttributes } from './due-store.ts';
import { allItems } from './pages.ts';

const ledgerKeys = {
  scoring: (disputeId: string) => ({ pk: `SCORING#${disputeId}`, sk: 'STATE' }),
  entry: ({ subject, period, entryId }: Entry) => ({
    pk: cardPartition(subject.id, period),
    sk: `ENTRY#${entryId}`,
  }),
} as const;

/**
 * The ledger in the scorecards table: `CARD#<subject>#<month>` / `ENTRY#<entry>`, put once and never changed, and
 * `SCORING#<dispute>` with what scoring remembers, the appeal window it waits for and the commits, each of which names the
 * entries that it wrote.
 */
export function ledgerStore(tables: Tables): Ledger {
  return {
    async scoring(disputeId) {
      const item = await tables.get('scorecards', ledgerKeys.scoring(disputeId));
      return item && ScoringItem.parse(item).state;
    },
    async save(scoring, entries, commit) {
      const { disputeId, version } = scoring;
      const key = ledgerKeys.scoring(disputeId);
      const dueAt = dueAtOf(scoring);
      const due = dueAt ? dueAttributes('scorecards', key.pk, dueAt, 'group') : {};
      await tables.write([
        {
          table: 'scorecards',
          put: { ...key, kind: 'scoring', version, state: scoring, ...due },
          if: version === 1 ? { absent: true } : { attribute: 'version', equals: version - 1 },
        },
        ...(commit ? [commitWrite('scorecards', key.pk, commit, entries.map(wroteOf))] : []),
        ...entries.map(entryWrite),
      ]);
    },
    async entries(subject, period) {
      const query = {
        table: 'scorecards',
        partition: cardPartition(subject, period),
        range: { prefix: 'ENTRY#' },
      } as const;
      const items = await allItems(tables, query);
      return items.map((item) => EntryItem.parse(item).entry).sort(byRecording);
    },
  };
}

/** What a commit says of an entry that it wrote (S-20). */
function wroteOf(entry: Entry): Wrote {
  return { entryId: entry.entryId, hash: entryHash(entry, contentHash) };
}

/** An entry as it is stored, and nothing else with it. */
export function entryItem(entry: Entry): Item {
  return { ...ledgerKeys.entry(entry), kind: 'entry', entry };
}

function entryWrite(entry: Entry): Write {
  return { table: 'scorecards', put: entryItem(entry), if: { absent: true } };
}
