import type { Month } from '../calendar/civil-date.ts';
import type { Head, Seal, StoredCard } from '../performance/seal.ts';

/** The chains of seals beside the entries that they fix. Seals are only ever added. */
export interface SealStore {
  /** A card's entries and chain; an entry that a seal names may be younger than what was read of the entries. */
  card(subject: string, period: Month): Promise<StoredCard>;
  /**
   * Adds a seal and moves the card's head to it, both or none.
   * @param before the head that the seal follows
   * @throws WriteRefused when another sealer was faster
   */
  append(seal: Seal, before: Head | undefined): Promise<void>;
  /** The heads of all cards of a month, by subject, a page at a time; what was sealed seconds ago may be missing. */
  heads(period: Month): AsyncIterable<readonly Head[]>;
}
