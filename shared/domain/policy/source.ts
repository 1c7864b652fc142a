import type { Instant } from '../calendar/civil-date.ts';

/** One sending system (I-1). Sources are data: adding one needs no deployment. */
export interface Source {
  readonly source: string;
  readonly channel: Channel;
  readonly adapter: 'plain';
  readonly scheme: 'standard-webhooks';
  /** The `SenderId` of in-house messages that may name this source; for a role the part before the colon (I-2). */
  readonly principal?: string;
  /** Whether its doors are open; one that was never switched off says nothing. What came in before is worked on. */
  readonly active?: boolean;
}

/** A source with what is on record of its last change. */
export interface RegisteredSource {
  readonly source: Source;
  /** Raised by every change; 1 for what a deploy loaded. */
  readonly version: number;
  /** Absent for what a deploy loaded. */
  readonly changedAt?: Instant;
  readonly changedBy?: string;
}

/** Whether a source may hand in reports now; what nobody registered may not. */
export function isOpen(source: Source | undefined): source is Source {
  return source !== undefined && source.active !== false;
}

export type Channel = 'phone' | 'chat' | 'email' | 'social' | 'letter' | 'web' | 'regulator';
