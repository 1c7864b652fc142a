import type { Day } from '../calendar/civil-date.ts';
import type { Dispute } from '../dispute/dispute.ts';
import type { Commit } from '../event.ts';
import type { Arrival } from '../intake/arrival.ts';
import type { Level } from '../policy/policy.ts';

/** What a list of disputes is narrowed to; every part may be missing. */
export interface DisputeFilter {
  readonly status?: string;
  readonly responsibility?: string;
  readonly level?: Level;
  readonly department?: string;
  readonly type?: string;
  /** Only those whose preliminary or determined department this is (T-1). */
  readonly concerning?: string;
  /** Only those with a rule that could not be answered, such as a loss in a currency without rate (G-2). */
  readonly notEvaluable?: boolean;
}

/** A caller's own key for one command, so that a repeat is recognised for 24 hours. */
export interface CommandKey {
  /** Digest of caller, route and key. */
  readonly key: string;
  /** Keyed digest of the body. */
  readonly body: string;
}

/** Officers' and reporters' words that came with a command, by path; they go to the customers store (T-2). */
export type Texts = Readonly<Record<string, string>>;

/** Personal data that a filing completes (I-9). */
export interface CustomerDetails {
  readonly ref?: string;
  readonly name?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly tier?: string;
}

/** Disputes with their timelines; no update without its version, no delete. */
export interface DisputeStore {
  /** Reads its own writes. */
  load(disputeId: string): Promise<Dispute | undefined>;
  /**
   * Writes one decision: the new state under its old version, the commit, what came with it in texts, and the
   * caller's key; all or nothing.
   * @throws WriteRefused when another decision came in between, or the key is taken
   */
  save(
    dispute: Dispute,
    commit: Commit,
    with_?: {
      readonly texts?: Texts;
      readonly customer?: CustomerDetails;
      readonly key?: CommandKey;
      /** The arrival whose dispute waits for an officer no longer (I-7, I-9). */
      readonly completed?: Arrival;
    },
  ): Promise<void>;
  /** The arrival that opened a dispute, if it says that an officer is waited for. @param day on which its report came */
  awaitedArrival(dispute: Dispute, day: Day): Promise<Arrival | undefined>;
  /** What a caller's key was used for, if it was. */
  usedKey(key: string): Promise<{ readonly body: string } | undefined>;
  /** Newest first. */
  list(
    filter: DisputeFilter,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly items: readonly Dispute[]; readonly next?: string }>;
  /** Every decision on a dispute, in order. */
  timeline(disputeId: string): Promise<readonly Commit[]>;
}
