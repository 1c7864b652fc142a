import { fc, test as prop } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { writeExport } from '#functions/exports/write-export.ts';
import { entryItem } from '#shared/adapters/ledger-store.ts';
import { ExportReply, Scores } from '#shared/contracts/api/replies.ts';
import type { Files } from '#shared/domain/ports/files.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { DIRECTORY } from '#test/support/sample.ts';
import { type ExportSystem, exportSystem, NOW, PERIOD, posted, subjectOf } from './system.ts';

class Crash extends Error {}

/** Stops the nth step that writes something: before it, or after it when nobody hears that it was done. */
function crashing() {
  let left = Number.POSITIVE_INFINITY;
  let after = false;
  const step = async (act: () => Promise<void>) => {
    left -= 1;
    if (left === 0 && !after) throw new Crash();
    await act();
    if (left === 0) throw new Crash();
  };
  return {
    at: (n: number, isAfter: boolean) => {
      left = n;
      after = isAfter;
    },
    tables: (tables: Tables): Tables => ({ ...tables, write: (writes) => step(() => tables.write(writes)) }),
    files: (files: Files): Files => ({ ...files, write: (...file) => step(() => files.write(...file)) }),
    crashed: () => left <= 0,
  };
}
const idOf = (reply: { body?: unknown }) => ExportReply.pick({ exportId: true }).parse(reply.body).exportId;
const linesOf = async (system: ExportSystem, exportId: string) =>
  Scores.parse(JSON.parse(String((await system.scores({ cursor: `${exportId}.0` })).body))).rows;

describe('writing an export', () => {
  test.each([false, true])('ends in the same after a crash at any step (after it: %s)', async (after) => {
    const clean = await prepared();
    const cleanId = idOf(await clean.system.ask({ period: PERIOD }, 'key'));
    await clean.system.work();
    const expected = await linesOf(clean.system, cleanId);
    let steps = 0;
    for (let n = 1; n < 100; n += 1) {
      const { system, crash } = await prepared();
      crash.at(n, after);
      await system.ask({ period: PERIOD }, 'key').catch(() => undefined);
      const first = system.queue.drain();
      for (const message of first) await system.queue.send(message.body);
      await system.work().catch(() => undefined);
      if (!crash.crashed()) break;
      steps = n;
      crash.at(Number.POSITIVE_INFINITY, false);
      expect(idOf(await system.ask({ period: PERIOD }, 'key'))).toBe(cleanId);
      await system.work();
      expect(await linesOf(system, cleanId)).toEqual(expected);
      const done = ExportReply.parse((await system.read(cleanId)).body);
      expect(done).toMatchObject({ state: 'ready', manifest: { document: { lines: { length: DIRECTORY.size } } } });
    }
    expect(steps).toBeGreaterThanOrEqual(8); // The request, two seals, a part, three files, the manifest, the state.
  });

  test('delivered again changes nothing, however much was posted since', async () => {
    const { system } = await prepared();
    const exportId = idOf(await system.ask({ period: PERIOD }));
    const message = system.queue.drain();
    let count = 100;
    for (const { body } of [...message, ...message]) {
      await system.queue.send(body);
      await system.work();
      const before = (await system.read(exportId)).body;
      count += 1;
      for (const entry of posted('E-202', count, -100)) await system.post(entry);
      expect((await system.read(exportId)).body).toEqual(before);
    }
  });

  test('by two at a time is the export of the first to finish, whole', async () => {
    const { system } = await prepared();
    const exportId = idOf(await system.ask({ period: PERIOD }));
    const both = await Promise.allSettled(
      [1, 2].map(() => writeExport({ exportId }, { receiveCount: 1 }, system.ports)),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await writeExport({ exportId }, { receiveCount: 2 }, system.ports)).toBe('already-there');
    expect(await linesOf(system, exportId)).toHaveLength(DIRECTORY.size);
  });

  test('that fails in its last try is told, and a further try still finishes it', async () => {
    const { system, crash } = await prepared();
    const exportId = idOf(await system.ask({ period: PERIOD }, 'key'));
    const failing = { ...system.ports, snapshot: { ...system.ports.snapshot, files: refusing(system.files) } };
    await expect(writeExport({ exportId }, { receiveCount: 4 }, failing)).rejects.toThrow('full');
    expect((await system.read(exportId)).body).toMatchObject({ state: 'running' });
    await expect(writeExport({ exportId }, { receiveCount: 5 }, failing)).rejects.toThrow('full');
    expect(ExportReply.parse((await system.read(exportId)).body)).toMatchObject({
      state: 'failed',
      failedAt: '2026-11-20T02:31:00Z',
    });
    await expect(writeExport({ exportId }, { receiveCount: 6 }, failing)).rejects.toThrow('full');
    system.queue.drain();
    expect(await system.ask({ period: PERIOD }, 'key')).toMatchObject({ status: 202, body: { state: 'failed' } });
    await system.work();
    expect((await system.read(exportId)).body).toMatchObject({ state: 'ready' });
    expect(crash.crashed()).toBe(false);
  });

  test('of a card that does not stand as it was sealed has failed, with the reason, and is finished once it does', async () => {
    const { system } = await prepared();
    await system.ask({ period: PERIOD });
    await system.work();
    const key = { pk: `CARD#E-204#${PERIOD}`, sk: 'ENTRY#e-E-204-1' };
    const item = await system.memory.get('scorecards', key);
    await system.memory.write([{ table: 'scorecards', remove: key }]);
    const exportId = idOf(await system.ask({ period: PERIOD }, 'key'));
    await system.work();
    const { state, reason } = ExportReply.parse((await system.read(exportId)).body);
    expect(state).toBe('failed');
    expect(reason).toContain('on the card of E-204 for 2026-10 the sealed entry e-E-204-1 is missing');
    await system.memory.write([{ table: 'scorecards', put: { ...key, ...item } }]);
    await system.ask({ period: PERIOD }, 'key');
    await system.work();
    expect((await system.read(exportId)).body).toMatchObject({ state: 'ready' });
  });

  test('that nobody requested is a fault, not an empty export', async () => {
    const { system } = await prepared();
    const nobody = '5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a01';
    await expect(writeExport({ exportId: nobody }, { receiveCount: 1 }, system.ports)).rejects.toThrow(
      'nobody requested',
    );
  });
});

