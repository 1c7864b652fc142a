import type { RequestOf } from '#shared/contracts/api/endpoints.ts';
import { notFound, type Reply } from '#shared/contracts/api/request.ts';
import type { TimeZone } from '#shared/domain/calendar/civil-date.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { SourceSecrets } from '#shared/domain/ports/source-secrets.ts';
import { policyAtReceipt } from './policy-at-receipt.ts';

export interface SourcePorts {
  readonly reference: Reference;
  readonly secrets: SourceSecrets;
  readonly clock: Clock;
  readonly zone: TimeZone;
}

/**
 * Gives a source a new secret, which this answer alone shows; the one before stays active for the policy's overlap
 * (I-3). It says how many are active now.
 */
export async function rotateSecret(
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
