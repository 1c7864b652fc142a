import { describe, expect, test } from 'vitest';
import { contentHash } from '#shared/adapters/digest.ts';
import { leftOut, writesIn } from '#shared/domain/exports/whole-writes.ts';
import { sealOf } from '#shared/domain/performance/seal.ts';
import { posted } from '#test/exports/system.ts';

const AS_OF = '2026-11-20T02:31:00Z';
const [first] = posted('E-204', 1, -100);
const at = (recordedAt: string, entryId = recordedAt) => ({ ...first, entryId, recordedAt });

describe('writes on a card', () => {
  test('are those of one dispute at one time, each once, and none from before', () => {
    const since = '2026-11-20T02:16:00Z';
    const { disputeId } = first;
    expect(writesIn([at('2026-11-20T02:15:59Z'), at(since), at(since, 'other'), at(AS_OF)], since)).toEqual([
      `${disputeId} ${since}`,
      `${disputeId} ${AS_OF}`,
    ]);
  });
});

describe('what a row leaves out (X-2)', () => {
  const old = at('2026-11-20T02:15:59Z');
  const older = at('2026-11-01T00:00:00Z');
  const seal = sealOf({ subject: 'E-204', period: '2026-10' }, undefined, [older], AS_OF, contentHash);

  test('is the oldest entry from a quarter of an hour before the export that its seals do not name', () => {
    expect(leftOut([old, older], [], { asOf: AS_OF })).toBe(older);
    expect(leftOut([older, old], [], { asOf: AS_OF })).toBe(older);
    expect(leftOut([old, older], [seal], { asOf: AS_OF })).toBe(old);
    expect(leftOut([older, at('2026-11-20T02:16:00Z')], [seal], { asOf: AS_OF })).toBeUndefined();
  });
});
