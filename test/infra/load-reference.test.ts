import { describe, expect, test } from 'vitest';
import { loadReference, type ReferenceShelf, referenceOf } from '#infra/cli/load-reference.ts';
import { environments } from '#infra/environments.ts';
import type { ReferenceItem } from '#shared/contracts/items/reference-item.ts';

function memoryShelf(): ReferenceShelf & { readonly items: Map<string, ReferenceItem> } {
  const items = new Map<string, ReferenceItem>();
  return {
    items,
    read: async ({ pk, sk }) => items.get(`${pk} ${sk}`),
    async add(item) {
      const key = `${item.pk} ${item.sk}`;
      if (items.has(key)) return false;
      items.set(key, item);
      return true;
    },
    async replace(item, digest) {
      const key = `${item.pk} ${item.sk}`;
      const there = items.get(key);
      if (!there || !('digest' in there) || there.digest !== digest) return false;
      items.set(key, item);
      return true;
    },
  };
}

describe('what an environment starts with', () => {
  test('dev has the fast policy, its calendar, seven sources and the sample organisation', () => {
    const keys = referenceOf(environments.dev).map(({ pk, sk }) => `${pk} ${sk}`);
    expect(keys).toEqual(
      expect.arrayContaining(['POLICY VERSION#000001', 'CALENDAR#cn VERSION#000001', 'SOURCES SOURCE#phone']),
    );
    expect(keys).toContain('DIRECTORY SUBJECT#E-201');
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => key.startsWith('SOURCES'))).toHaveLength(7);
  });

  test('prod has people of its own', () => {
    expect(referenceOf(environments.prod).filter(({ kind }) => kind === 'subject')).toEqual([]);
  });
});

describe('loading reference data (P-2)', () => {
  test('a repeat changes nothing', async () => {
    const shelf = memoryShelf();
    const items = referenceOf(environments.dev);
    expect(await loadReference(items, shelf)).toEqual({ added: items.length, changed: 0, unchanged: 0 });
    expect(await loadReference(referenceOf(environments.dev), shelf)).toEqual({
      added: 0,
      changed: 0,
      unchanged: items.length,
    });
  });

  test('other content under a published version is refused, and the published one stays', async () => {
    const shelf = memoryShelf();
    await loadReference(referenceOf({ policy: 'policy-1' }), shelf);
    const before = shelf.items.get('POLICY VERSION#000001');
    await expect(loadReference(referenceOf({ policy: 'fast' }), shelf)).rejects.toThrow(
      'policy POLICY version 1 is published with other content; publish a new version instead',
    );
    expect(shelf.items.get('POLICY VERSION#000001')).toBe(before);
  });

  test('a subject follows the file, who leaves with it, until somebody else changes the subject', async () => {
    const shelf = memoryShelf();
    const subjectsOf = (activeTo?: string) =>
      referenceOf(environments.dev).map((item) =>
        item.kind === 'subject' && item.sk === 'SUBJECT#E-204'
          ? {
              ...item,
              document: { ...Object(item.document), activeTo },
              digest: (activeTo ?? '').replaceAll('-', '').padEnd(64, '0'),
            }
          : item,
      );
    await loadReference(subjectsOf(), shelf);
    expect(await loadReference(subjectsOf('2026-10-31'), shelf)).toMatchObject({ added: 0, changed: 1 });
    expect(await loadReference(subjectsOf('2026-10-31'), shelf)).toMatchObject({ added: 0, changed: 0 });
    expect(shelf.items.get('DIRECTORY SUBJECT#E-204')).toMatchObject({ document: { activeTo: '2026-10-31' } });
    const byPeople = {
      kind: 'subject',
      pk: 'DIRECTORY',
      sk: 'SUBJECT#E-204',
      document: { activeTo: '2026-11-30' },
    } as const;
    shelf.items.set('DIRECTORY SUBJECT#E-204', byPeople);
    expect(await loadReference(subjectsOf('2026-12-31'), shelf)).toMatchObject({ changed: 0 });
    expect(shelf.items.get('DIRECTORY SUBJECT#E-204')).toBe(byPeople);
  });

  test('what people changed in the directory or a source stays', async () => {
    const shelf = memoryShelf();
    const changed: ReferenceItem = { kind: 'source', pk: 'SOURCES', sk: 'SOURCE#phone', document: { changed: true } };
    await shelf.add(changed);
    await loadReference(referenceOf(environments.dev), shelf);
    expect(shelf.items.get('SOURCES SOURCE#phone')).toBe(changed);
  });
});
