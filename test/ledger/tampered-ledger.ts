import * as z from 'zod';
import { contentHash } from '#shared/adapters/digest.ts';
import { entryItem } from '#shared/adapters/ledger-store.ts';
import { headItem, sealItem } from '#shared/adapters/seal-store.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import { EntryItem } from '#shared/contracts/items/entry-item.ts';
import { HeadItem, SealItem } from '#shared/contracts/items/seal-item.ts';
import type { Entry } from '#shared/domain/performance/entry.ts';
import { entryHash, hashedSeal, headAfter, type Seal } from '#shared/domain/performance/seal.ts';
import type { Item } from '#shared/domain/ports/tables.ts';

/** A ledger in the hands of somebody who rules its stores, wherever it stands. */
export interface Tampered {
  items(): Promise<readonly Item[]>;
  put(item: Item): Promise<void>;
  remove(item: Item): Promise<void>;
  /** Keys of all anchors and their lists, in order. */
  keys(): Promise<readonly string[]>;
  /** Changes the bytes of a file where they lie. */
  change(key: string, edit: (text: string) => string): Promise<void>;
  /** Writes a new version over a file. */
  writeOver(key: string, edit: (text: string) => string): Promise<void>;
  /** Takes away a file with all its versions. */
  erase(key: string): Promise<void>;
}

export interface Tampering {
  readonly title: string;
  readonly tamper: (ledger: Tampered) => Promise<void>;
  /** The difference that is named first: its place, then what it is. */
  readonly first: RegExp;
}

export const at = <T>(list: readonly T[], index: number): T => {
  const found = list.at(index);
  if (found === undefined) throw new RangeError(`only ${list.length} of them`);
  return found;
};

/** What stands on the ledger, in its parts. */
export async function partsOf(ledger: Tampered) {
  const items = await ledger.items();
  const entries = items.flatMap((item) => EntryItem.safeParse(item).data?.entry ?? []);
  const seals = items.flatMap((item) => SealItem.safeParse(item).data?.seal ?? []);
  const heads = items.flatMap((item) => HeadItem.safeParse(item).data?.head ?? []);
  const commits = items.filter(({ pk, kind }) => pk.startsWith('SCORING#') && kind === 'commit');
  const numbers = new Map(seals.flatMap((seal) => seal.entries.map(({ entryId, number }) => [entryId, number])));
  const numberOf = ({ entryId }: Entry) => numbers.get(entryId) ?? 0;
  const unsealed = entries.filter((entry) => numberOf(entry) === 0);
  const sealed = entries.filter((entry) => numberOf(entry) > 0).sort((a, b) => numberOf(a) - numberOf(b));
  const onCard = (subject: string) => ({
    seals: seals.filter((seal) => seal.subject === subject).sort((a, b) => a.number - b.number),
    head: at(
      heads.filter((head) => head.subject === subject),
      0,
    ),
    sealed: sealed.filter((entry) => entry.subject.id === subject),
    unsealed: unsealed.filter((entry) => entry.subject.id === subject),
    entries: entries.filter((entry) => entry.subject.id === subject),
  });
  return { items, entries, commits, onCard };
}

export const Wrote = z.array(z.object({ entryId: z.string(), hash: z.string() }));
export type Wrote = z.infer<typeof Wrote>;

/** The commits with what they name as edited. */
export async function rename(ledger: Tampered, edit: (wrote: Wrote) => Wrote): Promise<void> {
  for (const commit of (await partsOf(ledger)).commits) {
    const wrote = Wrote.parse(commit.wrote);
    const renamed = edit(wrote);
    if (contentHash(renamed) !== contentHash(wrote)) await ledger.put({ ...commit, wrote: renamed });
  }
}

/** Removes what stands on a card behind its first seals, and sets the head back. */
export async function cutTo(ledger: Tampered, subject: string, kept: number): Promise<readonly Entry[]> {
  const { seals, head, entries } = (await partsOf(ledger)).onCard(subject);
  const left = new Set(seals.slice(0, kept).flatMap((seal) => seal.entries.map(({ entryId }) => entryId)));
  const cut = entries.filter(({ entryId }) => !left.has(entryId));
  for (const seal of seals.slice(kept)) await ledger.remove(sealItem(seal));
  for (const entry of cut) await ledger.remove(entryItem(entry));
  const last = seals.slice(0, kept).at(-1);
  if (last) await ledger.put(headItem(headAfter(last)));
  else await ledger.remove(headItem(head));
  return cut;
}

/** A card whose chain is made anew over the entries as they stand now: every seal and the head fit. */
export async function resealed(ledger: Tampered, subject: string): Promise<void> {
  const { seals, entries } = (await partsOf(ledger)).onCard(subject);
  let previous: string | null = null;
  let last: Seal | undefined;
  for (const { hash: _, ...seal } of seals) {
    const hashOf = (entryId: string) => {
      const entry = at(
        entries.filter((each) => each.entryId === entryId),
        0,
      );
      return entryHash(entry, contentHash);
    };
    const again = seal.entries.map(({ number, entryId }) => ({ number, entryId, hash: hashOf(entryId) }));
    last = hashedSeal({ ...seal, previous, entries: again }, contentHash);
    previous = last.hash;
    await ledger.put(sealItem(last));
  }
  if (last) await ledger.put(headItem(headAfter(last)));
}

export const change = async (ledger: Tampered, entry: Entry, by: Partial<Entry>) =>
  ledger.put({ ...entryItem(entry), entry: { ...entry, ...by } });

const StoredItem = z.looseObject({ pk: z.string(), sk: z.string() });
export const edited = (item: Item, edit: (text: string) => string): Item =>
  StoredItem.parse(JSON.parse(edit(JSON.stringify(item))));

export const flipped = (text: string) => text.replace(/\d/, (digit) => String((Number(digit) + 1) % 10));

/** Puts the first commit as edited. */
export function ofCommit(edit: (item: Item) => Item): Tampering['tamper'] {
  return async (ledger) => ledger.put(edit(at((await partsOf(ledger)).commits, 0)));
}

type Content = CommitItem['commit'];

/** The same, as to what the commit says. */
export function ofContent(edit: (commit: Content) => Content): Tampering['tamper'] {
  return ofCommit((item) => ({ ...item, commit: edit(CommitItem.parse(item).commit) }));
}

/** The same, as to each of its events. */
export function ofEvents(edit: (event: Content['events'][number]) => Content['events'][number]): Tampering['tamper'] {
  return ofContent((commit) => ({ ...commit, events: commit.events.map(edit) }));
}

export async function anchors(ledger: Tampered): Promise<readonly string[]> {
  return (await ledger.keys()).filter((key) => key.endsWith('.json'));
}

export async function lists(ledger: Tampered): Promise<readonly string[]> {
  return (await ledger.keys()).filter((key) => key.endsWith('.ndjson'));
}
