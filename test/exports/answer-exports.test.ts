import { describe, expect, test } from 'vitest';
import { scorecardAnswers } from '#functions/scorecards/answer-scorecards.ts';
import { stakeStore } from '#shared/adapters/stake-store.ts';
import { CardPage, ExportReply, Scores } from '#shared/contracts/api/replies.ts';
import { cardOf } from '#shared/domain/performance/card.ts';
import { withStatus } from '#shared/domain/performance/entry.ts';
import { pointsText } from '#shared/domain/performance/points.ts';
import { type Item, UnknownCursor } from '#shared/domain/ports/tables.ts';
import { OrganisationSchema } from '#shared/policy/organisation-schema.ts';
import { DIRECTORY, POLICY } from '#test/support/sample.ts';
import { type ExportSystem, exportSystem, HR, PERIOD, posted, subjectOf } from './system.ts';

async function pointed(): Promise<ExportSystem> {
  const system = await exportSystem();
  for (const entry of [...posted('E-204', 1, -600), ...posted('E-201', 2, -300), ...posted('E-204', 3, 200)])
    await system.post(entry);
  return system;
}
const whole = async (system: ExportSystem) =>
  Scores.parse(JSON.parse(String((await system.scores({ period: PERIOD })).body)));

describe("a month's scores (X-1)", () => {
  test('have a row for everybody who is active, by kind and id, with and without entries', async () => {
    const { rows, controls } = await whole(await pointed());
    expect(rows.map(({ subjectId }) => subjectId)).toEqual(
      [...DIRECTORY.values()]
        .map(({ kind, id }) => `${kind} ${id}`)
        .sort()
        .map((place) => place.split(' ')[1]),
    );
    expect(rows.find(({ subjectId }) => subjectId === 'E-204')).toMatchObject({
      adjustments: '-4.00',
      result: '96.00',
      band: 'excellent',
      bonusFactor: '1.00',
      entries: 4,
      status: 'provisional',
    });
    expect(controls).toMatchObject({ rows: DIRECTORY.size, sumAdjustments: '-7.00' });
  });

  test('sum up to what cards and ledger say', async () => {
    const system = await pointed();
    const { rows, controls } = await whole(system);
    let sum = 0;
    for (const subject of DIRECTORY.values()) {
      const entries = withStatus(await system.ledger.entries(subject.id, PERIOD));
      const card = cardOf(subject, PERIOD, entries, POLICY, '2026-11-20T02:31:00Z');
      sum += card.result;
      expect(rows.find(({ subjectId }) => subjectId === subject.id)?.result).toBe(pointsText(card.result));
    }
    expect(controls.sumResult).toBe(pointsText(sum));
  });

  test('are of who is active on any day of the month: the first, the last, or none', async () => {
    const subjects = [
      subjectOf('E-1', { activeTo: '2026-09-30' }),
      subjectOf('E-2', { activeTo: '2026-10-01' }),
      subjectOf('E-3', { activeFrom: '2026-10-31' }),
      subjectOf('E-4', { activeFrom: '2026-11-01' }),
      subjectOf('E-5', { activeFrom: '2026-10-07', activeTo: '2026-10-07' }),
    ];
    const { rows } = await whole(await exportSystem({ subjects }));
    expect(rows.map(({ subjectId }) => subjectId)).toEqual(['E-2', 'E-3', 'E-5']);
  });

  test('are of whoever has entries in the month, too, active or not, as the list of cards is', async () => {
    const subjects = [
      subjectOf('E-1'),
      subjectOf('E-2', { activeTo: '2026-09-28' }),
      subjectOf('E-3', { activeTo: '2026-09-28' }),
      subjectOf('E-4', { activeFrom: '2026-11-01' }),
      subjectOf('E-5', { activeTo: '2026-09-28' }),
    ];
    const system = await exportSystem({ subjects });
    for (const entry of [...posted('E-2', 1, -600), ...posted('E-4', 2, -100)]) await system.post(entry);
    const { rows, controls } = await whole(system);
    expect(rows.map(({ subjectId, adjustments }) => [subjectId, adjustments])).toEqual([
      ['E-1', '0.00'],
      ['E-2', '-6.00'],
      ['E-4', '-1.00'],
    ]);
    expect(controls.sumAdjustments).toBe('-7.00');
    const cards = scorecardAnswers({ ...system.ports, ledger: system.ledger, stakes: stakeStore(system.memory) });
    const call = { actor: HR, params: {}, body: undefined, correlationId: 'flow', requestId: 'request' };
    const listed: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 2; pages += 1) {
      const query = { period: PERIOD, limit: 2, ...(cursor !== undefined && { cursor }) };
      const page = CardPage.parse((await cards['GET /scorecards']({ ...call, query })).body);
      listed.push(...page.items.map(({ subject }) => subject.id));
      cursor = page.next;
      expect(cursor).toBe(pages === 0 ? 'employee.E-2' : undefined);
    }
    expect(listed).toEqual(['E-1', 'E-2', 'E-4']);
  });

  test('follow the days of the organisation’s file, as cards do', async () => {
    const file = {
      departments: [{ id: 'logistics', name: '物流部', head: 'E-1', activeFrom: '2015-01-01' }],
      employees: [
        { id: 'E-1', name: '周志遠', department: 'logistics', activeFrom: '2015-01-01', activeTo: '2026-10-01' },
        { id: 'E-2', name: '陳佳寧', department: 'logistics', activeFrom: '2015-01-01', activeTo: '2026-09-30' },
      ],
      partners: [{ id: 'P-1', name: '迅達速運', activeFrom: '2026-10-31', activeTo: '2026-10-31' }],
    };
    const system = await exportSystem({ subjects: OrganisationSchema.parse(file) });
    const { rows } = await whole(system);
    expect(rows.map(({ subjectId }) => subjectId)).toEqual(['logistics', 'E-1', 'P-1']);
    const cards = scorecardAnswers({ ...system.ports, ledger: system.ledger, stakes: stakeStore(system.memory) });
    const call = { actor: HR, params: {}, body: undefined, correlationId: 'flow', requestId: 'request' };
    const { body } = await cards['GET /scorecards']({ ...call, query: { period: PERIOD, limit: 50 } });
    expect(CardPage.parse(body).items.map(({ subject }) => subject.id)).toEqual(['logistics', 'E-1', 'P-1']);
  });

  test('of nobody are empty, in every format, with their controls', async () => {
    const system = await exportSystem({ subjects: [] });
    expect(await whole(system)).toMatchObject({ rows: [], controls: { rows: 0, sumResult: '0.00' } });
    const csv = String((await system.scores({ period: PERIOD, format: 'csv' })).body);
    expect(csv).toMatch(/^\uFEFFperiod,[A-Za-z,]+,asOf\r\n$/);
    const ndjson = String((await system.scores({ period: PERIOD, format: 'ndjson' })).body);
    expect(JSON.parse(ndjson)).toMatchObject({ controls: { rows: 0 } });
  });

  test('of a month that has not begun, or before the first policy, are refused with the reason', async () => {
    const system = await exportSystem();
    const refusal = async (period?: string) => (await system.scores({ period })).body;
    expect(await refusal('2026-12')).toMatchObject({
      status: 422,
      errors: [{ path: 'period', message: 'has not begun yet' }],
    });
    expect(await refusal('2014-12')).toMatchObject({ errors: [{ message: 'lies before the first policy' }] });
    expect(await refusal()).toMatchObject({ errors: [{ message: 'is needed where no cursor names an export' }] });
    expect(await system.ask({ period: '2026-12' })).toMatchObject({ status: 422 });
    expect((await system.scores({ period: '2026-11' })).status).toBe(200);
  });

  test('say in their headers which export they are, and what the file is called', async () => {
    const system = await exportSystem();
    const { headers = {} } = await system.scores({ period: PERIOD, format: 'csv' });
    expect(headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(headers['content-disposition']).toBe(
      `attachment; filename="interlock-scores-2026-10-${headers['interlock-export']}.csv"`,
    );
    expect(await system.read(headers['interlock-export'] ?? '')).toMatchObject({
      status: 200,
      body: { state: 'ready' },
    });
  });
});

