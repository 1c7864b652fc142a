import type { Dispute } from '#shared/domain/dispute/dispute.ts';

/** A dispute as the API shows it (`interface.md`): what its state holds, without what only decisions need. */
export function disputeBody(dispute: Dispute) {
  const { scoringSequence: _, lastNoticed: __, ...shown } = dispute;
  return shown;
}