describe('an export while entries are being posted', () => {
  prop.prop([fc.array(fc.nat(40), { maxLength: 60 }), fc.constantFrom(1, 3, 50)], { numRuns: 30 })(
    'has of each card what stood there up to its head, and says the sum of it',
    async (turns, limit) => {
      let n = 0;
      const waiting = [...turns];
      let system: ExportSystem | undefined;
      const busy = async () => {
        if (waiting.shift() !== 7 && waiting.length % 2 === 0) return;
        for (const entry of posted('E-204', ++n, -100)) await system?.post(entry);
      };
      system = await exportSystem({
        tables: (tables) => ({
          ...tables,
          query: async (query) => {
            const page = await tables.query(query);
            if (query.partition.startsWith('CARD#')) await busy();
            return page;
          },
        }),
      });
      const exportId = idOf(await system.ask({ period: PERIOD }));
      await system.work();
      const seen: string[] = [];
      for (let cursor: string | undefined = `${exportId}.0`; cursor !== undefined; ) {
        const page = Scores.parse(JSON.parse(String((await system.scores({ cursor, limit })).body)));
        seen.push(...page.rows.map(({ subjectId }) => subjectId));
        await busy();
        cursor = page.next;
      }
      expect(seen).toEqual([...new Set(seen)]);
      expect(seen).toHaveLength(DIRECTORY.size);
      const rows = await linesOf(system, exportId);
      const { manifest } = ExportReply.parse((await system.read(exportId)).body);
      for (const [index, row] of rows.entries()) {
        const head = manifest?.document?.lines[index]?.head;
        expect(row.entries).toBe(head?.entries ?? 0);
      }
    },
  );
});

describe('what is written on several cards at once (S-12)', () => {
  const CARDS = ['after-sales', 'E-201', 'E-204', 'E-602', 'E-9'];
  /** Who left, and has a row only where entries stand on their card. */
  const LEFT = subjectOf('E-9', { activeTo: '2026-09-30' });

  /** An export during which writes on two cards each come before reads of cards, as long as any are left. */
  async function during(writes: readonly (readonly [number, number, number])[], forever = false) {
    const waiting = [...writes];
    let reads = 0;
    let n = 0;
    let system: ExportSystem | undefined;
    const write = async () => {
      reads += 1;
      const [wait = 0, one = 0, step = 1] = waiting[0] ?? [];
      if (waiting.length === 0 || reads < wait) return;
      reads = 0;
      const next = waiting.shift();
      if (forever && next) waiting.push(next);
      n += 1;
      const number = n;
      const puts = [one, one + step].map((at) => {
        const [entry] = posted(CARDS[at % CARDS.length] ?? '', number, -100);
        return { table: 'scorecards', put: entryItem({ ...entry, recordedAt: NOW }) } as const;
      });
      await system?.memory.write(puts);
    };
    const between = Array.from({ length: 64 }, (_, at) => subjectOf(`E-8${at}`)); // More than are read at a time.
    const subjects = [...DIRECTORY.values(), ...between, LEFT];
    system = await exportSystem({
      subjects,
      tables: (tables) => ({
        ...tables,
        query: async (query) => {
          if (query.partition.startsWith('CARD#')) await write();
          return tables.query(query);
        },
      }),
    });
    return system;
  }

  prop.prop(
    [fc.array(fc.tuple(fc.nat(12), fc.nat(4), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 25 })],
    { numRuns: 40 },
  )('stands in the rows of all of them or of none', async (writes) => {
    const system = await during(writes);
    const exportId = idOf(await system.ask({ period: PERIOD }));
    await system.work();
    const state = await system.ports.exports.load(exportId);
    if (state?.progress.state !== 'ready') throw new Error('it is not written');
    const rows = await linesOf(system, exportId);
    const cardsOf = new Map<string, number>();
    for (const id of CARDS) {
      const count = rows.find(({ subjectId }) => subjectId === id)?.entries ?? 0;
      const { entries, seals } = await system.ports.seals.card(id, PERIOD);
      const inRow = new Set(
        seals
          .flatMap((seal) => seal.entries)
          .slice(0, count)
          .map(({ entryId }) => entryId),
      );
      for (const { entryId, disputeId } of entries)
        if (inRow.has(entryId)) cardsOf.set(disputeId, (cardsOf.get(disputeId) ?? 0) + 1);
    }
    for (const cards of cardsOf.values()) expect(cards).toBe(2);
    const [checked] = state.progress.parts;
    expect(checked).toMatch(/^[0-9a-f]{64}$/);
  });

  test('and never rests is refused, and not told in part', async () => {
    const system = await during(
      [
        [0, 3, 1],
        [0, 4, 1],
      ],
      true,
    );
    expect(await system.scores({ period: PERIOD })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('posted faster than its cards are read') },
    });
  });
});

async function prepared() {
  const crash = crashing();
  const system = await exportSystem({ tables: crash.tables, files: crash.files });
  for (const entry of [...posted('E-204', 1, -600), ...posted('E-201', 2, -300)]) await system.post(entry);
  return { system, crash };
}

function refusing(files: Files): Files {
  return {
    ...files,
    write: async () => {
      throw new Error('the disk is full');
    },
  };
}
