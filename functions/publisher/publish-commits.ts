import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import { ExportItem } from '#shared/contracts/items/export-item.ts';
import type { EventBus } from '#shared/domain/ports/event-bus.ts';
import type { Item, Key } from '#shared/domain/ports/tables.ts';
import { published } from '#shared/domain/published.ts';

/** One change of a table, as its stream tells it. */
export interface TableChange {
  readonly sequenceNumber: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys: Key;
  readonly newImage?: Item;
  readonly oldImage?: Item;
}

/** A record that is only ever added was changed or removed (T-3). */
export interface Tampering {
  readonly kind: string;
  readonly change: 'MODIFY' | 'REMOVE';
  readonly pk: string;
  readonly sk: string;
}

/** What publishing reaches out to. */
export interface PublisherPorts {
  readonly bus: EventBus;
  /** The gear whose table this is: `interlock.disputes` or `interlock.performance`. */
  readonly source: string;
  /** Raises the alarm. */
  readonly tampered: (tampering: Tampering) => void;
}

/** IAM cannot demand a condition on a write, so what is never to change is watched here (architecture section 4). */
const ADDED_ONLY: ReadonlySet<unknown> = new Set(['commit', 'entry', 'seal']);

/** Where a batch stopped, and why: this change and all after it have to come again. */
export interface Stopped {
  readonly sequenceNumber: string;
  readonly error: unknown;
}

/**
 * Puts the events of new commits on the bus, and raises the alarm for commits, entries and seals, and for
 * written exports, that were changed or removed. Other changes are none of its business.
 *
 * All commits go out together; when that fails, one by one, so that a bad commit holds up only what comes after it.
 * A repeat publishes again what was published before: consumers count on it.
 *
 * @param changes of one shard, in its order
 * @returns the first change that failed, undefined when all are done
 */
export async function publishCommits(
  changes: readonly TableChange[],
  ports: PublisherPorts,
): Promise<Stopped | undefined> {
  for (const tampering of changes.flatMap(tamperingOf)) ports.tampered(tampering);
  const commits = changes.filter(({ eventName, newImage }) => eventName === 'INSERT' && newImage?.kind === 'commit');
  if (!(await failureOf(commits, ports))) return undefined;
  for (const commit of commits) {
    const failure = await failureOf([commit], ports);
    if (failure) return { sequenceNumber: commit.sequenceNumber, ...failure };
  }
  return undefined;
}

async function failureOf(
  changes: readonly TableChange[],
  ports: PublisherPorts,
): Promise<{ error: unknown } | undefined> {
  try {
    await publish(changes, ports);
    return undefined;
  } catch (error) {
    return { error };
  }
}

async function publish(changes: readonly TableChange[], { bus, source }: PublisherPorts): Promise<void> {
  const events = changes.flatMap(({ newImage }) => CommitItem.parse(newImage).commit.events);
  if (events.length === 0) return;
  await bus.publish(events.map((event) => published(source, event)));
}

function tamperingOf({ eventName, keys, oldImage, newImage }: TableChange): Tampering[] {
  if (eventName === 'INSERT') return [];
  const written = ExportItem.safeParse(oldImage).data?.state.progress.state === 'ready' ? 'export' : undefined;
  const kind = written ?? [oldImage?.kind, newImage?.kind].find((each) => ADDED_ONLY.has(each));
  return kind === undefined ? [] : [{ kind: String(kind), change: eventName, pk: keys.pk, sk: keys.sk }];
}
