import type { EndpointsOf, RequestOf } from '#shared/contracts/api/endpoints.ts';
import { notFound, problem, type Reply } from '#shared/contracts/api/request.ts';
import { ManifestV1 } from '#shared/contracts/score-export.v1.ts';
import { actorId } from '#shared/domain/access/roles.ts';
import { dayIn, plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import { cursorOf, ready, type ScoreExport } from '#shared/domain/exports/score-export.ts';
import { ChangedSnapshot, MANIFEST, unchangedText } from '#shared/domain/exports/snapshot.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import { BrokenSeal } from '#shared/domain/performance/seal.ts';
import { policyInForce } from '#shared/domain/policy/policy.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { ExportStore } from '#shared/domain/ports/export-store.ts';
import type { MessageQueue } from '#shared/domain/ports/message-queue.ts';
import { exportedIn, type FreezePorts, freezeScores, NeverAtRest } from './freeze-scores.ts';
import { ANSWER_BYTES, pageAt, type ReadyExport, scoresReply, tooLarge } from './scores-reply.ts';

export interface ExportPorts extends FreezePorts {
  readonly exports: ExportStore;
  readonly queue: MessageQueue;
  readonly id: Digest['id'];
}

/**
 * Subjects whose cards are sealed while a caller waits: what a call's 30 seconds hold with room to spare. More are
 * written by a job.
 */
const SUBJECTS_AT_ONCE = 2_000;

/** What answers each route of exports. */
export function exportAnswers(ports: ExportPorts): EndpointsOf<'exports/answer-exports'> {
  return {
    'GET /exports/scores': (request) => orConflict(readScores(request, ports)),
    'POST /exports': (request) => requestExport(request, ports),
    'GET /exports/{exportId}': (request) => orConflict(readExport(request, ports)),
  };
}

/** What cannot be answered because of what stands in the stores is told, not answered in part. */
async function orConflict(answer: Promise<Reply>): Promise<Reply> {
  try {
    return await answer;
  } catch (error) {
    const isConflict = error instanceof BrokenSeal || error instanceof ChangedSnapshot || error instanceof NeverAtRest;
    if (!isConflict) throw error;
    return problem(409, { detail: error.message });
  }
}

/** The first call freezes the month and answers from the snapshot; a cursor goes on in the snapshot that it names. */
async function readScores(request: RequestOf<'GET /exports/scores'>, ports: ExportPorts): Promise<Reply> {
  const { period, cursor, ...asked } = request.query;
  if (cursor !== undefined) {
    const page = await pageAt(cursor, period, ports);
    return 'refused' in page ? unfitting('period', page.refused) : scoresReply(page, asked, ports.snapshot);
  }
  if (period === undefined) return unfitting('period', 'is needed where no cursor names an export');
  const exported = await exportedIn(period, ports);
  if ('refused' in exported) return noScores(exported.refused);
  const { length } = exported.subjects;
  if (length > SUBJECTS_AT_ONCE)
    return tooLarge(`The cards of ${length} subjects are more than one call freezes, which is ${SUBJECTS_AT_ONCE}.`);
  const exportId = ports.newId();
  const frozen = await freezeScores(exportId, exported, ports);
  const asking = { exportId, period, requestedBy: actorId(request.actor), requestedAt: frozen.about.asOf };
  // It was never running: its first state is the one that names what is written.
  await ports.exports.save(ready({ ...asking, version: 0, progress: { state: 'running' } }, frozen));
  return scoresReply({ export: { state: 'ready', ...frozen }, from: 0 }, asked, ports.snapshot);
}

/** Has an export written. The same key is the same export, however often it comes; with another body it is 409. */
async function requestExport(request: RequestOf<'POST /exports'>, ports: ExportPorts): Promise<Reply> {
  const { actor, body, idempotencyKey } = request;
  const { exports, queue, clock } = ports;
  const exported = await exportedIn(body.period, ports);
  if ('refused' in exported) return noScores(exported.refused);
  const exportId =
    idempotencyKey === undefined ? ports.newId() : ports.id('export', 'POST /exports', actor.sub, idempotencyKey);
  const asking = { exportId, ...body, requestedBy: actorId(actor), requestedAt: clock.now() };
  const standing = await untilCommitted(async () => {
    const before = await exports.load(exportId);
    if (before) return before;
    const running: ScoreExport = { ...asking, version: 1, progress: { state: 'running' } };
    await exports.save(running);
    return running;
  });
  if (standing.period !== body.period || standing.format !== body.format)
    return problem(409, { detail: 'The same Idempotency-Key came with another body before.' });
  const { state } = standing.progress;
  // Sent again on a repeat: who put the state may have ended before it was sent, and a failed one gets a further try.
  if (state !== 'ready') await queue.send({ exportId });
  return { status: 202, body: { exportId, state } };
}

/** How an export stands; once it is ready, with what proves it and links to its files. */
async function readExport(request: RequestOf<'GET /exports/{exportId}'>, ports: ExportPorts): Promise<Reply> {
  const found = await ports.exports.load(request.params.exportId);
  if (!found) return notFound('There is no such export.');
  const { progress, version: _, ...asked } = found;
  if (progress.state !== 'ready') return { status: 200, body: { ...asked, ...progress } };
  return { status: 200, body: { ...asked, ...(await readyBody(progress, found, ports)) } };
}

async function readyBody(frozen: ReadyExport, { format }: ScoreExport, ports: ExportPorts) {
  const { reference, clock, zone, snapshot } = ports;
  const now = clock.now();
  const { linkSeconds } = policyInForce(await reference.policies(), dayIn(zone, now)).exports;
  const { about, controls, folder, manifest } = frozen;
  const link = (name: string) => snapshot.files.link(`${folder}/${name}`, linkSeconds, name);
  const files = frozen.files.toSorted((a, b) => Number(b.format === format) - Number(a.format === format));
  return {
    state: frozen.state,
    asOf: about.asOf,
    versions: about.versions,
    controls,
    linksEndAt: plusSeconds(now, linkSeconds),
    files: await Promise.all(files.map(async (file) => ({ ...file, href: await link(file.name) }))),
    manifest: {
      ...manifest,
      href: await link(MANIFEST),
      ...(manifest.bytes <= ANSWER_BYTES && { document: await manifestOf(frozen, ports) }),
    },
    ...(controls.rows > 0 && { cursor: cursorOf(about.exportId, 0) }),
  };
}

async function manifestOf({ folder, manifest }: ReadyExport, { snapshot: { files, newHash } }: ExportPorts) {
  const key = `${folder}/${MANIFEST}`;
  return ManifestV1.parse(JSON.parse(unchangedText(key, await files.read(key), manifest.sha256, newHash)));
}

/** A month of which there are no scores: no form of the request says so, a rule does. */
function noScores(message: string): Reply {
  return problem(422, { detail: `This month ${message}.`, rule: 'X-1', errors: [{ path: 'period', message }] });
}

function unfitting(path: string, message: string): Reply {
  return problem(422, { detail: 'What was sent does not fit; see errors.', rule: 'X-1', errors: [{ path, message }] });
}
