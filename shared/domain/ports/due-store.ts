import type { Instant } from '../calendar/civil-date.ts';

/** What falls due: a dispute's filing (C-4), an alert's acknowledgement (C-1), a posting group's appeal window (C-8). */
export const DUE_KINDS = ['filing', 'alert', 'group'] as const;
export type DueKind = (typeof DUE_KINDS)[number];

/** One open deadline: the item it stands on, its instant, and who looks at it then. */
export interface Due {
  readonly kind: DueKind;
  readonly pk: string;
  readonly dueAt: Instant;
}

/** The open deadlines of one gear's table, each on the item that has it. */
export interface DueStore {
  /** Parts of the index, to be read side by side. */
  readonly partitions: readonly string[];
  /**
   * Every deadline of a part up to and including `until`, overdue ones too, earliest first, page by page (C-11).
   * Eventually consistent: what was written or met in the last moments may be missing or still there.
   */
  dueUntil(partition: string, until: Instant): AsyncIterable<readonly Due[]>;
}
