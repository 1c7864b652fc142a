/** Hashing handed to the domain, which knows no cryptography. */
export interface Digest {
  /** Hex HMAC-SHA256 of a text under the environment's key: tells whether texts are equal without holding them (I-8). */
  keyed(text: string): string;
  /** UUIDv5 over the parts, each kept apart from its neighbours: the same cause gives the same id, everywhere. */
  id(...parts: string[]): string;
}

/** Hex SHA-256 of a JSON value's canonical form (RFC 8785): equal values have equal hashes, whatever the order of their fields. */
export type ContentHash = (value: unknown) => string;

/** Hex SHA-256 of a text in UTF-8 that comes in parts, so that a file of any size has one. */
export interface RunningHash {
  add(text: string): void;
  /** Of everything so far; nothing can be added afterwards. */
  hex(): string;
}
export type NewHash = () => RunningHash;
