import { describe, expect, it } from 'vitest';
import { anchorHeads } from '#functions/ledger/anchor-heads.ts';
import { type SealingPorts, sealCardsOf } from '#functions/ledger/seal-cards.ts';
import { scoreDispute } from '#functions/scoring/score-dispute.ts';
import { contentHash } from '#shared/adapters/digest.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { AnchorV1 } from '#shared/contracts/anchor.v1.ts';
import { EntriesPendingV1 } from '#shared/contracts/events/entries-pending.v1.ts';
import { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import { EntriesVoidedV1 } from '#shared/contracts/events/entries-voided.v1.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import type { Files } from '#shared/domain/ports/files.ts';
import type { SealStore } from '#shared/domain/ports/seal-store.ts';
import { gear } from '#test/performance/gear.ts';
import { noticed, permutations, rated, reopened, START, unfounded } from '#test/performance/scored-events.ts';
import { ZONE } from '#test/support/sample.ts';
import { sealedLedger, tamperableFiles, verifyMemory } from './sealed-ledger.ts';

const GROUP_EVENTS = [EntriesPendingV1, EntriesPostedV1, EntriesVoidedV1] as const;

/** A dispute whose points were written, voided and written again, and the events that tell of it. */
async function scored() {
  const system = await gear(START);
  const { ports, memory } = system;
  for (const event of [noticed(1), rated(2), reopened(3), unfounded(4)]) await scoreDispute(event, ports);
  const events = memory.dump().scorecards.flatMap((item) => CommitItem.safeParse(item).data?.commit.events ?? []);
  const written = events.flatMap((event) => GROUP_EVENTS.flatMap((contract) => contract.safeParse(event).data ?? []));
  return { memory, clock: ports.clock, written };
}

const neverFails = (_: unknown, error: unknown) => {
  throw error;
};
const batchOf = <T>(...events: readonly T[]) => events.map((message, index) => ({ messageId: String(index), message }));

describe('sealing the cards that events name', () => {
  it('in any order and twice, everything is sealed and each entry once', async () => {
    const { written } = await scored();
    expect(written.length).toBeGreaterThan(2);
    for (const order of permutations(written.slice(0, 4))) {
      const { memory, clock } = await scored();
      const ports = { seals: sealStore(memory), clock, contentHash, failed: neverFails };
      for (const event of [...order, ...order]) expect(await sealCardsOf(batchOf(event), ports)).toEqual([]);
      await sealCardsOf(batchOf(...written), ports);
      expect(await verifyMemory(memory, tamperableFiles().files)).toMatchObject({ unsealed: 0, differences: [] });
    }
  });

  it('several at a time take turns', async () => {
    const { memory, clock, written } = await scored();
    const ports = { seals: sealStore(memory), clock, contentHash, failed: neverFails };
    await Promise.all(written.map((event) => sealCardsOf(batchOf(event, ...written), ports)));
    expect(await verifyMemory(memory, tamperableFiles().files)).toMatchObject({ unsealed: 0, differences: [] });
  });
});

describe('a card that cannot be sealed', () => {
  const broken = async (subjects: readonly string[]) => {
    const { memory, clock, written } = await scored();
    const seals = sealStore(memory);
    let reads = 0;
    const counted: SealStore = {
      ...seals,
      card: async (subject, period) => {
        reads += 1;
        if (subjects.includes(subject)) throw new Error(`${subject} cannot be read`);
        return seals.card(subject, period);
      },
    };
    const failures: string[] = [];
    const failed: SealingPorts['failed'] = ({ subject, period }, error) => {
      failures.push(`${subject} ${period}: ${String(error)}`);
    };
    const ports = { seals: counted, clock, contentHash, failed };
    return {
      outcome: await sealCardsOf(batchOf(...written, ...written), ports),
      failures,
      written,
      reads: () => reads,
    };
  };

  it('sends back the messages that name it alone, and each card is read once for the whole batch', async () => {
    const { outcome, written, failures, reads } = await broken(['E-204']);
    const naming = written.filter((event) => JSON.stringify(event.data).includes('"E-204"'));
    expect(outcome).toHaveLength(2 * naming.length);
    expect(failures).toEqual(['E-204 2026-11: Error: E-204 cannot be read']);
    expect(reads()).toBe(3);
  });
});

describe('anchoring the heads of all cards', () => {
  const read = async (files: Files, key: string) =>
    AnchorV1.parse(JSON.parse(new TextDecoder().decode(await files.read(key))));

  it('each day has its anchor, chained to the one before; a list that is the same is not written again', async () => {
    const ledger = await sealedLedger();
    ledger.clock.set('2026-12-01T00:00:00Z');
    await ledger.seal();
    const third = (await ledger.anchor()) ?? '';
    ledger.clock.set('2026-12-02T00:00:00Z');
    const before = await ledger.keys();
    const fourth = (await ledger.anchor()) ?? '';
    expect([third, fourth]).toEqual(['anchors/2026-12-01.json', 'anchors/2026-12-02.json']);
    expect((await ledger.keys()).filter((key) => !before.includes(key))).toEqual([fourth]);
    const [one, other] = [await read(ledger.files, third), await read(ledger.files, fourth)];
    expect(other.previous).toEqual({ key: third, hash: one.hash });
    expect(other.periods).toEqual(one.periods);
    expect(await ledger.verify()).toMatchObject({ anchors: 4, unsealed: 0, differences: [] });
  });

  it('a second turn on a day writes nothing when nothing was sealed since, else an anchor behind the first', async () => {
    const ledger = await sealedLedger();
    ledger.clock.set('2026-12-01T00:00:00Z');
    expect(await ledger.anchor()).toBe('anchors/2026-12-01.json');
    expect(await ledger.anchor()).toBeUndefined();
    await ledger.seal();
    ledger.clock.set('2026-12-01T01:02:03Z');
    expect(await ledger.anchor()).toBe('anchors/2026-12-01T20261201T010203Z.json');
    ledger.clock.set('2026-12-02T01:00:00Z');
    const next = (await ledger.anchor()) ?? '';
    expect((await read(ledger.files, next)).previous?.key).toBe('anchors/2026-12-01T20261201T010203Z.json');
    expect(await ledger.verify()).toMatchObject({ anchors: 5, differences: [] });
  });

  it('the first anchor follows none; the day is that of the organisation', async () => {
    const ledger = await sealedLedger();
    const { files } = tamperableFiles();
    const ports = { seals: ledger.seals, files, reference: ledger.ports.reference, clock: ledger.clock };
    ledger.clock.set('2026-12-01T16:20:00Z');
    const key = await anchorHeads({ ...ports, zone: ZONE, contentHash });
    expect(key).toBe('anchors/2026-12-02.json');
    expect(await read(files, key ?? '')).toMatchObject({ day: '2026-12-02', previous: null });
  });

  it('two turns at the same time leave one anchor, or two of which one follows the other', async () => {
    const ledger = await sealedLedger();
    ledger.clock.set('2026-12-01T00:00:00Z');
    await Promise.all([ledger.anchor(), ledger.anchor()]);
    expect(await ledger.verify()).toMatchObject({ anchors: 3, differences: [] });
  });

  it('an anchor that was removed stops the next one, and says what to do', async () => {
    const ledger = await sealedLedger();
    const files: Files = { ...ledger.files, read: async () => undefined };
    const ports = { seals: ledger.seals, files, reference: ledger.ports.reference, clock: ledger.clock };
    await expect(anchorHeads({ ...ports, zone: ZONE, contentHash })).rejects.toThrow(
      'the anchor anchors/2026-11-22.json was removed; run: npm run verify -- ledger',
    );
  });

  it('who is outrun again and again gives up loudly', async () => {
    const ledger = await sealedLedger();
    ledger.clock.set('2026-12-01T00:00:00Z');
    const files: Files = { ...ledger.files, writeNew: async () => false };
    const ports = { seals: ledger.seals, files, reference: ledger.ports.reference, clock: ledger.clock };
    await expect(anchorHeads({ ...ports, zone: ZONE, contentHash })).rejects.toThrow('others anchored 3 times');
  });

  it('without a policy there is nothing to anchor', async () => {
    const ledger = await sealedLedger();
    const reference = { policies: async () => [] };
    const ports = { seals: ledger.seals, files: ledger.files, reference, clock: ledger.clock };
    expect(await anchorHeads({ ...ports, zone: ZONE, contentHash })).toBeUndefined();
  });
});
