import canonicalize from 'canonicalize';
import type { ReportV1 } from '#shared/contracts/report.v1.ts';
import type { ContentDigest } from '#shared/domain/intake/claim.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';

/** Hex digits of a field's digest: it only names what differs, the digest of the whole decides. */
const FIELD_DIGITS = 16;

/**
 * Digests of a report's canonical form (RFC 8785) and of each of its top-level fields (I-5). Source and external id
 * are part of each, so that equal phone numbers in two reports have nothing in common (T-2).
 */
export function contentDigest(source: string, report: ReportV1, digest: Digest): ContentDigest {
  const keyed = (...parts: readonly unknown[]) => digest.keyed(canonical([source, report.externalId, ...parts]));
  const fields = Object.entries(report).map(([name, value]) => [name, keyed(name, value).slice(0, FIELD_DIGITS)]);
  return { content: keyed(report), fields: Object.fromEntries(fields) };
}

/** The receipt that every arrival of the same content shares. */
export function receiptIdOf(source: string, externalId: string, { content }: ContentDigest, digest: Digest): string {
  return digest.id('receipt', source, externalId, content);
}

function canonical(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new RangeError('a parsed report always has a canonical form');
  return text;
}
