import { anchorHeads } from '#functions/ledger/anchor-heads.ts';
import { postGroupOf } from '#functions/scoring/post-group.ts';
import { scoreDispute } from '#functions/scoring/score-dispute.ts';
import { contentHash } from '#shared/adapters/digest.ts';
import { anchorFiles, ledgerRecord } from '#shared/adapters/ledger-records.ts';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import type { MemoryTables } from '#shared/adapters/memory-tables.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { LedgerReader } from '#shared/domain/performance/ledger-record.ts';
import { sealCard } from '#shared/domain/performance/seal-card.ts';
import { type Verified, verifyLedger } from '#shared/domain/performance/verify-ledger.ts';
import type { Files } from '#shared/domain/ports/files.ts';
import type { Item } from '#shared/domain/ports/tables.ts';
import { gear } from '#test/performance/gear.ts';
import { at, DISPUTE, noticed, rated, reopened, START } from '#test/performance/scored-events.ts';
import { ZONE } from '#test/support/sample.ts';

/** Files in memory in which bytes can be changed and versions taken away, as whoever rules a bucket can. */
export function tamperableFiles() {
  const files = memoryFiles();
  const changed = new Map<string, string>();
  const gone = new Set<string>();
  const marked = new Set<string>();
  const tampered: Files = {
    ...files,
    async read(key, versionId) {
      if (gone.has(key)) return undefined;
      const text = changed.get(key);
      return text === undefined ? files.read(key, versionId) : new TextEncoder().encode(text);
    },
    async *versions(prefix) {
      for await (const version of files.versions(prefix)) {
        if (gone.has(version.key)) continue;
        if (marked.has(version.key)) yield { ...version, versionId: 'marker', latest: true, removed: true };
        yield version;
      }
    },
  };
  return {
    files: tampered,
    /** Changes the bytes where they lie. */
    change: async (key: string, edit: (text: string) => string) => {
      const bytes = await files.read(key);
      if (!bytes) throw new RangeError(`no file ${key}`);
      changed.set(key, edit(new TextDecoder().decode(bytes)));
    },
    /** Removes a file as people do: with a marker. */
    mark: (key: string) => marked.add(key),
    /** Removes all versions of a file. */
    erase: async (key: string) => {
      gone.add(key);
    },
    /** Writes a new version over a file. */
    writeOver: async (key: string, edit: (text: string) => string) => {
      const text = new TextDecoder().decode(await files.read(key));
      await files.write(key, 'application/json', [edit(text)]);
    },
    keys: async () => {
      const keys = new Set<string>();
      for await (const { key } of tampered.versions('')) keys.add(key);
      return [...keys];
    },
  };
}

/** The ledger of tables in memory. */
export function memoryReader(memory: Pick<MemoryTables, 'dump'>): LedgerReader {
  async function* records(items: readonly Item[]) {
    for (const item of items) {
      const record = ledgerRecord(item);
      if (record) yield record;
    }
  }
  const standing = () => memory.dump().scorecards;
  return {
    all: () => records(standing()),
    partition: (partition, prefix) =>
      records(standing().filter(({ pk, sk }) => pk === partition && sk.startsWith(prefix))),
  };
}

/** Verifies tables and files in memory. */
export function verifyMemory(memory: Pick<MemoryTables, 'dump'>, files: Files): Promise<Verified> {
  return verifyLedger({ reader: memoryReader(memory), files, ...anchorFiles, contentHash });
}

const due = { kind: 'group' as const, pk: `SCORING#${DISPUTE}`, dueAt: START };
/** Far enough for every appeal window. */
const OVER = 86_399;

/**
 * A ledger with everything in it: a determination that was posted, sealed and anchored on two days, a second one whose
 * pending points are sealed and not anchored, and their posting, which nobody has sealed yet.
 */
export async function sealedLedger() {
  const system = await gear(START);
  const { memory, ports, clock } = system;
  const bucket = tamperableFiles();
  const seals = sealStore(memory);
  const cards = () =>
    [...new Set(memory.dump().scorecards.map(({ pk }) => pk))]
      .filter((pk) => pk.startsWith('CARD#'))
      .map((pk) => pk.split('#').slice(1) as [subject: string, period: string]);
  const seal = async () => {
    for (const [subject, period] of cards()) await sealCard(subject, period, { seals, now: clock.now(), contentHash });
  };
  const anchor = () =>
    anchorHeads({ seals, files: bucket.files, reference: ports.reference, clock, zone: ZONE, contentHash });
  await scoreDispute(noticed(1), ports);
  await scoreDispute(rated(2, { at: plusSeconds(at(1), 60) }), ports);
  await seal();
  await anchor();
  clock.set(plusSeconds(at(1), OVER));
  await postGroupOf(due, ports);
  await seal();
  await anchor();
  clock.set(at(3));
  await scoreDispute(reopened(3), ports);
  await scoreDispute(
    noticed(4, { shares: [{ kind: 'direct', subject: 'E-301', bp: 10_000 }], responsibleDepartment: 'product' }),
    ports,
  );
  await seal();
  clock.set(plusSeconds(at(4), OVER));
  await postGroupOf(due, ports);
  return {
    ...system,
    ...bucket,
    seals,
    seal,
    anchor,
    cards,
    verify: () => verifyMemory(memory, bucket.files),
    items: (kind: string) => memory.dump().scorecards.filter((item) => item.kind === kind),
    put: (item: Item) => memory.write([{ table: 'scorecards', put: item }]),
    remove: ({ pk, sk }: Item) => memory.write([{ table: 'scorecards', remove: { pk, sk } }]),
  };
}
export type SealedLedger = Awaited<ReturnType<typeof sealedLedger>>;
