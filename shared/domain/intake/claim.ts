import type { Fault } from '../refusal.ts';

/** Keyed digests of a report: whether two are equal, and where not, can be told without holding either (I-5, I-8). */
export interface ContentDigest {
  /** Of the whole canonical form (RFC 8785). */
  readonly content: string;
  /** Of each top-level field; they only name what differs. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A sender's id that is taken for good, and by which content (I-5). */
export interface Claim extends ContentDigest {
  readonly source: string;
  readonly externalId: string;
  readonly receiptId: string;
  readonly arrivalId: string;
  readonly disputeId: string;
}

/** A fault for each top-level field in which a report differs from the one that holds its sender's id, sorted (I-5). */
export function conflicts(claim: Claim, content: ContentDigest): readonly Fault[] {
  const names = new Set([...Object.keys(claim.fields), ...Object.keys(content.fields)]);
  return [...names]
    .filter((name) => claim.fields[name] !== content.fields[name])
    .sort()
    .map((path) => ({ path, message: 'differs from the report that came first under this external id' }));
}
