import { type Instant, monthIn, type TimeZone } from '../calendar/civil-date.ts';

/** Crockford's base 32: no I, L, O or U, so that a number can be read out over the phone. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHARACTERS = 10;

/**
 * The number by which people call a dispute: `D-202611-8F3K2M9QXA`. It derives from the dispute's id, so a repeat has
 * the same; among a million disputes of one month two share a number with a chance of 1 in 2,000.
 *
 * @param disputeId a UUID; its last 50 bits make the characters
 * @param receivedAt its local month stands in front
 */
export function disputeNumber(disputeId: string, receivedAt: Instant, zone: TimeZone): string {
  let bits = BigInt(`0x${disputeId.replaceAll('-', '')}`);
  let characters = '';
  for (let i = 0; i < CHARACTERS; i += 1) {
    characters = ALPHABET.charAt(Number(bits & 31n)) + characters;
    bits >>= 5n;
  }
  return `D-${monthIn(zone, receivedAt).replace('-', '')}-${characters}`;
}
