import type { Dispute } from '#shared/domain/dispute/dispute.ts';

/** A dispute as the API shows it (`interface.md`): what its state holds, without what only decisions need. */
export function disputeBody(dispute: Dispute) {
  const { scoringSequence, lastNoticed, investigators, deciders, departmentNamed, rating, ...shown } = dispute;
  const { value, ratedAt, ratedBy } = rating ?? {};
  return { ...shown, ...(rating && { rating: { value, ratedAt, ratedBy } }) };
}
