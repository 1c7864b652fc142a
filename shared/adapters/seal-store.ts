import { EntryItem } from '../contracts/items/entry-item.ts';
import { HeadItem, SealItem } from '../contracts/items/seal-item.ts';
import type { Month } from '../domain/calendar/civil-date.ts';
import { cardPartition, type Head, headAfter, type Seal } from '../domain/performance/seal.ts';
import type { SealStore } from '../domain/ports/seal-store.ts';
import type { Item, Tables, Write } from '../domain/ports/tables.ts';
import { allItems, pagesOf } from './pages.ts';

/** Items of one read of a card, and heads of one page. */
const PAGE = 1_000;

/** Seals sort as text. */
function sealSortKey(number: number): string {
  return `SEAL#${String(number).padStart(10, '0')}`;
}

/** Where a month's heads are listed. */
function headsPartition(period: Month): string {
  return `HEADS#${period}`;
}

/**
 * Seals in the scorecards table: `CARD#<subject>#<month>` / `SEAL#<number>`, put once and never changed, and `HEAD`,
 * written in the same transaction and listed by month.
 */
export function sealStore(tables: Tables): SealStore {
  return {
    async card(subject, period) {
      const query = { table: 'scorecards', partition: cardPartition(subject, period), limit: PAGE } as const;
      const items = await allItems(tables, query);
      const [head] = items.filter(({ kind }) => kind === 'head').map((item) => HeadItem.parse(item).head);
      const seals = items.filter(({ kind }) => kind === 'seal').map((item) => SealItem.parse(item).seal);
      return {
        entries: items.filter(({ kind }) => kind === 'entry').map((item) => EntryItem.parse(item).entry),
        // The head is read before the seals: what was added in between is no part of this card yet.
        seals: seals.filter(({ number }) => number <= (head?.seal ?? 0)),
        ...(head && { head }),
      };
    },
    append: (seal, before) => tables.write([sealWrite(seal), headWrite(headAfter(seal), before)]),
    async *heads(period) {
      const query = { table: 'scorecards', index: 'byList', partition: headsPartition(period), limit: PAGE } as const;
      for await (const items of pagesOf(tables, query)) yield items.map((item) => HeadItem.parse(item).head);
    },
  };
}

/** A seal as it is stored, and nothing else with it. */
export function sealItem(seal: Seal): Item {
  return { pk: cardPartition(seal.subject, seal.period), sk: sealSortKey(seal.number), kind: 'seal', seal };
}

/** A head as it is stored, and nothing else with it. */
export function headItem(head: Head): Item {
  const { subject, period } = head;
  const listed = { listPartition: headsPartition(period), listSort: subject };
  return { pk: cardPartition(subject, period), sk: 'HEAD', kind: 'head', version: head.seal, ...listed, head };
}

function sealWrite(seal: Seal): Write {
  return { table: 'scorecards', put: sealItem(seal), if: { absent: true } };
}

function headWrite(head: Head, before: Head | undefined): Write {
  return {
    table: 'scorecards',
    put: headItem(head),
    if: before ? { attribute: 'version', equals: before.seal } : { absent: true },
  };
}
