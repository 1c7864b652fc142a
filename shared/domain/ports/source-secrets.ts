import type { Instant } from '../calendar/civil-date.ts';

/** The secrets that sources sign with (I-3): Standard Webhooks secrets, `whsec_` and 32 random bytes in base64. */
export interface SourceSecrets {
  /**
   * Secrets that a signature may be made with now, the newest first; none when the source never got one.
   * @param cacheSeconds how long what was read may be kept, as policy says; 60 s at most, and unless given (I-3)
   */
  active(source: string, cacheSeconds?: number): Promise<readonly string[]>;
  /**
   * Gives the source a new secret. Those before stay active for `overlapSeconds`, as many as make up `activeSecrets`
   * with the new one; older ones end now.
   * @returns the new secret, which is shown this once
   * @throws RangeError for a source that is no id, or an overlap that is no whole number from 0
   */
  rotate(source: string, now: Instant, overlapSeconds: number, activeSecrets: number): Promise<string>;
}
