import { type ApiRequest, fromRefusal, notFound, problem, type Reply } from '#shared/contracts/api/request.ts';
import { actorId } from '#shared/domain/access/roles.ts';
import { dayIn, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { decide } from '#shared/domain/dispute/decide.ts';
import type { DecisionContext } from '#shared/domain/dispute/decision-context.ts';
import type { Dispute } from '#shared/domain/dispute/dispute.ts';
import { evolveAll } from '#shared/domain/dispute/evolve.ts';
import { commitOf } from '#shared/domain/event.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import { policyInForce } from '#shared/domain/policy/policy.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { CommandKey, DisputeStore } from '#shared/domain/ports/dispute-store.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import { isRefusal } from '#shared/domain/refusal.ts';
import { disputeBody } from './dispute-body.ts';
import type { GivenCommand } from './given-command.ts';
import { maySee } from './read-disputes.ts';

export interface CommandPorts {
  readonly disputes: DisputeStore;
  readonly reference: Reference;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly zone: TimeZone;
}

/**
 * Carries out one command on one dispute: decided on its newest state, written in one transaction with its commit and
 * the texts that came with it (section 5). A repeat under the same `Idempotency-Key` changes nothing.
 *
 * @returns 200 with the dispute; 404, 409, 412, 403 or 422 when it was not carried out
 */
export function commandDispute(
  request: ApiRequest<{ id: string }>,
  given: GivenCommand,
  ports: CommandPorts,
): Promise<Reply> {
  return untilCommitted(async () => {
    const dispute = await ports.disputes.load(request.params.id);
    if (!dispute || !maySee(request.actor, dispute)) return notFound();
    const key = commandKey(request, given, ports.digest);
    const used = key && (await ports.disputes.usedKey(key.key));
    if (used) return used.body === key.body ? carriedOut(dispute) : keyTaken();
    if (request.ifMatch !== undefined && request.ifMatch !== dispute.version) return outdated(dispute);

    const context = await contextOf(dispute, request, ports);
    const events = decide(dispute, given.command, context);
    if (isRefusal(events)) return fromRefusal(events, dispute);
    const next = evolveAll(dispute, events, context.now);
    const cause = {
      causationId: ports.digest.id('command', request.requestId),
      correlationId: request.correlationId,
      by: actorId(request.actor),
    };
    const commit = commitOf(dispute.disputeId, next.version, events, context.now, cause, context.id);
    const { texts, customer } = given;
    const completed = await completedArrival(dispute, next, ports);
    await ports.disputes.save(next, commit, { texts, customer, key, completed });
    return carriedOut(next);
  });
}

/** Who waited for an officer waits no longer once the dispute is filed (I-9). */
async function completedArrival(dispute: Dispute, next: Dispute, { disputes, zone }: CommandPorts) {
  const completes = dispute.status === 'received' && next.status !== 'received';
  return completes ? disputes.awaitedArrival(dispute, dayIn(zone, dispute.receivedAt)) : undefined;
}

async function contextOf(dispute: Dispute, request: ApiRequest, ports: CommandPorts): Promise<DecisionContext> {
  const { reference, clock, digest, zone } = ports;
  const now = clock.now();
  const policy = await reference.policy(dispute.policyVersion);
  const determinationPolicy = await reference.policy(dispute.determination?.policyVersion ?? dispute.policyVersion);
  const { id, version } = determinationPolicy.calendar;
  return {
    actor: request.actor,
    now,
    zone,
    directory: await reference.directory(),
    policy,
    calendar: await reference.calendar(dispute.calendar.id, dispute.calendar.version),
    currentPolicy: policyInForce(await reference.policies(), dayIn(zone, now)),
    determinationPolicy,
    determinationCalendar: await reference.calendar(id, version),
    id: digest.id,
  };
}

/** Scope of a caller's key: the caller and the route with its dispute; the body is kept as a keyed digest only (T-2). */
function commandKey(request: ApiRequest<{ id: string }>, given: GivenCommand, digest: Digest): CommandKey | undefined {
  if (request.idempotencyKey === undefined) return undefined;
  const { command } = given.command;
  return {
    key: digest.id('command-key', request.actor.sub, command, request.params.id, request.idempotencyKey),
    body: digest.keyed(JSON.stringify(request.body)),
  };
}

function carriedOut(dispute: Dispute): Reply {
  return { status: 200, body: disputeBody(dispute), etag: dispute.version };
}

function keyTaken(): Reply {
  return problem(409, { detail: 'This Idempotency-Key was used with another body in the last 24 hours.' });
}

function outdated(dispute: Dispute): Reply {
  return problem(412, { detail: `The dispute is at version ${dispute.version} now; read it again and decide.` });
}