describe('pages of an export (X-1)', () => {
  /** Every row by pages, in the format, with something done before each further page. */
  async function paged(
    system: ExportSystem,
    format: 'json' | 'ndjson' | 'csv',
    limit: number,
    between = async () => {},
  ) {
    const texts: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page === 0 || cursor !== undefined; page += 1) {
      const { body, headers = {} } = await system.scores({
        format,
        limit,
        ...(cursor === undefined ? { period: PERIOD } : { cursor }),
      });
      const text = String(body);
      texts.push(text);
      const linked = /^<\/exports\/scores\?cursor=([^&]+)&format=(\w+)&limit=(\d+)>; rel="next"$/.exec(
        headers.link ?? '',
      );
      cursor = linked?.[1];
      if (linked) expect([linked[2], linked[3]]).toEqual([format, String(limit)]);
      if (format === 'json') expect(JSON.parse(text).next).toBe(cursor);
      if (format === 'ndjson') expect(JSON.parse(text.trimEnd().split('\n').at(-1) ?? '').next).toBe(cursor);
      await between();
    }
    return texts;
  }
  const idsIn = (format: string, text: string): string[] => {
    if (format === 'json') return JSON.parse(text).rows.map((row: { subjectId: string }) => row.subjectId);
    if (format === 'csv')
      return text
        .trimEnd()
        .split('\r\n')
        .slice(1)
        .map((line) => line.split(',')[2] ?? '');
    return text
      .trimEnd()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).subjectId);
  };

  test.each(['json', 'ndjson', 'csv'] as const)(
    'as %s are the whole, nothing twice and nothing missing',
    async (format) => {
      for (const limit of [1, 7, DIRECTORY.size, 1_000]) {
        const system = await pointed();
        const texts = await paged(system, format, limit);
        expect(texts.flatMap((text) => idsIn(format, text))).toEqual(
          (await whole(system)).rows.map((row) => row.subjectId),
        );
        expect(texts).toHaveLength(Math.ceil(DIRECTORY.size / limit));
      }
    },
  );

  test('stay what they were, whatever is posted, joins or leaves while they are read', async () => {
    const system = await pointed();
    const before = await whole(system);
    let n = 100;
    const texts = await paged(system, 'json', 5, async () => {
      for (const { id } of DIRECTORY.values()) for (const entry of posted(id, ++n, -100)) await system.post(entry);
      await system.memory.write([
        {
          table: 'reference',
          put: { pk: 'DIRECTORY', sk: `SUBJECT#A-${n}`, kind: 'subject', document: subjectOf(`A-${n}`) },
        },
      ]);
      system.clock.advance(3_600);
    });
    const pages = texts.map((text) => Scores.parse(JSON.parse(text)));
    expect(pages.flatMap(({ rows }) => rows)).toEqual(before.rows);
    expect(new Set(pages.map(({ exportId }) => exportId)).size).toBe(1);
    for (const { controls } of pages) expect(controls).toEqual(before.controls);
    expect((await whole(system)).controls.sumAdjustments).not.toBe(before.controls.sumAdjustments);
  });

  test('go on in any format, without a limit to the end, and under the right month only', async () => {
    const system = await pointed();
    const { next = '' } = JSON.parse(String((await system.scores({ period: PERIOD, limit: 20 })).body));
    const rest = String((await system.scores({ cursor: next, format: 'csv', period: PERIOD })).body);
    expect(idsIn('csv', rest)).toHaveLength(DIRECTORY.size - 20);
    expect((await system.scores({ cursor: next, period: '2026-09' })).body).toMatchObject({
      errors: [{ path: 'period', message: 'is not 2026-10, which the cursor names' }],
    });
  });

  test('that no export has are unknown', async () => {
    const system = await pointed();
    const { exportId } = await whole(system);
    const running = await system.ask({ period: PERIOD });
    const { exportId: unwritten } = running.body as { exportId: string };
    for (const cursor of [
      'x',
      exportId,
      `${exportId}.${DIRECTORY.size}`,
      `${exportId.replace(/^./, 'f')}.0`,
      `${unwritten}.0`,
    ])
      await expect(system.scores({ cursor })).rejects.toThrow(UnknownCursor);
  });
});

