import type { RegisteredSource } from '../policy/source.ts';

/** The sources with their versions, as an operator keeps them (I-1). Nothing is deleted: senders' ids never expire (I-5). */
export interface SourceRegister {
  load(source: string): Promise<RegisteredSource | undefined>;
  /** One page, by id. */
  list(page: {
    readonly limit: number;
    readonly cursor?: string;
  }): Promise<{ readonly items: readonly RegisteredSource[]; readonly next?: string }>;
  /**
   * Puts a source and the record of its change.
   * @param before what the change was decided on; undefined for a new source
   * @throws WriteRefused when another change came in between
   */
  save(before: RegisteredSource | undefined, after: RegisteredSource): Promise<void>;
}
