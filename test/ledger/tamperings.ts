import * as z from 'zod';
import { contentHash } from '#shared/adapters/digest.ts';
import { entryItem } from '#shared/adapters/ledger-store.ts';
import { headItem, sealItem } from '#shared/adapters/seal-store.ts';
import { EntryItem } from '#shared/contracts/items/entry-item.ts';
import { HeadItem, SealItem } from '#shared/contracts/items/seal-item.ts';
import type { Entry } from '#shared/domain/performance/entry.ts';
import { entryHash, type Head, hashedSeal, headAfter, type Seal } from '#shared/domain/performance/seal.ts';
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

const at = <T>(list: readonly T[], index: number): T => {
  const found = list.at(index);
  if (found === undefined) throw new RangeError(`only ${list.length} of them`);
  return found;
};

/** What stands on the ledger, in its parts. */
async function partsOf(ledger: Tampered) {
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

const Wrote = z.array(z.object({ entryId: z.string(), hash: z.string() }));
type Wrote = z.infer<typeof Wrote>;

/** The commits with what they name as edited. */
async function rename(ledger: Tampered, edit: (wrote: Wrote) => Wrote): Promise<void> {
  for (const commit of (await partsOf(ledger)).commits) {
    const wrote = Wrote.parse(commit.wrote);
    const edited = edit(wrote);
    if (contentHash(edited) !== contentHash(wrote)) await ledger.put({ ...commit, wrote: edited });
  }
}

/** Removes what stands on a card behind its first seals, and sets the head back. */
async function cutTo(ledger: Tampered, subject: string, kept: number): Promise<readonly Entry[]> {
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
async function resealed(ledger: Tampered, subject: string): Promise<void> {
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

const change = async (ledger: Tampered, entry: Entry, by: Partial<Entry>) =>
  ledger.put({ ...entryItem(entry), entry: { ...entry, ...by } });

const StoredItem = z.looseObject({ pk: z.string(), sk: z.string() });
const edited = (item: Item, edit: (text: string) => string): Item =>
  StoredItem.parse(JSON.parse(edit(JSON.stringify(item))));

const flipped = (text: string) => text.replace(/\d/, (digit) => String((Number(digit) + 1) % 10));

/** Changes of what stands on cards and in commits; every ledger of {@link sealedLedger}'s shape can be changed so. */
export const IN_TABLES: readonly Tampering[] = [
  {
    title: 'a sealed entry with other points',
    tamper: async (ledger) => {
      const entry = at((await partsOf(ledger)).onCard('E-204').sealed, 0);
      await change(ledger, entry, { points: -100 });
    },
    first: /^CARD#E-204#\S+ entry 1 \(\S+\) was changed after it was sealed/,
  },
  {
    title: 'a sealed entry with another person behind it',
    tamper: async (ledger) => {
      const entry = at((await partsOf(ledger)).onCard('logistics').sealed, 1);
      await change(ledger, entry, { ratedBy: 'E-603' });
    },
    first: /^CARD#logistics#\S+ entry \d+ \(\S+\) was changed after it was sealed/,
  },
  {
    title: 'an entry that is not sealed yet, changed',
    tamper: async (ledger) => {
      const entry = at((await partsOf(ledger)).onCard('E-301').unsealed, 0);
      await change(ledger, entry, { recordedAt: '2026-11-20T00:00:00Z' });
    },
    first: /^CARD#E-301#\S+ entry \S+ is not what commit \S+ wrote/,
  },
  {
    title: 'an entry that cannot be read any more',
    tamper: async (ledger) => {
      const entry = at((await partsOf(ledger)).onCard('E-204').sealed, 0);
      await ledger.put({ ...entryItem(entry), entry: { ...entry, kind: 'gift' } });
    },
    first: /^CARD#E-204#\S+ entry \S+ was changed and cannot be read/,
  },
  {
    title: 'something put beside an entry in its item',
    tamper: async (ledger) => {
      const entry = at((await partsOf(ledger)).onCard('E-204').sealed, 0);
      await ledger.put({ ...entryItem(entry), note: 'seen' });
    },
    first: /^CARD#E-204#\S+ entry \S+ was changed/,
  },
  {
    title: 'a changed seal',
    tamper: async (ledger) => {
      const seal = at((await partsOf(ledger)).onCard('logistics').seals, 0);
      await ledger.put(sealItem({ ...seal, sealedAt: '2026-11-19T00:00:00Z' }));
    },
    first: /^CARD#logistics#\S+ seal 1 was changed/,
  },
  {
    title: 'a seal with something beside it',
    tamper: async (ledger) => {
      const seal = at((await partsOf(ledger)).onCard('logistics').seals, 0);
      await ledger.put({ ...sealItem(seal), note: 'seen' });
    },
    first: /^CARD#logistics#\S+ seal 1 was changed/,
  },
  {
    title: 'two entries that changed their places in a seal',
    tamper: async (ledger) => {
      const seal = at((await partsOf(ledger)).onCard('logistics').seals, 0);
      const entries = seal.entries.toReversed().map((entry, index) => ({ ...entry, number: seal.from + index }));
      await ledger.put(sealItem({ ...seal, entries }));
    },
    first: /^CARD#logistics#\S+ seal 1 was changed/,
  },
  {
    title: 'two entries that changed their places on the card',
    tamper: async (ledger) => {
      const [one, other] = (await partsOf(ledger)).onCard('logistics').sealed;
      if (!one || !other) throw new RangeError('two entries are needed');
      await ledger.put({ ...entryItem(one), entry: other });
      await ledger.put({ ...entryItem(other), entry: one });
    },
    first: /^CARD#logistics#\S+ entry 1 \(\S+\) was changed after it was sealed/,
  },
  {
    title: 'two seals that changed their places',
    tamper: async (ledger) => {
      const [one, other] = (await partsOf(ledger)).onCard('logistics').seals;
      if (!one || !other) throw new RangeError('two seals are needed');
      await ledger.put({ ...sealItem(one), seal: other });
      await ledger.put({ ...sealItem(other), seal: one });
    },
    first: /^CARD#logistics#\S+ seal 1 was changed/,
  },
  {
    title: 'a missing seal',
    tamper: async (ledger) => ledger.remove(sealItem(at((await partsOf(ledger)).onCard('logistics').seals, 0))),
    first: /^CARD#logistics#\S+ (no longer reaches seal 1 |seal 1 is missing)/,
  },
  {
    title: 'the last seal missing, and the head still naming it',
    tamper: async (ledger) => ledger.remove(sealItem(at((await partsOf(ledger)).onCard('E-301').seals, -1))),
    first: /^CARD#E-301#\S+ the head stands, and no seal does/,
  },
  {
    title: 'a head that was set back',
    tamper: async (ledger) => {
      const seal = at((await partsOf(ledger)).onCard('logistics').seals, 0);
      await ledger.put(headItem(headAfter(seal)));
    },
    first: /^CARD#logistics#\S+ the head names seal 1, and the last one that stands is 2/,
  },
  {
    title: 'a head that is listed elsewhere',
    tamper: async (ledger) => {
      const { head } = (await partsOf(ledger)).onCard('logistics');
      await ledger.put({ ...headItem(head), listPartition: 'HEADS#2020-01' });
    },
    first: /^CARD#logistics#\S+ the head was changed/,
  },
  {
    title: 'a head missing',
    tamper: async (ledger) => {
      const head: Head = (await partsOf(ledger)).onCard('logistics').head;
      await ledger.remove(headItem(head));
    },
    first: /^CARD#logistics#\S+ the head is missing/,
  },
  {
    title: 'a sealed entry removed',
    tamper: async (ledger) => ledger.remove(entryItem(at((await partsOf(ledger)).onCard('E-204').sealed, 0))),
    first: /^CARD#E-204#\S+ entry \d+ \(\S+\) is missing/,
  },
  {
    title: 'an entry removed that is not sealed yet, its commit standing',
    tamper: async (ledger) => ledger.remove(entryItem(at((await partsOf(ledger)).onCard('E-301').unsealed, 0))),
    first: /^SCORING#\S+ entry \S+, which commit \S+ wrote, is missing/,
  },
  {
    title: 'an entry that no commit wrote',
    tamper: async (ledger) => {
      const { inputs: _, points: __, ...entry } = at((await partsOf(ledger)).onCard('E-301').unsealed, 0);
      await ledger.put(entryItem({ ...entry, entryId: 'invented', groupId: 'invented', kind: 'posted' }));
    },
    first: /^CARD#E-301#\S+ entry invented is named by no commit/,
  },
  {
    title: 'something on a card that is no part of one',
    tamper: async (ledger) => ledger.put({ pk: 'CARD#E-301#2026-11', sk: 'NOTE', text: 'seen' }),
    first: /^CARD#E-301#2026-11 holds NOTE, which is no part of a card/,
  },
  {
    title: 'a tail cut behind what was anchored, its commits standing',
    tamper: async (ledger) => {
      await cutTo(ledger, 'product', 0);
    },
    first: /^SCORING#\S+ entry \S+, which commit \S+ wrote, is missing/,
  },
  {
    title: 'a tail cut that was anchored, with its commits',
    tamper: async (ledger) => {
      const cut = new Set((await cutTo(ledger, 'E-201', 1)).map(({ entryId }) => entryId));
      await rename(ledger, (wrote) => wrote.filter(({ entryId }) => !cut.has(entryId)));
    },
    first: /^CARD#E-201#\S+ no longer reaches seal 2 with entry 2, which was anchored at /,
  },
  {
    title: 'an anchored card whose entry, commit, seals and head were all made anew',
    tamper: async (ledger) => {
      const entry = at((await partsOf(ledger)).onCard('E-204').sealed, 0);
      const changed = { ...entry, ...(entry.decidedBy && { decidedBy: 'E-702' }), noticedBy: 'E-702' };
      await ledger.put(entryItem(changed));
      const hash = entryHash(changed, contentHash);
      await rename(ledger, (wrote) => wrote.map((one) => (one.entryId === entry.entryId ? { ...one, hash } : one)));
      await resealed(ledger, 'E-204');
    },
    first: /^CARD#E-204#\S+ has another seal 1 than was anchored at /,
  },
  {
    title: 'an entry, its commit and its chain made anew, with points that its inputs do not make',
    tamper: async (ledger) => {
      const entry = at((await partsOf(ledger)).onCard('product').sealed, 0);
      const changed = { ...entry, points: -1 };
      await ledger.put(entryItem(changed));
      const hash = entryHash(changed, contentHash);
      await rename(ledger, (wrote) => wrote.map((one) => (one.entryId === entry.entryId ? { ...one, hash } : one)));
      await resealed(ledger, 'product');
    },
    first: /^CARD#product#\S+ entry \S+ moves -1 hundredths, and its inputs make -500 hundredths/,
  },
  {
    title: 'a commit removed',
    tamper: async (ledger) => ledger.remove(at((await partsOf(ledger)).commits, -1)),
    first: /^CARD#E-201#\S+ entry \S+ is named by no commit/,
  },
  {
    title: 'a commit that tells of other points than its entries move',
    tamper: async (ledger) => {
      const commit = at((await partsOf(ledger)).commits, 0);
      await ledger.put(edited(commit, (text) => text.replaceAll('"points":-600', '"points":-60')));
    },
    first: /^SCORING#\S+ commit \S+ says that group \S+ moves -60 hundredths and 0 bp on E-204 /,
  },
  {
    title: 'a commit that cannot be read any more',
    tamper: async (ledger) => {
      const { commit: _, ...rest } = at((await partsOf(ledger)).commits, 0);
      await ledger.put(rest);
    },
    first: /^CARD#E-201#\S+ entry \S+ is named by no commit/,
  },
  {
    title: 'a group that is settled on some of its cards only, its commit forgetting the others',
    tamper: async (ledger) => {
      const word = at(
        (await partsOf(ledger)).onCard('E-301').unsealed.filter(({ kind }) => kind === 'posted'),
        0,
      );
      await ledger.remove(entryItem(word));
      const commit = at(
        (await partsOf(ledger)).commits.filter((each) => JSON.stringify(each).includes(word.entryId)),
        0,
      );
      const wrote = Wrote.parse(commit.wrote).filter(({ entryId }) => entryId !== word.entryId);
      const id = JSON.stringify(word.entryId);
      await ledger.put(
        edited({ ...commit, wrote }, (text) => text.replace(`,${id}`, '').replace(`${id},`, '').replace(id, '')),
      );
    },
    first: /^SCORING#\S+ group \S+ is settled on /,
  },
];

/** Changes of the files of anchors. */
export const IN_FILES: readonly Tampering[] = [
  {
    title: 'a changed anchor',
    tamper: async (ledger) => ledger.change(at(await anchors(ledger), 0), flipped),
    first: /^anchors\/\S+\.json was changed/,
  },
  {
    title: 'an anchor that says the same in other bytes',
    tamper: async (ledger) => ledger.change(at(await anchors(ledger), 0), (text) => `${text}\n`),
    first: /^anchors\/\S+\.json was changed/,
  },
  {
    title: 'a changed list of heads',
    tamper: async (ledger) => ledger.change(at(await lists(ledger), 0), (text) => text.replace('"seal":1', '"seal":2')),
    first: /^anchors\/\S+\.ndjson was changed/,
  },
  {
    title: 'a list of heads without its last line',
    tamper: async (ledger) => ledger.change(at(await lists(ledger), 0), (text) => text.replace(/[^\n]*\n$/, '')),
    first: /^anchors\/\S+\.ndjson was changed/,
  },
  {
    title: 'an anchor that was written over',
    tamper: async (ledger) => ledger.writeOver(at(await anchors(ledger), 0), flipped),
    first: /^anchors\/\S+\.json was written over by another version/,
  },
  {
    title: 'an anchor taken away with all its versions',
    tamper: async (ledger) => ledger.erase(at(await anchors(ledger), 0)),
    first: /^anchors\/\S+\.json follows anchors\/\S+\.json, which does not stand before it/,
  },
  {
    title: 'a list of heads taken away',
    tamper: async (ledger) => ledger.erase(at(await lists(ledger), 0)),
    first: /^anchors\/\S+\.ndjson is missing, and anchors\/\S+\.json names it/,
  },
];

async function anchors(ledger: Tampered): Promise<readonly string[]> {
  return (await ledger.keys()).filter((key) => key.endsWith('.json'));
}

async function lists(ledger: Tampered): Promise<readonly string[]> {
  return (await ledger.keys()).filter((key) => key.endsWith('.ndjson'));
}
