import { describe, expect, test } from 'vitest';
import { contentHash } from '#shared/adapters/digest.ts';
import { rowFault } from '#shared/domain/exports/recompute-row.ts';
import { type FrozenRow, scoreRow } from '#shared/domain/exports/score-row.ts';
import type { Entry } from '#shared/domain/performance/entry.ts';
import { headAfter, type Seal, type StoredCard, sealOf } from '#shared/domain/performance/seal.ts';
import { POLICY } from '#test/support/sample.ts';

const AS_OF = '2026-11-20T02:31:00Z';
const CARD = { subject: 'E-204', period: '2026-10' };
const SUBJECT = { kind: 'employee', id: 'E-204', name: '李文濤', department: 'logistics' } as const;
const entry = (entryId: string, points: number): Entry => ({
  entryId,
  groupId: entryId,
  kind: 'points',
  subject: { kind: 'employee', id: 'E-204' },
  period: '2026-10',
  rule: 'S-5',
  points,
  disputeId: 'd-1',
  basis: 'determination',
  policyVersion: 1,
  calendar: { id: 'cn', version: 1 },
  recordedAt: '2026-10-02T00:00:00Z',
});
/** Written after the export began, for all that anybody can say. */
const LATE = '2026-11-20T02:16:00Z';
const [one, two] = [entry('e-1', -100), entry('e-2', -200)];
const three: Entry = { ...entry('e-3', -300), recordedAt: LATE };
const first = sealOf(CARD, undefined, [one], AS_OF, contentHash);
const second = sealOf(CARD, headAfter(first), [two], AS_OF, contentHash);
const third = sealOf(CARD, headAfter(second), [three], AS_OF, contentHash);

/** The row as it was frozen after the second seal; the third came later. */
const frozen: FrozenRow = {
  row: scoreRow(SUBJECT, '2026-10', [one, two], POLICY, AS_OF),
  head: { seal: 2, entries: 2, hash: second.hash },
};
const stored: StoredCard = { entries: [one, two, three], seals: [first, second, third], head: headAfter(third) };
const faultOf = (change: { row?: FrozenRow; card?: Partial<StoredCard> }) =>
  rowFault(change.row ?? frozen, { ...stored, ...change.card }, POLICY, contentHash);
const resealed = (seal: Seal) => sealOf(CARD, headAfter(first), [{ ...two, points: -900 }], seal.sealedAt, contentHash);

describe('a row is what its card says up to its head (X-2)', () => {
  test('whatever came since', () => {
    expect(faultOf({})).toBeUndefined();
  });

  test('without a head it is the card without entries', () => {
    const empty = { row: scoreRow(SUBJECT, '2026-10', [], POLICY, AS_OF), head: null };
    const late = [one, two, three].map((each) => ({ ...each, recordedAt: LATE }));
    expect(faultOf({ row: empty, card: { entries: late } })).toBeUndefined();
    const beheaded = faultOf({ row: { ...frozen, head: null }, card: { entries: late } });
    expect(beheaded).toBe('pendingPoints is "-3.00", and the ledger says "0.00"');
    expect(faultOf({ row: empty })).toBe(
      'the entry e-1 stood there before the export began, and the row leaves it out',
    );
  });

  test.each<{ title: string; card?: Partial<StoredCard>; row?: FrozenRow; said: string }>([
    { title: 'a changed seal', card: { seals: [first, { ...second, from: 1 }] }, said: 'seal 2 was changed' },
    { title: 'a chain that was cut', card: { seals: [first] }, said: 'seal 2 is missing' },
    { title: 'no chain any more', card: { seals: [] }, said: 'seal 2 is missing' },
    { title: 'another chain', card: { seals: [first, resealed(second)] }, said: 'seal 2 is not the one of the export' },
    {
      title: 'a head with another number of entries',
      row: { ...frozen, head: { seal: 2, entries: 3, hash: second.hash } },
      said: 'seal 2 is not the one of the export',
    },
    { title: 'a removed entry', card: { entries: [one, three] }, said: 'the entry e-2 is missing' },
    {
      title: 'a changed entry',
      card: { entries: [{ ...one, points: 100 }, two, three] },
      said: 'the entry e-1 was changed',
    },
    {
      title: 'an entry from before the export that the row leaves out',
      card: { entries: [one, two, { ...three, recordedAt: '2026-11-20T02:15:59Z' }] },
      said: 'the entry e-3 stood there before the export began, and the row leaves it out',
    },
    {
      title: 'another result',
      row: { ...frozen, row: { ...frozen.row, result: '99.00' } },
      said: 'result is "99.00", and the ledger says "100.00"',
    },
  ])('$title is told', ({ card, row, said }) => {
    expect(faultOf({ ...(card && { card }), ...(row && { row }) })).toBe(said);
  });
});
