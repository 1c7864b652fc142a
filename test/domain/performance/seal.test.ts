import { describe, expect, it } from 'vitest';
import { contentHash } from '#shared/adapters/digest.ts';
import { entryItem, ledgerStore } from '#shared/adapters/ledger-store.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { monthsBetween } from '#shared/domain/performance/anchor.ts';
import type { Entry } from '#shared/domain/performance/entry.ts';
import { newScoring } from '#shared/domain/performance/scoring.ts';
import { BrokenSeal, chainFaults, MOST_SEALED, type StoredCard } from '#shared/domain/performance/seal.ts';
import { sealCard } from '#shared/domain/performance/seal-card.ts';
import { type Tables, WriteRefused } from '#shared/domain/ports/tables.ts';

const CARD = { subject: 'logistics', period: '2026-11' } as const;
const NOW = '2026-11-20T02:31:00Z';

function entry(number: number, recordedAt = NOW): Entry {
  return {
    entryId: `entry-${String(number).padStart(5, '0')}`,
    groupId: 'group',
    kind: 'posted',
    subject: { kind: 'department', id: CARD.subject },
    period: CARD.period,
    rule: 'S-13',
    disputeId: 'dispute',
    basis: 'rating',
    policyVersion: 1,
    calendar: { id: 'cn', version: 1 },
    recordedAt,
  };
}

/** A card, with entries put onto it as scoring does, and the sealer. */
function card(change: (tables: Tables) => Tables = (same) => same) {
  const memory = memoryTables();
  const seals = sealStore(change(memory));
  const ports = { seals, now: NOW, contentHash };
  let version = 0;
  return {
    memory,
    seals,
    async write(...entries: readonly Entry[]) {
      for (let from = 0; from < entries.length; from += 90) {
        version += 1;
        const scoring = { ...newScoring('dispute'), version };
        await ledgerStore(memory).save(scoring, entries.slice(from, from + 90));
      }
    },
    seal: () => sealCard(CARD.subject, CARD.period, ports),
    stored: () => seals.card(CARD.subject, CARD.period),
  };
}

const idsOf = (entries: readonly Entry[]) => entries.map(({ entryId }) => entryId);
const linksOf = ({ seals }: StoredCard) => seals.map(({ number, from, to }) => `${number}: ${from}-${to}`);

describe('sealing a card (S-20)', () => {
  it('a card without entries has no head, and nothing is written', async () => {
    const { seal, memory } = card();
    expect(await seal()).toEqual({ entries: [] });
    expect(memory.dump().scorecards).toEqual([]);
  });

  it('the order is the sealer’s: by time within a seal, and what is recorded late comes behind', async () => {
    const { write, seal, stored } = card();
    await write(entry(2, '2026-11-20T02:00:02Z'), entry(1, '2026-11-20T02:00:01Z'));
    await seal();
    await write(entry(0, '2026-11-20T01:00:00Z'));
    const sealed = await seal();
    expect(idsOf(sealed.entries)).toEqual(['entry-00001', 'entry-00002', 'entry-00000']);
    expect(sealed.head).toMatchObject({ seal: 2, entries: 3 });
    const { seals, head } = await stored();
    expect(linksOf(await stored())).toEqual(['1: 1-2', '2: 3-3']);
    expect(chainFaults(CARD, seals, head, contentHash)).toEqual([]);
  });

  it('a repeat writes nothing and answers the same', async () => {
    const { write, seal, memory } = card();
    await write(entry(1));
    const first = await seal();
    const before = memory.dump();
    expect(await seal()).toEqual(first);
    expect(memory.dump()).toEqual(before);
  });

  it('more than one seal holds go into several', async () => {
    const { write, seal, stored } = card();
    await write(...Array.from({ length: MOST_SEALED + 1 }, (_, number) => entry(number)));
    const { entries, head } = await seal();
    expect(entries).toHaveLength(MOST_SEALED + 1);
    expect(head).toMatchObject({ seal: 2, entries: MOST_SEALED + 1 });
    expect(linksOf(await stored())).toEqual(['1: 1-1000', '2: 1001-1001']);
  });

  it('many sealers at a time seal each entry once, while more are written', async () => {
    const { write, seal, stored } = card();
    await write(entry(1));
    await Promise.all([seal(), seal(), write(entry(2)), seal(), write(entry(3)), seal()]);
    await seal();
    const { seals, head } = await stored();
    expect(seals.flatMap((each) => each.entries.map(({ entryId }) => entryId)).sort()).toEqual(
      idsOf([entry(1), entry(2), entry(3)]),
    );
    expect(chainFaults(CARD, seals, head, contentHash)).toEqual([]);
  });

  it('an entry that was sealed while the card was being read is read again', async () => {
    let behind = true;
    const { write, seal, memory } = card((tables) => ({
      ...tables,
      query: async (query) => {
        const page = await tables.query(query);
        if (!behind) return page;
        behind = false;
        return { ...page, items: page.items.filter(({ kind }) => kind !== 'entry') };
      },
    }));
    await write(entry(1));
    await sealCard(CARD.subject, CARD.period, { seals: sealStore(memory), now: NOW, contentHash });
    expect(idsOf((await seal()).entries)).toEqual(['entry-00001']);
  });

  it('a card of which a sealed entry is gone is never sealed over', async () => {
    const { write, seal, memory } = card();
    await write(entry(1), entry(2));
    await seal();
    await memory.write([{ table: 'scorecards', remove: { pk: 'CARD#logistics#2026-11', sk: 'ENTRY#entry-00001' } }]);
    await write(entry(3));
    await expect(seal()).rejects.toThrow(
      'on the card of logistics for 2026-11 the sealed entry entry-00001 is missing; run: npm run verify -- ledger',
    );
  });

  it('a card of which a sealed entry was changed is never sealed over', async () => {
    const { write, seal, memory } = card();
    await write(entry(1), entry(2));
    await seal();
    await memory.write([{ table: 'scorecards', put: entryItem({ ...entry(1), decidedBy: 'E-702' }) }]);
    const before = memory.dump();
    await expect(seal()).rejects.toThrow(BrokenSeal);
    await expect(seal()).rejects.toThrow(
      'on the card of logistics for 2026-11 the sealed entry entry-00001 was changed; run: npm run verify -- ledger',
    );
    expect(memory.dump()).toEqual(before);
  });

  it('a chain whose head was removed is not begun anew', async () => {
    const { write, seal, memory } = card();
    await write(entry(1));
    await seal();
    await memory.write([{ table: 'scorecards', remove: { pk: 'CARD#logistics#2026-11', sk: 'HEAD' } }]);
    await expect(seal()).rejects.toThrow(WriteRefused);
  });
});

it('the months between two span years', () => {
  expect(monthsBetween('2026-11', '2027-02')).toEqual(['2026-11', '2026-12', '2027-01', '2027-02']);
  expect(monthsBetween('2026-11', '2026-10')).toEqual([]);
});
