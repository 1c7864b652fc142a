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

/** The commit that wrote these entries, all of one group. */
function commitOf(entries: readonly Entry[], change: Partial<LedgerCommit> = {}): LedgerRecord {
  const moving = entries.filter(({ points, percentBp }) => points !== undefined || percentBp !== undefined);
  const totals = moving.map(({ subject, period, rule, points = 0, percentBp }) => ({
    subject,
    period,
    rule,
    points,
    ...(percentBp !== undefined && { percentBp }),
  }));
  const ids = entries.map(({ entryId }) => entryId);
  const told = { groupId: 'group', word: 'pending', entries: ids, totals, reversals: [] } as const;
  const wrote = entries.map((each) => ({ entryId: each.entryId, hash: contentHash(each) }));
  return commitRecord({ wrote, groups: [told], ...change });
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
const base = {
  rule: 'S-5',
  by: 'base',
  level: 2,
  base: 1_000,
  shares: [share],
  rounding: 'largest-remainder',
} as const;

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
        inputs: { ...base, holder: { kind: 'direct', subject: 'logistics' } },
      },
      fault: 'has inputs that make no points: RangeError: logistics holds no direct share of this determination',
    },
    {
      title: 'the points of somebody else',
      change: { points: 1_000, inputs: { ...base, holder: { kind: 'system', subject: 'E-204' } } },
      fault: 'moves points of logistics for the share of E-204',
    },
    {
      title: 'the catalogue’s effect on somebody else',
      change: { kind: 'percent', ...percent, inputs: { ...catalogue, share: { ...share, subject: 'E-204' } } },
      fault: 'moves points of logistics for the share of E-204',
    },
    {
      title: 'a share of somebody else',
      change: { share: { ...share, subject: 'E-204' } },
      fault: 'moves points of logistics for the share of E-204',
    },
    {
      title: 'a word that moves points',
      change: { kind: 'void', ...percent, inputs: catalogue },
      fault: 'moves points, and is a word on its group',
    },
    {
      title: 'inputs of another rule',
      change: { kind: 'percent', ...percent, rule: 'S-1', inputs: catalogue },
      fault: 'is of rule S-1, and has the inputs of S-5',
    },
    {
      title: 'a rating’s points',
      change: {
        points: 100,
        rule: 'S-1',
        inputs: {
          rule: 'S-1',
          value: 'satisfied',
          scale: { 'very-satisfied': 200, satisfied: 100, neutral: 0, dissatisfied: -100 },
        },
      },
      fault: undefined,
    },
  ] satisfies { title: string; change: Partial<Entry>; fault: string | undefined }[])('$title', ({ change, fault }) => {
    const found = whatDiffers(entryRecord(entry(change)), commitOf([entry(change)]));
    const ofEntry = found.filter((what) => what.startsWith('CARD#'));
    expect(ofEntry).toEqual(fault === undefined ? [] : [`${PLACE} entry entry ${fault}`]);
  });
});

describe('groups count whole, and in one way (S-12, S-13)', () => {
  it('one that is both posted and void is told', () => {
    const words = [entry({ kind: 'posted' }), entry({ entryId: 'other', kind: 'void' })];
    const found = whatDiffers(...words.map(entryRecord), commitOf(words));
    expect(found).toEqual(['SCORING#dispute group group is both posted and void']);
  });

  it('one that is settled where nothing moves is told', () => {
    const word = entry({ kind: 'posted' });
    const found = whatDiffers(entryRecord(word), commitOf([word]));
    expect(found).toEqual([`SCORING#dispute group group is settled on ${PLACE}, and its points stand on no card`]);
  });

  it('a commit that tells of a group of which nothing stands is told', () => {
    const subject = { kind: 'department', id: 'logistics' } as const;
    const total = { subject, period: '2026-11', rule: 'S-5', points: -100 };
    const told = { groupId: 'group', word: 'posted', entries: [], totals: [], reversals: [total] } as const;
    expect(whatDiffers(commitRecord({ groups: [told] }))).toEqual([
      'SCORING#dispute commit commit says that group group moves -100 hundredths and 0 bp on logistics 2026-11 S-5, and its entries move nothing',
    ]);
  });
});

it('a card of which only the chain is left is still counted', () => {
  const card = { subject: 'logistics', period: '2026-11' };
  const seal = sealOf(card, undefined, [entry()], AT, contentHash);
  const book = ledgerBook(contentHash);
  book.take({ is: 'seal', partition: PLACE, sortKey: 'SEAL#0000000001', seal });
  book.take({ is: 'head', partition: PLACE, head: headAfter(seal) });
  expect(book.figures()).toEqual({ cards: 1, entries: 0, seals: 1, unsealed: 0 });
  expect(book.differences().map(({ what }) => what)).toEqual(['entry 1 (entry) is missing']);
});

describe('an entry is the one that its commit wrote, and stands once (S-20)', () => {
  const own = entry({ points: -1_000, inputs: { ...base, holder: { kind: 'system', subject: 'logistics' } } });
  const elsewhere = 'CARD#E-301#2026-11';

  it('one that its commit wrote is no difference', () => {
    expect(whatDiffers(entryRecord(own), commitOf([own]))).toEqual([]);
  });

  it.each([
    { order: 'before', at: 0 },
    { order: 'behind', at: 1 },
  ])('a copy on another card under the same id is told, read $order the true one', ({ at }) => {
    const invented = { ...own, subject: { kind: 'employee', id: 'E-301' }, groupId: 'invented' } as const;
    const records = [{ ...entryRecord(invented), partition: elsewhere }, entryRecord(own)];
    const found = whatDiffers(...(at === 0 ? records : records.toReversed()), commitOf([own]));
    expect(found).toEqual([
      `${elsewhere} entry entry is not what commit commit wrote`,
      'SCORING#dispute group invented is told of by no commit',
    ]);
  });

  it('the same entry on two cards is told', () => {
    const found = whatDiffers({ ...entryRecord(own), partition: elsewhere }, entryRecord(own), commitOf([own]));
    expect(found[0]).toBe(`${elsewhere} entry entry stands on ${elsewhere} and ${PLACE}`);
  });

  it('one that two commits name is told', () => {
    const again = { ...commitOf([own], { commitId: 'again' }), sortKey: 'COMMIT#0000000002' };
    expect(whatDiffers(entryRecord(own), commitOf([own]), again)).toEqual([
      `${PLACE} entry entry is named by commit commit and by commit again`,
    ]);
  });

  it('one that was recorded at another time than its commit is told', () => {
    const found = whatDiffers(entryRecord(own), commitOf([own], { recordedAt: '2026-11-20T02:31:01Z' }));
    expect(found).toEqual([
      `${PLACE} entry entry has another dispute, group or time than commit commit, which wrote it`,
    ]);
  });
});
