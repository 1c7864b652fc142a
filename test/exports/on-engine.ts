import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { openEnvironment, outputsOf } from '#infra/cli/operated-environment.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { ExportReply } from '#shared/contracts/api/replies.ts';
import { referenceKeys } from '#shared/contracts/items/reference-item.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { posted, subjectOf } from './system.ts';

// node test/exports/on-engine.ts --url U [--subjects N] [--month M]     brings N subjects into the directory of a local
// system whose data may be spoiled, puts points on every tenth card, and times an export of them all as a job.

const { values } = parseArgs({
  options: { url: { type: 'string' }, subjects: { type: 'string' }, month: { type: 'string' } },
});
const Token = z.object({ token: z.string() });
const Accepted = z.object({ exportId: z.uuid() });

async function main(url: string, subjects: number, month: string): Promise<void> {
  const environment = await openEnvironment({ url });
  const names = outputsOf(environment, 'ScorecardsTable', 'ReferenceTable');
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(environment.client));
  const tables = dynamoTables(client, { scorecards: names.ScorecardsTable, reference: names.ReferenceTable });
  const seeding = performance.now();
  await seed(tables, subjects, month);
  const seeded = (performance.now() - seeding) / 1000;
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  await post('/_local/clock', { advance: 'PT2M' }); // Functions keep the directory for a minute.
  const { token } = Token.parse(
    await (await post('/_local/token', { sub: 'hr', roles: ['hr'], employee: 'E-901' })).json(),
  );
  const authorization = { authorization: `Bearer ${token}` };
  const started = performance.now();
  const { exportId } = Accepted.parse(await (await post('/exports', { period: month }, authorization)).json());
  for (;;) {
    const found = ExportReply.parse(
      await (await fetch(`${url}/exports/${exportId}`, { headers: authorization })).json(),
    );
    if (found.state !== 'running') {
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      const bytes = Object.fromEntries((found.files ?? []).map(({ format, bytes: size }) => [format, size]));
      console.log(JSON.stringify({ exportId, state: found.state, controls: found.controls, seconds, seeded, bytes }));
      for (const { format, href } of found.files ?? []) console.log(format, href);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function seed(tables: Tables, subjects: number, month: string): Promise<void> {
  const ids = Array.from({ length: subjects }, (_, n) => `X-${String(n).padStart(6, '0')}`);
  const items = ids.flatMap((id, n) => [
    { table: 'reference' as const, put: { kind: 'subject', ...referenceKeys.subject(id), document: subjectOf(id) } },
    ...(n % 10 === 0 ? posted(id, n, -100, month) : []).map((entry) => ({
      table: 'scorecards' as const,
      put: { pk: `CARD#${id}#${month}`, sk: `ENTRY#${entry.entryId}`, kind: 'entry', entry },
    })),
  ]);
  for (let from = 0; from < items.length; from += 100) await tables.write(items.slice(from, from + 100));
}

await main(values.url ?? '', Number(values.subjects ?? 10_000), values.month ?? '2026-10');
