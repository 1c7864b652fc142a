import type { EndpointsOf, RequestOf } from '#shared/contracts/api/endpoints.ts';
import { notFound, problem, type Reply } from '#shared/contracts/api/request.ts';
import { actorId } from '#shared/domain/access/roles.ts';
import type { TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { IN_HOUSE } from '#shared/domain/intake/arrival.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import type { RegisteredSource, Source } from '#shared/domain/policy/source.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { SourceRegister } from '#shared/domain/ports/source-register.ts';
import type { SourceSecrets } from '#shared/domain/ports/source-secrets.ts';
import { policyAtReceipt } from './policy-at-receipt.ts';

export interface SourcePorts {
  readonly reference: Reference;
  readonly register: SourceRegister;
  readonly secrets: SourceSecrets;
  readonly clock: Clock;
  readonly zone: TimeZone;
}

/** What answers each route of sources. */
export function sourceAnswers(ports: SourcePorts): EndpointsOf<'intake/manage-sources'> {
  return {
    'GET /sources': (request) => listSources(request, ports),
    'GET /sources/{source}': (request) => readSource(request, ports),
    'PUT /sources/{source}': (request) => putSource(request, ports),
    'POST /sources/{source}/secret': (request) => rotateSecret(request, ports),
  };
}

async function listSources({ query }: RequestOf<'GET /sources'>, { register }: SourcePorts): Promise<Reply> {
  const { items, next } = await register.list(query);
  return { status: 200, body: { items: items.map(sourceBody), next } };
}

async function readSource({ params }: RequestOf<'GET /sources/{source}'>, { register }: SourcePorts): Promise<Reply> {
  const registered = await register.load(params.source);
  return registered ? shown(registered, 200) : notFound('There is no such source.');
}

/**
 * Registers a source, or puts another in its place (I-1): its doors open and close without a deploy. A repeat changes
 * nothing. Nothing is deleted, for its senders' ids never expire; a source is switched off instead.
 */
async function putSource(request: RequestOf<'PUT /sources/{source}'>, ports: SourcePorts): Promise<Reply> {
  const { params, body, actor } = request;
  const { register, clock } = ports;
  if (params.source === IN_HOUSE) return problem(422, RESERVED);
  const { active, ...given } = body;
  const source: Source = { source: params.source, ...given, ...(active ? {} : { active }) };
  return untilCommitted(async () => {
    const before = await register.load(params.source);
    if (isOutdated(request, before)) return outdated(before);
    if (before && isSame(before.source, source)) return shown(before, 200);
    const change = { version: (before?.version ?? 0) + 1, changedAt: clock.now(), changedBy: actorId(actor) };
    const after = { source, ...change };
    await register.save(before, after);
    return shown(after, before ? 200 : 201);
  });
}

const RESERVED = {
  detail: `The name ${IN_HOUSE} stands for messages that name no source.`,
  rule: 'I-2',
  errors: [{ path: 'source', message: 'is reserved' }],
};

function isOutdated(
  { ifMatch, expects }: RequestOf<'PUT /sources/{source}'>,
  before: RegisteredSource | undefined,
): boolean {
  if (expects !== undefined && expects !== (before ? 'present' : 'absent')) return true;
  return ifMatch !== undefined && ifMatch !== before?.version;
}

function outdated(before: RegisteredSource | undefined): Reply {
  const stands = before ? `The source is at version ${before.version} now` : 'There is no such source yet';
  return problem(412, { detail: `${stands}; read it again and decide.` });
}

function isSame(one: Source, other: Source): boolean {
  const text = (source: Source) => JSON.stringify(sourceBody({ source, version: 1 }));
  return text(one) === text(other);
}

function shown(registered: RegisteredSource, status: 200 | 201): Reply {
  return { status, body: sourceBody(registered), etag: registered.version };
}

function sourceBody({ source: registered, version, changedAt, changedBy }: RegisteredSource) {
  const { source, channel, adapter, scheme, principal, active = true } = registered;
  return { source, channel, adapter, scheme, principal, active, version, changedAt, changedBy };
}

/**
 * Gives a source a new secret, which this answer alone shows; the one before stays active for the policy's overlap
 * (I-3). It says how many are active now.
 */
async function rotateSecret(
  { params }: RequestOf<'POST /sources/{source}/secret'>,
  { reference, secrets, clock, zone }: SourcePorts,
): Promise<Reply> {
  const known = await reference.source(params.source);
  if (!known) return notFound('There is no such source.');
  const { source } = known;
  const now = clock.now();
  const { secretOverlapSeconds, activeSecrets } = (await policyAtReceipt(reference, now, zone)).intake;
  const secret = await secrets.rotate(source, now, secretOverlapSeconds, activeSecrets);
  const active = await secrets.active(source);
  return { status: 200, body: { source, secret, activeSecrets: active.length } };
}
