import type { Dispute } from '#shared/domain/dispute/dispute.ts';

/** A dispute as the API shows it (`interface.md`): what its state holds, without what only decisions need. */
export function disputeBody(dispute: Dispute) {
  const { scoringSequence, lastNoticed, investigators, deciders, rating, ...shown } = dispute;
  const { settled: _, ...given } = rating ?? {};
  return { ...shown, ...(rating && { rating: given }) };
}
