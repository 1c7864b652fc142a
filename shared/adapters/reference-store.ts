import * as z from 'zod';
import { ReferenceItem, referenceKeys } from '../contracts/items/reference-item.ts';
import { type Instant, secondsBetween } from '../domain/calendar/civil-date.ts';
import type { WorkingCalendar } from '../domain/calendar/working-calendar.ts';
import type { Directory, Subject } from '../domain/policy/directory.ts';
import type { Policy } from '../domain/policy/policy.ts';
import type { Source } from '../domain/policy/source.ts';
import type { Clock } from '../domain/ports/clock.ts';
import type { Reference } from '../domain/ports/reference.ts';
import type { Item, Key, Tables } from '../domain/ports/tables.ts';
import { WorkingCalendarSchema } from '../policy/calendars/calendar-schema.ts';
import { PolicySchema } from '../policy/policy-schema.ts';
import { SourceSchema } from '../policy/source-schema.ts';
import { allItems } from './pages.ts';

/** For how long a list may be older than what is stored, in seconds; published versions never change. */
const CACHE_SECONDS = 60;

/** Partitions that are read as a whole. */
const PARTITIONS = {
  policies: referenceKeys.policy(1).pk,
  sources: referenceKeys.source('any').pk,
  directory: referenceKeys.subject('any').pk,
} as const;

/**
 * Policies, calendars, sources and directory in the reference table. Published versions are read once; what may grow
 * (the list of versions, sources, the directory) is read again after a minute of the clock; a source that the list does
 * not know is looked up at once.
 */
export function referenceStore(tables: Tables, clock: Clock): Reference {
  const calendars = new Map<string, WorkingCalendar>();
  const known = new Map<string, Policy>();
  const all = (partition: string) => allItems(tables, { table: 'reference', partition });
  const policies = remembered(clock, async () => {
    const items = await all(PARTITIONS.policies);
    return items.map((item) => keptIn(known, item.sk, () => documentOf(PolicySchema, item)));
  });
  const sourcesNow = async () => (await all(PARTITIONS.sources)).map((item): Source => documentOf(SourceSchema, item));
  const sources = remembered(clock, async () => new Map((await sourcesNow()).map((source) => [source.source, source])));
  const directory = remembered(clock, async (): Promise<Directory> => {
    const subjects = (await all(PARTITIONS.directory)).map((item): Subject => documentOf(SubjectSchema, item));
    return new Map(subjects.map((subject) => [subject.id, subject]));
  });
  return {
    async policy(version) {
      const key = referenceKeys.policy(version);
      const policy = known.get(key.sk);
      if (policy) return policy;
      const item = await published(tables, key, `policy ${version}`);
      return keptIn(known, key.sk, () => documentOf(PolicySchema, item));
    },
    policies,
    async calendar(id, version) {
      const key = referenceKeys.calendar(id, version);
      const calendar = calendars.get(`${key.pk}#${key.sk}`);
      if (calendar) return calendar;
      const item = await published(tables, key, `version ${version} of the calendar ${id}`);
      return keptIn(calendars, `${key.pk}#${key.sk}`, () => documentOf(WorkingCalendarSchema, item));
    },
    source: async (source) => (await sources()).get(source) ?? (await sourceIn(tables, source)),
    sourceNow: (source) => sourceIn(tables, source),
    sources: async () => [...(await sources()).values()],
    sourcesNow,
    directory,
  };
}

/** A list that is read again when it is a minute old; several callers at once wait for one reading. */
function remembered<T>(clock: Clock, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly value: Promise<T>; readonly readAt: Instant } | undefined;
  return () => {
    const now = clock.now();
    const age = last ? secondsBetween(last.readAt, now) : CACHE_SECONDS;
    if (last && age >= 0 && age < CACHE_SECONDS) return last.value;
    const reading = { value: read(), readAt: now };
    last = reading;
    reading.value.catch(() => {
      if (last === reading) last = undefined; // A failed reading is tried again at the next call.
    });
    return reading.value;
  };
}

function keptIn<T>(kept: Map<string, T>, key: string, make: () => T): T {
  const value = kept.get(key) ?? make();
  kept.set(key, value);
  return value;
}

async function published(tables: Tables, key: Key, what: string): Promise<Item> {
  const item = await tables.get('reference', key);
  if (!item) throw new RangeError(`${what} was never published`);
  return item;
}

/** What the list does not know yet: the door may have let in a report of a source that this container never saw. */
async function sourceIn(tables: Tables, source: string): Promise<Source | undefined> {
  if (!SourceSchema.shape.source.safeParse(source).success) return undefined;
  const item = await tables.get('reference', referenceKeys.source(source));
  return item && documentOf(SourceSchema, item);
}

function documentOf<T>(schema: z.ZodType<T>, item: Item): T {
  return schema.parse(ReferenceItem.parse(item).document);
}

/** A subject as it stands in the directory; the files it comes from are checked as a whole before they are loaded. */
const SubjectSchema = z.object({
  kind: z.enum(['department', 'employee', 'partner']),
  id: z.string(),
  name: z.string(),
  department: z.string().optional(),
  head: z.string().optional(),
  activeFrom: z.string(),
  activeTo: z.string().optional(),
}) satisfies z.ZodType<Subject>;
