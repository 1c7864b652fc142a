import { contentHash } from '#shared/adapters/digest.ts';
import { entryItem } from '#shared/adapters/ledger-store.ts';
import { headItem, sealItem } from '#shared/adapters/seal-store.ts';
import { entryHash, type Head, headAfter } from '#shared/domain/performance/seal.ts';
import {
  anchors,
  at,
  change,
  cutTo,
  edited,
  flipped,
  lists,
  ofCommit,
  ofContent,
  ofEvents,
  partsOf,
  rename,
  resealed,
  type Tampering,
  Wrote,
} from './tampered-ledger.ts';

const LONG_AGO = '2020-01-01T00:00:00Z';
const OTHER = '6dd1ba04-0d7c-4b6c-9c83-1c6a5e0c3c55';

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
  {
    title: 'points invented: a real entry copied onto another card, and a word that posts them',
    tamper: async (ledger) => {
      const { sealed } = (await partsOf(ledger)).onCard('E-204');
      const one = at(sealed, 0);
      const other = at(sealed, 1);
      const invented = {
        subject: { kind: 'employee', id: 'E-103' },
        groupId: OTHER,
      } as const;
      const { points: _, inputs: __, share: ___, ...word } = other;
      await ledger.put(entryItem({ ...one, ...invented }));
      await ledger.put(entryItem({ ...word, ...invented, kind: 'posted' }));
    },
    first: /^CARD#E-103#\S+ entry \S+ is not what commit \S+ wrote/,
  },
  {
    title: 'an entry copied onto another card as it stands',
    tamper: async (ledger) => {
      const entry = at((await partsOf(ledger)).onCard('E-204').sealed, 0);
      await ledger.put({ ...entryItem(entry), pk: 'CARD#E-103#2026-11' });
    },
    first: /^CARD#E-103#\S+ entry \S+ stands on CARD#E-103#\S+ and CARD#E-204#/,
  },
  {
    title: 'a commit that no longer says what it wrote',
    tamper: ofCommit(({ wrote: _, ...rest }) => rest),
    first: /^CARD#\S+ entry \S+ is named by no commit/,
  },
  {
    title: 'a commit that names its entries in another order',
    tamper: ofCommit((item) => ({ ...item, wrote: Wrote.parse(item.wrote).toReversed() })),
    first: /^SCORING#\S+ commit 0000000001 names other entries than its events do/,
  },
  {
    title: 'a commit recorded at another time',
    tamper: ofContent((commit) => ({ ...commit, recordedAt: LONG_AGO })),
    first: /^CARD#\S+ entry \S+ has another dispute, group or time than commit \S+, which wrote it/,
  },
  {
    title: 'a commit whose events happened at another time',
    tamper: ofEvents((event) => ({ ...event, occurredAt: LONG_AGO })),
    first: /^SCORING#\S+ commit 0000000001 tells of another time than it was recorded at/,
  },
  {
    title: 'a commit of another aggregate',
    tamper: ofContent((commit) => ({ ...commit, aggregateId: 'other' })),
    first: /^SCORING#\S+ commit 0000000001 was written for another dispute/,
  },
  {
    title: 'a commit of another version',
    tamper: ofContent((commit) => ({ ...commit, aggregateVersion: 77 })),
    first: /^SCORING#\S+ commit 0000000001 was changed/,
  },
  {
    title: 'an event with another id',
    tamper: ofEvents((event) => ({ ...event, id: OTHER })),
    first: /^SCORING#\S+ commit 0000000001 has other ids than its dispute and version make/,
  },
  {
    title: 'a commit that tells of another dispute',
    tamper: ofCommit((item) => edited(item, (text) => text.replace(/("disputeId":")[^"]*/, `$1${OTHER}`))),
    first: /^SCORING#\S+ commit 0000000001 tells of another dispute/,
  },
  {
    title: 'something put into an event',
    tamper: ofCommit((item) => edited(item, (text) => text.replace('"basis":', '"note":"seen","basis":'))),
    first: /^SCORING#\S+ commit 0000000001 was changed/,
  },
  {
    title: 'a commit moved to another dispute',
    tamper: async (ledger) => {
      const commit = at((await partsOf(ledger)).commits, 0);
      await ledger.remove(commit);
      await ledger.put({ ...commit, pk: `SCORING#${OTHER}` });
    },
    first: /^CARD#\S+ entry \S+ has another dispute, group or time than commit \S+, which wrote it/,
  },
  {
    title: 'a commit that stands twice',
    tamper: async (ledger) => ledger.put({ ...at((await partsOf(ledger)).commits, 0), sk: 'COMMIT#0000000099' }),
    first: /^CARD#\S+ entry \S+ is named by commit \S+ and by commit /,
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
    title: 'an anchor with a byte order mark',
    tamper: async (ledger) => ledger.change(at(await anchors(ledger), 0), (text) => `\ufeff${text}`),
    first: /^anchors\/\S+\.json was changed/,
  },
  {
    title: 'a list of heads with a byte order mark',
    tamper: async (ledger) => ledger.change(at(await lists(ledger), 0), (text) => `\ufeff${text}`),
    first: /^anchors\/\S+\.ndjson was changed/,
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
