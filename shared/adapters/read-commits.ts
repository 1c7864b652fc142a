import type * as z from 'zod';
import { CommitItem } from '../contracts/items/commit-item.ts';
import type { LoggedCommits, UnreadableCommit } from '../domain/ports/commit-log.ts';
import type { Key } from '../domain/ports/tables.ts';

/**
 * The commits among some items, and those that are none by their keys: one broken record hides no other.
 *
 * @param items undefined for one that the index names and the table has not
 */
export function readCommits(keys: readonly Key[], items: readonly unknown[]): LoggedCommits {
  const commits: CommitItem['commit'][] = [];
  const unreadable: UnreadableCommit[] = [];
  for (const [index, key] of keys.entries()) {
    const { success, data, error } = CommitItem.safeParse(items[index]);
    if (success) commits.push(data.commit);
    else unreadable.push(unreadableAt(key, error));
  }
  return { commits, unreadable };
}

/** Says of a record what its contract has against it, in one line. */
export function unreadableAt({ pk, sk }: Key, error: z.ZodError): UnreadableCommit {
  const why = error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  return { key: `${pk} ${sk}`, why: why.join('; ') };
}