describe('what does not stand as it was written is not answered (X-2)', () => {
  async function changed(system: ExportSystem, sk: string) {
    const item = await system.memory.get('scorecards', { pk: `CARD#E-204#${PERIOD}`, sk });
    const put: Item = JSON.parse(JSON.stringify(item).replace('-600', '-100'));
    await system.memory.write([{ table: 'scorecards', put }]);
  }

  test('a card of which a sealed entry was changed or is gone: 409, naming it and what to run', async () => {
    for (const gone of [false, true]) {
      const system = await pointed();
      await whole(system);
      if (gone) {
        const remove = { pk: `CARD#E-204#${PERIOD}`, sk: 'ENTRY#e-E-204-1' };
        await system.memory.write([{ table: 'scorecards', remove }]);
      } else await changed(system, 'ENTRY#e-E-204-1');
      const { status, body } = await system.scores({ period: PERIOD });
      expect(status).toBe(409);
      expect(JSON.stringify(body)).toMatch(/card of E-204 .*e-E-204-1.*npm run verify -- ledger/);
    }
  });

  test('a part of the snapshot, or the manifest: 409, naming it', async () => {
    const system = await pointed();
    const { exportId } = await whole(system);
    const state = await system.ports.exports.load(exportId);
    const folder = state?.progress.state === 'ready' ? state.progress.folder : '';
    for (const name of ['rows/000001.ndjson', 'manifest.json']) {
      const text = new TextDecoder().decode(await system.files.read(`${folder}/${name}`));
      await system.files.write(`${folder}/${name}`, 'text/plain', [text.replace('2026-11-20', '2026-11-21')]);
    }
    const told = (name: string) => ({
      status: 409,
      body: { detail: expect.stringContaining(`${folder}/${name} was changed`) },
    });
    expect(await system.scores({ cursor: `${exportId}.3` })).toMatchObject(told('rows/000001.ndjson'));
    expect(await system.read(exportId)).toMatchObject(told('manifest.json'));
  });

  test('what has another cause stays a fault', async () => {
    const system = await exportSystem({
      files: (files) => ({
        ...files,
        read: async () => {
          throw new Error('the bucket does not answer');
        },
      }),
    });
    await expect(system.scores({ period: PERIOD })).rejects.toThrow('does not answer');
  });
});

