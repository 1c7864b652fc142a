// A door that checks nothing: it answers each POST once the calls of the real one are done, in one thread.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { localClient } from '#test/support/dynamodb-local-tables.ts';

const { endpoint, table, file } = z
  .object({ endpoint: z.url(), table: z.string(), file: z.string() })
  .parse(workerData);
const intake = intakeStore(dynamoTables(localClient(endpoint), { cases: table }));
const store = new DatabaseSync(file);
store.exec('pragma journal_mode = wal; pragma synchronous = normal; create table messages (body text not null)');
const send = store.prepare('insert into messages values (?)');

const server = createServer(async (request, response) => {
  const body = await text(request);
  const [receiptId, arrivalId, externalId] = [randomUUID(), randomUUID(), randomUUID()];
  const [source, changedAt] = ['web', new Date().toISOString()];
  await intake.known({ report: { source, externalId }, receiptId });
  send.run(body);
  const arrival = { source, day: changedAt.slice(0, 10), arrivalId, outcome: 'queued', receiptId } as const;
  await intake.note(arrival, { receiptId, source, externalId, status: 'queued', version: 1, changedAt });
  response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ receiptId }));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  parentPort?.postMessage(typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '');
});
