import type { WorkingCalendar } from '../calendar/working-calendar.ts';
import type { Directory } from '../policy/directory.ts';
import type { Policy } from '../policy/policy.ts';
import type { Source } from '../policy/source.ts';

/** What deploy loads and decisions look up. Published versions never change, so they may be kept in memory for good. */
export interface Reference {
  /** @throws RangeError when the version was never published */
  policy(version: number): Promise<Policy>;
  /** All published versions. */
  policies(): Promise<readonly Policy[]>;
  /** @throws RangeError when the version was never published */
  calendar(id: string, version: number): Promise<WorkingCalendar>;
  /** One that was registered is found at once; a change of it, at the latest when the list is read again. */
  source(source: string): Promise<Source | undefined>;
  /** As it stands at this moment, for who is about to be refused by what it was. */
  sourceNow(source: string): Promise<Source | undefined>;
  sources(): Promise<readonly Source[]>;
  /** As they stand at this moment, so that no new one is missing. */
  sourcesNow(): Promise<readonly Source[]>;
  directory(): Promise<Directory>;
}
