import type { Day, Month } from '../calendar/civil-date.ts';

/** A company's people and partners, as HR brings them in. Ids are unique over all three kinds. */
export type SubjectKind = 'department' | 'employee' | 'partner';

/** One who has a scorecard. */
export interface Subject {
  readonly kind: SubjectKind;
  readonly id: string;
  readonly name: string;
  /** The department itself, or the one an employee belongs to; a partner has none. */
  readonly department?: string;
  /** The department's head: an employee's id. */
  readonly head?: string;
  readonly activeFrom: Day;
  readonly activeTo?: Day;
}

/** Everyone known, by id. */
export type Directory = ReadonlyMap<string, Subject>;

/** Whether a subject is active on any day of a month. */
export function isActiveIn(subject: Subject, month: Month): boolean {
  return subject.activeFrom <= `${month}-31` && (subject.activeTo ?? '9999-12-31') >= `${month}-01`;
}
