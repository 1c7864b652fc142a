import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { scoreDispute } from '#functions/scoring/score-dispute.ts';
import { contentHash, derivedId } from '#shared/adapters/digest.ts';
import { anchorFiles } from '#shared/adapters/ledger-records.ts';
import { headItem, sealItem } from '#shared/adapters/seal-store.ts';
import { AnchorV1 } from '#shared/contracts/anchor.v1.ts';
import { anchorText, hashedAnchor } from '#shared/domain/performance/anchor.ts';
import type { LedgerReader } from '#shared/domain/performance/ledger-record.ts';
import { hashedSeal, headAfter } from '#shared/domain/performance/seal.ts';
import { verifyLedger } from '#shared/domain/performance/verify-ledger.ts';
import type { FileVersion } from '#shared/domain/ports/files.ts';
import type { Item } from '#shared/domain/ports/tables.ts';
import { memoryReader, type SealedLedger, sealedLedger } from '#test/ledger/sealed-ledger.ts';
import type { Tampered } from '#test/ledger/tampered-ledger.ts';
import { IN_FILES, IN_TABLES } from '#test/ledger/tamperings.ts';
import { noticed } from '#test/performance/scored-events.ts';

/** The ledger in memory as whoever rules its stores can change it. */
function inHands({ memory, put, remove, keys, change, writeOver, erase }: SealedLedger): Tampered {
  return { items: async () => memory.dump().scorecards, put, remove, keys, change, writeOver, erase };
}

async function* noFiles(): AsyncIterable<FileVersion> {
  yield* [];
}

const firstOf = async (ledger: SealedLedger) => {
  const [first] = (await ledger.verify()).differences;
  return first && `${first.place} ${first.what}`;
};

