/** Hashing handed to the domain, which knows no cryptography. */
export interface Digest {
  /** Hex HMAC-SHA256 of a text under the environment's key: tells whether texts are equal without holding them (I-8). */
  keyed(text: string): string;
  /** UUIDv5 over the parts, each kept apart from its neighbours: the same cause gives the same id, everywhere. */
  id(...parts: string[]): string;
}