describe('an export that is too long for one answer (X-1)', () => {
  const long = Array.from({ length: 1_900 }, (_, n) => subjectOf(`E-${n}`, { name: '物'.repeat(900) }));

  test('is refused with the route that writes it, and never cut; its pages and files stand', async () => {
    const system = await exportSystem({ subjects: long });
    const refused = await system.scores({ period: PERIOD });
    expect(refused).toMatchObject({ status: 413, body: { job: 'POST /exports', exportId: expect.any(String) } });
    const { exportId, detail } = refused.body as { exportId: string; detail: string };
    expect(detail).toContain('POST /exports');
    expect((await system.read(exportId)).body).toMatchObject({ state: 'ready', controls: { rows: 1_900 } });
    expect((await system.scores({ cursor: `${exportId}.0`, limit: 1_000 })).status).toBe(200);
    expect((await system.scores({ cursor: `${exportId}.0`, limit: 1_900 })).status).toBe(413);
  });

  test('for more subjects than a call can seal is refused before anything is sealed', async () => {
    const system = await exportSystem({ subjects: Array.from({ length: 2_001 }, (_, n) => subjectOf(`E-${n}`)) });
    expect(await system.scores({ period: PERIOD, limit: 10 })).toMatchObject({
      status: 413,
      body: { job: 'POST /exports' },
    });
    expect(system.memory.dump().scorecards).toEqual([]);
  });
});

