import { describe, expect, it } from 'vitest';
import { contentHash } from '#shared/adapters/digest.ts';
import type { Entry } from '#shared/domain/performance/entry.ts';
import { ledgerBook } from '#shared/domain/performance/ledger-book.ts';
import type { LedgerCommit, LedgerRecord } from '#shared/domain/performance/ledger-record.ts';
import { headAfter, sealOf } from '#shared/domain/performance/seal.ts';

const PLACE = 'CARD#logistics#2026-11';
const AT = '2026-11-20T02:31:00Z';

function entry(change: Partial<Entry> = {}): Entry {
  return {
    entryId: 'entry',
    groupId: 'group',
    kind: 'points',
    subject: { kind: 'department', id: 'logistics' },
    period: '2026-11',
    rule: 'S-5',
    disputeId: 'dispute',
    basis: 'rating',
    policyVersion: 1,
    calendar: { id: 'cn', version: 1 },
    recordedAt: AT,
    ...change,
  };
}

function entryRecord(given: Entry): LedgerRecord {
  return { is: 'entry', partition: PLACE, entryId: given.entryId, hash: contentHash(given), entry: given };
}

function commitRecord(commit: Partial<LedgerCommit> = {}): LedgerRecord {
  const whole = { commitId: 'commit', recordedAt: AT, wrote: [], groups: [], ...commit };
  return { is: 'commit', partition: 'SCORING#dispute', sortKey: 'COMMIT#0000000001', commit: whole };
}

function whatDiffers(...records: readonly LedgerRecord[]): readonly string[] {
  const book = ledgerBook(contentHash);
  for (const record of records) book.take(record);
  return book.differences().map(({ place, what }) => `${place} ${what}`);
}

const share = { kind: 'system', subject: 'logistics', bp: 10_000 } as const;
const percent = { percentBp: -500 };
const criterion = { causeCode: 'late', kind: 'system', effect: percent } as const;
const catalogue = { rule: 'S-5', by: 'catalogue', share, criterion } as const;
const named = { wrote: [{ entryId: 'entry' }, { entryId: 'other' }] };

describe('an entry moves what its own inputs make (S-19)', () => {
  it.each([
    {
      title: 'percent that the catalogue makes',
      change: { kind: 'percent', ...percent, inputs: catalogue },
      fault: undefined,
    },
    {
      title: 'another percentage',
      change: { kind: 'percent', percentBp: -50, inputs: catalogue },
      fault: 'moves -50 bp, and its inputs make -500 bp',
    },
    { title: 'points without inputs', change: { points: -100 }, fault: 'moves points without a reason' },
    {
      title: 'a share that nobody holds',
      change: {
        points: -100,
        inputs: {
          rule: 'S-5',
          by: 'base',
          level: 2,
          base: 1_000,
          shares: [share],
          rounding: 'largest-remainder',
          holder: { kind: 'direct', subject: 'E-204' },
        },
      },
      fault: 'has inputs that make no points: RangeError: E-204 holds no direct share of this determination',
    },
  ] satisfies { title: string; change: Partial<Entry>; fault: string | undefined }[])('$title', ({ change, fault }) => {
    const found = whatDiffers(entryRecord(entry(change)), commitRecord({ wrote: [{ entryId: 'entry' }] }));
    expect(found).toEqual(fault === undefined ? [] : [`${PLACE} entry entry ${fault}`]);
  });
});

describe('groups count whole, and in one way (S-12, S-13)', () => {
  it('one that is both posted and void is told', () => {
    const found = whatDiffers(
      entryRecord(entry({ kind: 'posted' })),
      entryRecord(entry({ entryId: 'other', kind: 'void' })),
      commitRecord(named),
    );
    expect(found).toEqual(['SCORING#dispute group group is both posted and void']);
  });

  it('one that is settled where nothing moves is told', () => {
    const found = whatDiffers(entryRecord(entry({ kind: 'posted' })), commitRecord({ wrote: [{ entryId: 'entry' }] }));
    expect(found).toEqual([`SCORING#dispute group group is settled on ${PLACE}, and its points stand on no card`]);
  });

  it('a commit that tells of a group of which nothing stands is told', () => {
    const subject = { kind: 'department', id: 'logistics' } as const;
    const total = { subject, period: '2026-11', rule: 'S-5', points: -100 };
    const told = { groupId: 'group', word: 'posted', totals: [], reversals: [total] } as const;
    expect(whatDiffers(commitRecord({ groups: [told] }))).toEqual([
      'SCORING#dispute commit commit says that group group moves -100 hundredths and 0 bp on logistics 2026-11 S-5, and its entries move nothing',
    ]);
  });
});

it('a card of which only the chain is left is still counted', () => {
  const card = { subject: 'logistics', period: '2026-11' };
  const seal = sealOf(card, undefined, [entry()], AT, contentHash);
  const book = ledgerBook(contentHash);
  book.take({ is: 'seal', partition: PLACE, seal });
  book.take({ is: 'head', partition: PLACE, head: headAfter(seal) });
  expect(book.figures()).toEqual({ cards: 1, entries: 0, seals: 1, unsealed: 0 });
  expect(book.differences().map(({ what }) => what)).toEqual(['entry 1 (entry) is missing']);
});
