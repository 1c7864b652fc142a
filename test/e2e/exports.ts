import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExportReply, Scores } from '#shared/contracts/api/replies.ts';
import { monthIn } from '#shared/domain/calendar/civil-date.ts';
import { hundredthsOf } from '#shared/domain/exports/score-row.ts';
import { pointsText } from '#shared/domain/performance/points.ts';
import { DIRECTORY, ZONE } from '#test/support/sample.ts';
import { DECIDER, HEAD_OF_PERFORMANCE, HR } from './people.ts';
import type { System } from './system.ts';

/** HR gets the running month's scores, in every form; they are what the cards say. */
export function theExports(start: () => Promise<System>): void {
  describe('the scores of a month', () => {
    let system: System;
    let month = '';
    beforeAll(async () => {
      system = await start();
      month = monthIn(ZONE, (await system.now()).toISOString());
    });
    afterAll(() => system?.close());

    test('come in one answer, with a row for everybody, and sum up to what the cards say', async () => {
      const { status, body } = await system.call('GET', `/exports/scores?period=${month}`, HR);
      expect(status).toBe(200);
      const { rows, controls } = Scores.parse(body);
      expect(rows.map(({ subjectId }) => subjectId).toSorted()).toEqual([...DIRECTORY.keys()].toSorted());
      let sum = 0;
      for (const row of rows) {
        const { body: card } = await system.call('GET', `/scorecards/${row.subjectId}/${month}`, DECIDER);
        const { base, adjustments, result, band } = card;
        expect(row).toMatchObject({ base, adjustments, result, band, bonusFactor: '1.00', status: 'provisional' });
        sum += hundredthsOf(result);
      }
      expect(controls).toMatchObject({ rows: rows.length, sumResult: pointsText(sum) });
    });

    test('come as lines and as a table with the same controls, and page by page with nothing missing', async () => {
      const lines = await system.call('GET', `/exports/scores?period=${month}&format=ndjson`, HR);
      const last = JSON.parse(String(lines.body).trimEnd().split('\n').at(-1) ?? '');
      expect(last).toMatchObject({ exportId: lines.headers['interlock-export'], controls: { rows: DIRECTORY.size } });
      const table = await system.call('GET', `/exports/scores?period=${month}&format=csv&limit=20`, HR);
      expect(table.headers).toMatchObject({
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': `attachment; filename="interlock-scores-${month}-${table.headers['interlock-export']}.csv"`,
      });
      expect(String(table.body)).toMatch(/^\uFEFFperiod,/);
      const next = /^<(.+)>; rel="next"$/.exec(table.headers.link ?? '')?.[1] ?? '';
      const rest = await system.call('GET', next, HR);
      const subjects = [table, rest].flatMap(({ body }) =>
        String(body)
          .trimEnd()
          .split('\r\n')
          .slice(1)
          .map((line) => line.split(',')[2]),
      );
      expect(subjects.toSorted()).toEqual([...DIRECTORY.keys()].toSorted());
      expect(rest.headers.link).toBeUndefined();
    });

    test('are for HR alone, for months that have begun, and for cursors that a page gave', async () => {
      expect(await system.call('GET', `/exports/scores?period=${month}`, HEAD_OF_PERFORMANCE)).toMatchObject({
        status: 403,
      });
      expect(await system.call('GET', '/exports/scores?period=2199-01', HR)).toMatchObject({ status: 422 });
      expect(await system.call('GET', '/exports/scores?cursor=x', HR)).toMatchObject({ status: 422 });
      expect(await system.call('GET', '/exports/5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a01', HR)).toMatchObject({
        status: 404,
      });
    });

    test('are written as a job, once for one key, with controls and manifest', async () => {
      const done = await written(system, month);
      expect(done).toMatchObject({
        state: 'ready',
        controls: { rows: DIRECTORY.size },
        files: [{ format: 'csv' }, { format: 'json' }, { format: 'ndjson' }],
        manifest: { document: { exportId: done.exportId, lines: { length: DIRECTORY.size } } },
      });
      const page = await system.call('GET', `/exports/scores?cursor=${done.cursor}&limit=3`, HR);
      expect(Scores.parse(page.body)).toMatchObject({ exportId: done.exportId, rows: { length: 3 } });
    });
  });
}

/** The files themselves, where links lead somewhere and an operator reads the stores. */
export function theExportedFiles(start: () => Promise<System>): void {
  describe('the files of an export', () => {
    let system: System;
    let folder = '';
    beforeAll(async () => {
      system = await start();
      folder = mkdtempSync(join(tmpdir(), 'interlock-export-'));
    });
    afterAll(async () => {
      rmSync(folder, { recursive: true, force: true });
      await system?.close();
    });
    const verify = (file: string) => {
      const where = process.env.INTERLOCK_URL === undefined ? ['--env', 'dev'] : ['--url', process.env.INTERLOCK_URL];
      return promisify(execFile)(process.execPath, ['infra/cli/verify.ts', 'export', file, ...where]).then(
        ({ stdout }) => ({ code: 0, said: stdout }),
        ({ code, stderr }: { code: number; stderr: string }) => ({ code, said: stderr }),
      );
    };

    test('are fetched by their links under their names, have the bytes of the manifest, and verify', async () => {
      const month = monthIn(ZONE, (await system.now()).toISOString());
      const { files = [] } = await written(system, month);
      expect(files).toHaveLength(3);
      for (const { href, name, bytes, sha256 } of files) {
        const answer = await fetch(href);
        expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
        const content = Buffer.from(await answer.arrayBuffer());
        expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
        const path = join(folder, name);
        writeFileSync(path, content);
        expect(await verify(path)).toMatchObject({ code: 0, said: expect.stringContaining('the file is all of it') });
        writeFileSync(path, content.toString().replace('100.00', '100.01'));
        expect(await verify(path)).toMatchObject({ code: 1, said: expect.stringContaining('was changed') });
      }
    });
  });
}

/** An export that was asked for as a job, when it is written. */
async function written(system: System, period: string): Promise<ExportReply> {
  const key = { 'idempotency-key': `export-${(await system.now()).getTime()}` };
  const ask = () => system.call('POST', '/exports', HR, { period, format: 'csv' }, key);
  const accepted = await ask();
  expect(accepted).toMatchObject({ status: 202 });
  expect((await ask()).body.exportId).toBe(accepted.body.exportId);
  return system.eventually('the export is written', async () => {
    const { body } = await system.call('GET', `/exports/${accepted.body.exportId}`, HR);
    return body.state === 'ready' ? ExportReply.parse(body) : undefined;
  });
}