describe('the ledger is verified against its seals, anchors and commits (S-20)', () => {
  it('an honest one has no difference, and what is not sealed or anchored yet is counted', async () => {
    const ledger = await sealedLedger();
    expect(await ledger.verify()).toEqual({
      cards: 5,
      entries: 20,
      seals: 8,
      anchors: 2,
      unsealed: 10,
      unsealedSince: '2026-11-25T02:30:59Z',
      anchoredAt: '2026-11-22T02:30:59Z',
      differences: [],
    });
    await ledger.seal();
    expect(await ledger.verify()).toMatchObject({ unsealed: 0, differences: [] });
  });

  it('an empty one is all well, and nothing is anchored', async () => {
    const nothing = memoryReader({
      dump: () => ({ cases: [], scorecards: [], improvement: [], reference: [], customers: [] }),
    });
    const { files } = await sealedLedger();
    const none = { ...files, versions: noFiles };
    const verified = await verifyLedger({ reader: nothing, files: none, ...anchorFiles, contentHash });
    expect(verified).toEqual({ cards: 0, entries: 0, seals: 0, anchors: 0, unsealed: 0, differences: [] });
  });

  it.each([...IN_TABLES, ...IN_FILES])('$title is found, and named first', async ({ tamper, first }) => {
    const ledger = await sealedLedger();
    await tamper(inHands(ledger));
    expect(await firstOf(ledger)).toMatch(first);
  });

  it('an anchor that was removed with a marker is found, and what it said still counts', async () => {
    const ledger = await sealedLedger();
    ledger.mark('anchors/2026-11-20.json');
    const { differences } = await ledger.verify();
    expect(differences).toMatchObject([{ place: 'anchors/2026-11-20.json', what: 'was removed' }]);
  });

  it('an anchor slipped in before the first one is found', async () => {
    const ledger = await sealedLedger();
    await ledger.files.write('anchors/2026-10-01.json', 'application/json', ['{}']);
    const { differences } = await ledger.verify();
    expect(differences.map(({ place, what }) => `${place} ${what}`)).toEqual(['anchors/2026-10-01.json was changed']);
  });

  it('an anchor that follows another one than stands before it is found', async () => {
    const ledger = await sealedLedger();
    ledger.clock.set('2026-12-01T00:00:00Z');
    await ledger.anchor();
    await ledger.erase('anchors/2026-11-22.json');
    expect(await firstOf(ledger)).toBe(
      'anchors/2026-12-01.json follows anchors/2026-11-22.json, which does not stand before it',
    );
  });

  it('an anchor made anew, hash and all, does not fit the one behind it', async () => {
    const ledger = await sealedLedger();
    await ledger.change('anchors/2026-11-20.json', (text) => {
      const { hash: _, ...content } = AnchorV1.parse(JSON.parse(text));
      return anchorText(hashedAnchor({ ...content, asOf: '2026-11-19T02:31:00Z' }, contentHash));
    });
    expect(await firstOf(ledger)).toBe(
      'anchors/2026-11-22.json follows another anchors/2026-11-20.json than the one that stands',
    );
  });

  it('an anchor of which nothing but the marker is left is found', async () => {
    const ledger = await sealedLedger();
    ledger.mark('anchors/2026-11-20.json');
    const files = {
      ...ledger.files,
      read: async (key: string, versionId?: string) =>
        key === 'anchors/2026-11-20.json' ? undefined : ledger.files.read(key, versionId),
    };
    const { differences } = await verifyLedger({
      reader: memoryReader(ledger.memory),
      files,
      ...anchorFiles,
      contentHash,
    });
    expect(differences).toMatchObject([{ place: 'anchors/2026-11-20.json', what: 'was removed' }]);
  });

  it('turns that came at the same time may follow the same anchor, or none', async () => {
    const ledger = await sealedLedger();
    const text = new TextDecoder().decode(await ledger.files.read('anchors/2026-11-20.json'));
    const { hash: _, ...content } = AnchorV1.parse(JSON.parse(text));
    const beside = hashedAnchor({ ...content, day: '2026-11-21' }, contentHash);
    await ledger.files.write('anchors/2026-11-21.json', 'application/json', [anchorText(beside)]);
    expect(await ledger.verify()).toMatchObject({ anchors: 3, differences: [] });
  });

  it('two anchors may name one list', async () => {
    const ledger = await sealedLedger();
    for (const day of ['2026-12-01', '2026-12-02']) {
      ledger.clock.set(`${day}T01:00:00Z`);
      await ledger.anchor();
    }
    expect(await ledger.verify()).toMatchObject({ anchors: 4, differences: [] });
    ledger.clock.set('2026-12-02T01:00:01Z');
    await ledger.seal();
    expect(await ledger.anchor()).toBe('anchors/2026-12-02T20261202T010001Z.json');
    expect(await ledger.verify()).toMatchObject({ anchors: 5, differences: [] });
  });

  it('a table in which nothing fits is looked at once more, and not again and again', async () => {
    const ledger = await sealedLedger();
    const looks: string[] = [];
    const lost = Array.from({ length: 1_001 }, (_, number) => ({
      is: 'stranger' as const,
      partition: `CARD#S-${number}#2026-11`,
      sortKey: 'NOTE',
    }));
    const reader: LedgerReader = {
      all: async function* () {
        yield* lost;
      },
      partition: async function* (partition, prefix) {
        looks.push(`${partition} ${prefix}`);
        yield* [];
      },
    };
    const none = { ...ledger.files, versions: noFiles };
    const verified = await verifyLedger({ reader, files: none, ...anchorFiles, contentHash });
    expect(verified.differences).toHaveLength(1_001);
    expect(new Set(looks).size).toBe(looks.length);
  });

  it('what is written while it is read is no difference', async () => {
    const ledger = await sealedLedger();
    const before = ledger.memory.dump();
    await ledger.seal();
    const late = memoryReader(ledger.memory);
    // The scan met the cards early and the commits late, or the other way round.
    for (const early of [/^CARD#/, /^SCORING#/]) {
      const mixed = {
        ...before,
        scorecards: [
          ...before.scorecards.filter(({ pk, sk }) => early.test(pk) && !/^(SEAL|COMMIT)#0*[2-9]/.test(sk)),
          ...ledger.memory.dump().scorecards.filter(({ pk }) => !early.test(pk)),
        ],
      };
      const reader = { all: memoryReader({ dump: () => mixed }).all, partition: late.partition };
      const { differences } = await verifyLedger({ reader, files: ledger.files, ...anchorFiles, contentHash });
      expect(differences).toEqual([]);
    }
  });

  it('a card that is sealed further with each look is no difference', async () => {
    const ledger = await sealedLedger();
    const honest = memoryReader(ledger.memory);
    const early = memoryReader({ dump: dumpOf(ledger.memory.dump()) });
    await ledger.seal();
    let number = 10;
    const reader: LedgerReader = {
      // The head of before, and the seals of now.
      all: async function* () {
        for await (const record of honest.all()) if (record.is !== 'head') yield record;
        for await (const record of early.all()) if (record.is === 'head') yield record;
      },
      partition: async function* (partition, prefix) {
        yield* honest.partition(partition, prefix);
        // Behind the head that was read, points are posted and sealed before the seals are read.
        if (prefix !== 'HEAD' || !partition.startsWith('CARD#logistics')) return;
        number += 1;
        const id = derivedId('dispute', String(number));
        await scoreDispute(disputeOf(id), ledger.ports);
        await ledger.seal();
      },
    };
    const { differences } = await verifyLedger({ reader, files: ledger.files, ...anchorFiles, contentHash });
    expect(differences).toEqual([]);
    expect(number).toBe(11);
  });

  it('a seal read before the entries and commits that it stands on is no difference', async () => {
    const ledger = await sealedLedger();
    await ledger.seal();
    const honest = memoryReader(ledger.memory);
    for (const left of ['entry', 'commit'] as const) {
      const reader: LedgerReader = {
        ...honest,
        all: async function* () {
          for await (const record of honest.all()) if (record.is !== left) yield record;
        },
      };
      const { differences } = await verifyLedger({ reader, files: ledger.files, ...anchorFiles, contentHash });
      expect(differences).toEqual([]);
    }
  });

  it('a head that cannot be read, and something beside it, are told', async () => {
    const ledger = await sealedLedger();
    const head = ledger.items('head')[0] ?? { pk: '', sk: '' };
    await ledger.put({ ...head, head: 'none' });
    await ledger.put({ ...head, sk: 'HEADLESS' });
    const { differences } = await ledger.verify();
    const found = ['holds HEADLESS, which is no part of a card', 'the head is missing', 'the head was changed'];
    expect(differences.filter(({ place }) => place === head.pk).map(({ what }) => what)).toEqual(
      expect.arrayContaining(found),
    );
  });

  it('a copy of a seal under another key is told as what it is', async () => {
    const ledger = await sealedLedger();
    const [first] = (await ledger.seals.card('logistics', '2026-11')).seals;
    if (!first) throw new Error('there is a chain');
    await ledger.put({ ...sealItem(first), sk: 'SEAL#0000000099' });
    const { differences } = await ledger.verify();
    expect(differences.map(({ what }) => what)).toEqual(['seal 1 stands twice', 'seal 99 was changed']);
  });

  it('an anchor that was removed and put back, or written again, is told', async () => {
    const ledger = await sealedLedger();
    const key = 'anchors/2026-11-20.json';
    await ledger.writeOver(key, (text) => text);
    expect((await ledger.verify()).differences).toMatchObject([{ place: key, what: 'was written again' }]);
    const versions = async function* (prefix: string): AsyncIterable<FileVersion> {
      for await (const version of ledger.files.versions(prefix)) {
        yield version;
        if (version.key === key && version.latest)
          yield { ...version, versionId: 'marker', latest: false, removed: true };
      }
    };
    const files = { ...ledger.files, versions };
    const put = await verifyLedger({ reader: memoryReader(ledger.memory), files, ...anchorFiles, contentHash });
    expect(put.differences).toMatchObject([{ place: key, what: 'was removed and put back' }]);
  });

  it('a later list that names another hash of a seal is told beside the first', async () => {
    const ledger = await sealedLedger();
    const sealed = ledger.items('seal').find(({ pk }) => pk.startsWith('CARD#E-204')) ?? { pk: '', sk: '' };
    const before = await ledger.verify();
    const seal = (await ledger.seals.card('E-204', '2026-11')).seals[0];
    if (!seal) throw new Error('there is a chain');
    const { hash: _, ...content } = seal;
    const other = hashedSeal({ ...content, sealedAt: '2026-11-30T00:00:00Z' }, contentHash);
    const honest = ledger.memory.dump().scorecards.find(({ pk, sk }) => pk === sealed.pk && sk === 'HEAD');
    // Made anew, anchored so, and put back.
    await ledger.put(sealItem(other));
    await ledger.put(headItem(headAfter(other)));
    ledger.clock.set('2026-12-01T00:00:00Z');
    await ledger.anchor();
    await ledger.put(sealed);
    await ledger.put(honest ?? { pk: '', sk: '' });
    const { differences } = await ledger.verify();
    expect(before.differences).toEqual([]);
    expect(differences.map(({ place, what }) => `${place} ${what}`)).toEqual([
      'CARD#E-204#2026-11 has another seal 1 than was anchored at 2026-12-01T00:00:00Z',
    ]);
  });

  it('a seal that hashes well and does not follow the one before is found', async () => {
    const ledger = await sealedLedger();
    const [, second] = (await ledger.seals.card('logistics', '2026-11')).seals;
    if (!second) throw new Error('there are two seals');
    const { hash: _, ...content } = second;
    await ledger.put(sealItem(hashedSeal({ ...content, previous: null }, contentHash)));
    expect(await firstOf(ledger)).toMatch(/has another seal 2 than was anchored|seal 2 does not follow the one before/);
    const { differences } = await ledger.verify();
    expect(differences.map(({ what }) => what)).toContain('seal 2 does not follow the one before');
  });

  it('several missing seals are told at once', async () => {
    const ledger = await sealedLedger();
    const { seals, head } = await ledger.seals.card('logistics', '2026-11');
    for (const seal of seals) await ledger.remove(sealItem(seal));
    const [last] = seals.slice(-1);
    if (!last || !head) throw new Error('there is a chain');
    const { hash: _, ...content } = last;
    const far = hashedSeal({ ...content, number: 4 }, contentHash);
    await ledger.put(sealItem(far));
    await ledger.put(headItem({ ...head, seal: 4, hash: far.hash }));
    const { differences } = await ledger.verify();
    expect(differences.map(({ what }) => what)).toContain('seals 1 to 3 are missing');
  });
});

const dumpOf = (dump: ReturnType<SealedLedger['memory']['dump']>) => () => dump;

/** A notice in a dispute of its own. */
function disputeOf(disputeId: string) {
  const event = noticed(1);
  return {
    ...event,
    id: derivedId('event', disputeId),
    data: { ...event.data, dispute: { ...event.data.dispute, disputeId } },
  };
}

/** Every path to a value that is no object or list. */
function leavesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

function withLeaf(value: unknown, path: readonly string[], edit: (leaf: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return edit(value);
  if (Array.isArray(value))
    return value.map((inner, index) => (String(index) === key ? withLeaf(inner, rest, edit) : inner));
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(inner.map(([name, each]) => [name, name === key ? withLeaf(each, rest, edit) : each]));
}

const other = (leaf: unknown) => (typeof leaf === 'number' ? leaf + 1 : typeof leaf === 'string' ? `${leaf}0` : 'x');

describe('any single change is found', () => {
  test.prop([fc.nat(), fc.nat()], { numRuns: 150 })('of any field of any entry, seal or head', async (which, where) => {
    const ledger = await sharedLedger();
    const items = ledger.memory.dump().scorecards.filter(({ pk }) => pk.startsWith('CARD#'));
    const item = items[which % items.length];
    const { pk = '', sk = '', ...content } = item ?? {};
    const leaves = leavesOf(content);
    const path = leaves[where % leaves.length] ?? [];
    const changed = { pk, sk, ...(withLeaf(content, path, other) as object) };
    const dump = { ...ledger.memory.dump(), scorecards: swapped(ledger.memory.dump().scorecards, changed) };
    const reader = memoryReader({ dump: () => dump });
    const { differences } = await verifyLedger({ reader, files: ledger.files, ...anchorFiles, contentHash });
    expect(differences.map(({ place }) => place)).toContain(pk);
  });

  test.prop([fc.nat(), fc.nat()], { numRuns: 50 })('of any byte of any anchor or list', async (which, where) => {
    const ledger = await sealedLedger();
    const keys = await ledger.keys();
    const key = keys[which % keys.length] ?? '';
    await ledger.change(key, (text) => {
      const index = where % text.length;
      return `${text.slice(0, index)}${text[index] === '0' ? '1' : '0'}${text.slice(index + 1)}`;
    });
    expect((await ledger.verify()).differences.map(({ place }) => place)).toContain(key);
  });
});

let shared: Promise<SealedLedger> | undefined;
/** Nobody changes this one. */
function sharedLedger(): Promise<SealedLedger> {
  shared ??= sealedLedger();
  return shared;
}

function swapped(items: readonly Item[], changed: Item): Item[] {
  return items.map((item) => (item.pk === changed.pk && item.sk === changed.sk ? changed : item));
}
