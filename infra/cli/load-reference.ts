import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { ReferenceItem, referenceKeys } from '#shared/contracts/items/reference-item.ts';
import { WorkingCalendarSchema } from '#shared/policy/calendars/calendar-schema.ts';
import cn1 from '#shared/policy/calendars/cn-1.json' with { type: 'json' };
import { PLAIN_SOURCES, RELEASED_POLICIES, SAMPLE_ORGANISATION } from '#shared/policy/released.ts';
import type { EnvironmentConfig } from '../environments.ts';

/** The reference table, as far as a deploy needs it. */
export interface ReferenceShelf {
  read(key: { readonly pk: string; readonly sk: string }): Promise<unknown>;
  /** Puts the item unless one with its key is there; answers whether it did. */
  add(item: ReferenceItem): Promise<boolean>;
  /** Puts the item where one with its key and this digest stands; answers whether it did. */
  replace(item: ReferenceItem, digest: string): Promise<boolean>;
}

/** What a load did: items that were new, those that followed the file, and those that stood there already. */
export interface Loaded {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

/**
 * Everything that an environment starts with: its policy as version 1, calendars, sources, and its organisation.
 * @throws RangeError when the policy counts on a calendar version that is not released
 */
export function referenceOf(
  config: Pick<EnvironmentConfig, 'policy' | 'organisation' | 'inHousePrincipals'>,
): readonly ReferenceItem[] {
  const policy = RELEASED_POLICIES[config.policy];
  const calendars = [WorkingCalendarSchema.parse(cn1)];
  const { id, version } = policy.calendar;
  if (!calendars.some((calendar) => calendar.id === id && calendar.version === version)) {
    throw new RangeError(`policy ${config.policy} counts on calendar ${id} version ${version}, which is not released`);
  }
  const subjects = config.organisation ? SAMPLE_ORGANISATION : [];
  return [
    { kind: 'policy', ...referenceKeys.policy(policy.version), ...published(policy.version, policy) },
    ...calendars.map(
      (calendar): ReferenceItem => ({
        kind: 'calendar',
        ...referenceKeys.calendar(calendar.id, calendar.version),
        ...published(calendar.version, calendar),
      }),
    ),
    ...PLAIN_SOURCES.map(
      (source): ReferenceItem => ({
        kind: 'source',
        ...referenceKeys.source(source.source),
        document: entitled(source, config.inHousePrincipals),
      }),
    ),
    ...subjects.map(
      (subject): ReferenceItem => ({
        kind: 'subject',
        ...referenceKeys.subject(subject.id),
        document: subject,
        digest: digestOf(subject),
      }),
    ),
  ];
}

/**
 * Puts reference data where it is missing. What is published must be what it was (P-2). A subject follows the
 * organisation's file (who leaves gets `activeTo` there) for as long as nobody else changed it; sources, and what people
 * changed, are left as they are.
 *
 * @throws Error naming the version when other content is published under it
 */
export async function loadReference(items: readonly ReferenceItem[], shelf: ReferenceShelf): Promise<Loaded> {
  let added = 0;
  let changed = 0;
  for (const item of items) {
    if (await shelf.add(item)) added += 1;
    else if (await followFile(item, shelf)) changed += 1;
    else await refuseOtherContent(item, shelf);
  }
  return { added, changed, unchanged: items.length - added - changed };
}

/** Whether a subject stood as an earlier file had it, and now stands as this one has it. */
async function followFile(item: ReferenceItem, shelf: ReferenceShelf): Promise<boolean> {
  if (item.kind !== 'subject') return false;
  const there = ReferenceItem.parse(await shelf.read({ pk: item.pk, sk: item.sk }));
  if (there.kind !== 'subject' || there.digest === undefined || there.digest === item.digest) return false;
  return shelf.replace(item, there.digest);
}

async function refuseOtherContent(item: ReferenceItem, shelf: ReferenceShelf): Promise<void> {
  if (item.kind === 'source' || item.kind === 'subject') return;
  const there = ReferenceItem.parse(await shelf.read({ pk: item.pk, sk: item.sk }));
  if ('digest' in there && there.digest === item.digest) return;
  throw new Error(
    `${item.kind} ${item.pk} version ${item.version} is published with other content; publish a new version instead`,
  );
}

type Source = (typeof PLAIN_SOURCES)[number];

/** The source with the principal that an environment registers for it (I-2). */
function entitled(source: Source, principals: Readonly<Record<string, string>> = {}): Source {
  const principal = principals[source.source];
  return principal === undefined ? source : { ...source, principal };
}

function published(version: number, document: object): { version: number; digest: string; document: object } {
  return { version, digest: digestOf(document), document };
}

function digestOf(document: object): string {
  return createHash('sha256').update(canonicalJson(document)).digest('hex');
}

function canonicalJson(document: object): string {
  const text = canonicalize(document);
  if (text === undefined) throw new RangeError('a document without JSON has no digest');
  return text;
}