describe('an export as a job (X-1, X-2)', () => {
  test('is accepted, written, and linked with what proves it', async () => {
    const system = await pointed();
    const accepted = await system.ask({ period: PERIOD, format: 'csv' });
    expect(accepted).toMatchObject({ status: 202, body: { state: 'running' } });
    const { exportId } = accepted.body as { exportId: string };
    expect((await system.read(exportId)).body).toEqual({
      exportId,
      period: PERIOD,
      format: 'csv',
      requestedBy: 'E-901',
      requestedAt: '2026-11-20T02:31:00Z',
      state: 'running',
    });
    await system.work();
    const done = ExportReply.parse((await system.read(exportId)).body);
    expect(done).toMatchObject({
      state: 'ready',
      linksEndAt: '2026-11-20T03:31:00Z',
      controls: { rows: DIRECTORY.size, sumAdjustments: '-7.00' },
      files: [{ format: 'csv' }, { format: 'json' }, { format: 'ndjson' }],
      manifest: { document: { exportId, controls: done.controls } },
    });
    expect(done.files?.[0]?.href).toMatch(/^memory:exports\/.*\.csv\?seconds=3600$/);
    const csv = String((await system.scores({ cursor: done.cursor ?? '', format: 'csv' })).body);
    expect(Buffer.byteLength(csv)).toBe(done.files?.[0]?.bytes);
  });

  test('with one key is one export, whoever else uses the key; with another body it is a conflict', async () => {
    const system = await pointed();
    const idOf = async (...args: Parameters<typeof system.ask>) =>
      ((await system.ask(...args)).body as { exportId: string }).exportId;
    const first = await idOf({ period: PERIOD }, 'monthly');
    expect(await idOf({ period: PERIOD }, 'monthly')).toBe(first);
    expect(await idOf({ period: PERIOD }, 'monthly', { sub: 'u-902', roles: ['hr'] })).not.toBe(first);
    expect(await idOf({ period: PERIOD })).not.toBe(first);
    expect(await system.ask({ period: '2026-09' }, 'monthly')).toMatchObject({ status: 409 });
    expect(await system.ask({ period: PERIOD, format: 'csv' }, 'monthly')).toMatchObject({ status: 409 });
    await system.work();
    expect(await system.ask({ period: PERIOD }, 'monthly')).toMatchObject({
      status: 202,
      body: { exportId: first, state: 'ready' },
    });
    expect(system.queue.sent).toEqual([]);
  });

  test('that nobody asked for is not there', async () => {
    const system = await exportSystem();
    expect(await system.read('5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a01')).toMatchObject({ status: 404 });
  });

  test('of 10,000 subjects has them all', async () => {
    const subjects = Array.from({ length: 10_000 }, (_, n) => subjectOf(`E-${String(n).padStart(5, '0')}`));
    const system = await exportSystem({ subjects });
    const { exportId } = (await system.ask({ period: PERIOD })).body as { exportId: string };
    await system.work();
    expect((await system.read(exportId)).body).toMatchObject({
      state: 'ready',
      controls: { rows: 10_000, sumResult: '1000000.00' },
    });
    const page = Scores.parse(
      JSON.parse(String((await system.scores({ cursor: `${exportId}.9990`, limit: 50 })).body)),
    );
    expect(page.rows.map(({ subjectId }) => subjectId)).toEqual(subjects.slice(9_990).map(({ id }) => id));
    expect(page.next).toBeUndefined();
  });
});
