import { beforeAll, describe, expect, test } from 'vitest';
import {
  INDEXES,
  type Item,
  type Page,
  type Query,
  type Tables,
  type Write,
  WriteRefused,
} from '#shared/domain/ports/tables.ts';

/**
 * What every version of `Tables` does.
 *
 * @param version its name in the report
 * @param open gives empty tables `cases` and `scorecards`, and no others
 */
export function describeTables(version: string, open: () => Promise<Tables>): void {
  describe(`tables ${version}`, () => {
    let tables: Tables;
    let partitions = 0;
    /** A partition that no other test uses. */
    const freshPartition = () => `P#${++partitions}`;
    beforeAll(async () => {
      tables = await open();
    });

    const put = (item: Item) => tables.write([{ table: 'cases', put: item }]);
    const get = (pk: string, sk = 'a') => tables.get('cases', { pk, sk });
    const refusalOf = async (writes: readonly Write[]) => {
      const error = await tables.write(writes).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(WriteRefused);
      return error instanceof WriteRefused ? error.failed : undefined;
    };

    describe('items', () => {
      test('come back as the JSON they were', async () => {
        const pk = freshPartition();
        const item = {
          pk,
          sk: 'a',
          text: '包裹 😀 \u0000',
          n: -12.5,
          big: Number.MAX_SAFE_INTEGER,
          yes: true,
          nothing: null,
          empty: '',
        };
        const nested = {
          ...item,
          list: [1, [], {}, 'x', null],
          map: { 'a.b': { c: [{ d: 0 }] } },
          tags: ['one', 'two'],
        };
        await put(nested);
        expect(await get(pk)).toEqual(nested);
      });

      test('leave undefined attributes out, in maps too', async () => {
        const pk = freshPartition();
        await put({ pk, sk: 'a', gone: undefined, map: { gone: undefined, kept: 1 } });
        expect(Object.keys((await get(pk)) ?? {}).sort()).toEqual(['map', 'pk', 'sk']);
        expect((await get(pk))?.map).toStrictEqual({ kept: 1 });
      });

      test('are copies: a later change of what was written or read changes nothing stored', async () => {
        const pk = freshPartition();
        const list = [1];
        await put({ pk, sk: 'a', list });
        list.push(2);
        const read = await get(pk);
        if (Array.isArray(read?.list)) read.list.push(3);
        expect(await get(pk)).toEqual({ pk, sk: 'a', list: [1] });
      });

      test('are replaced whole by a put', async () => {
        const pk = freshPartition();
        await put({ pk, sk: 'a', old: 1 });
        await put({ pk, sk: 'a', fresh: 2 });
        expect(await get(pk)).toEqual({ pk, sk: 'a', fresh: 2 });
      });

      test('are gone after a removal, and removing nothing is no error', async () => {
        const pk = freshPartition();
        await put({ pk, sk: 'a' });
        await tables.write([{ table: 'cases', remove: { pk, sk: 'a' } }]);
        await tables.write([{ table: 'cases', remove: { pk, sk: 'a' } }]);
        expect(await get(pk)).toBeUndefined();
      });

      test('of one key in two tables are two items', async () => {
        const pk = freshPartition();
        await put({ pk, sk: 'a', from: 'cases' });
        expect(await tables.get('scorecards', { pk, sk: 'a' })).toBeUndefined();
      });

      test('are read many at once in the order of the keys, missing and repeated ones too', async () => {
        const pk = freshPartition();
        const skOf = (i: number) => String(i).padStart(3, '0');
        const items = Array.from({ length: 130 }, (_, i) => ({ pk, sk: skOf(i), i }));
        await tables.write(items.slice(0, 100).map((item) => ({ table: 'cases', put: item })));
        await tables.write(items.slice(100).map((item) => ({ table: 'cases', put: item })));
        const order = [...items.map(({ i }) => (i * 37) % 130), 5, 5];
        const keys = [{ pk, sk: 'missing' }, ...order.map((i) => ({ pk, sk: skOf(i) }))];
        expect(await tables.getMany('cases', keys)).toEqual([undefined, ...order.map((i) => items[i])]);
        expect(await tables.getMany('cases', [])).toEqual([]);
      });
    });

    describe('conditions', () => {
      test.each<{ title: string; stored?: Record<string, unknown>; condition: Write['if']; holds: boolean }>([
        { title: 'absent holds without the item', condition: { absent: true }, holds: true },
        { title: 'absent fails with the item', stored: {}, condition: { absent: true }, holds: false },
        {
          title: 'equals holds with the same number',
          stored: { v: 3 },
          condition: { attribute: 'v', equals: 3 },
          holds: true,
        },
        {
          title: 'equals holds with the same text',
          stored: { v: 'x' },
          condition: { attribute: 'v', equals: 'x' },
          holds: true,
        },
        {
          title: 'equals tells text from number',
          stored: { v: '3' },
          condition: { attribute: 'v', equals: 3 },
          holds: false,
        },
        {
          title: 'equals fails with another value',
          stored: { v: 4 },
          condition: { attribute: 'v', equals: 3 },
          holds: false,
        },
        {
          title: 'equals fails without the attribute',
          stored: {},
          condition: { attribute: 'v', equals: 3 },
          holds: false,
        },
        { title: 'equals fails without the item', condition: { attribute: 'v', equals: 3 }, holds: false },
        {
          title: 'below holds with a smaller number',
          stored: { v: 9 },
          condition: { attribute: 'v', absentOrBelow: 10 },
          holds: true,
        },
        {
          title: 'below fails with the same number',
          stored: { v: 10 },
          condition: { attribute: 'v', absentOrBelow: 10 },
          holds: false,
        },
        {
          title: 'below fails with text',
          stored: { v: '1' },
          condition: { attribute: 'v', absentOrBelow: 10 },
          holds: false,
        },
        {
          title: 'below fails with null',
          stored: { v: null },
          condition: { attribute: 'v', absentOrBelow: 10 },
          holds: false,
        },
        {
          title: 'below holds without the attribute',
          stored: {},
          condition: { attribute: 'v', absentOrBelow: 10 },
          holds: true,
        },
        { title: 'below holds without the item', condition: { attribute: 'v', absentOrBelow: 10 }, holds: true },
      ])('$title, for every kind of write', async ({ stored, condition, holds }) => {
        if (!condition) throw new Error('each case has a condition');
        const pk = freshPartition();
        const key = { pk, sk: 'a' };
        const writes: readonly Write[] = [
          { table: 'cases', put: { ...key, done: 1 }, if: condition },
          { table: 'cases', update: key, set: { done: 1 }, if: condition },
          { table: 'cases', remove: key, if: condition },
          { table: 'cases', check: key, if: condition },
        ];
        for (const write of writes) {
          for (const others of [[], [{ table: 'cases' as const, put: { pk, sk: 'other' } }]]) {
            await tables.write([{ table: 'cases', remove: key }]);
            if (stored) await put({ ...key, ...stored });
            if (holds) await tables.write([...others, write]);
            else {
              expect(await refusalOf([...others, write])).toEqual([others.length]);
              expect(await get(pk)).toEqual(stored && { ...key, ...stored });
            }
          }
        }
      });

      test('of several writes hold together or nothing is written, over both tables', async () => {
        const pk = freshPartition();
        await put({ pk, sk: 'a', version: 1 });
        const writes: readonly Write[] = [
          { table: 'scorecards', put: { pk, sk: 'new' } },
          { table: 'cases', put: { pk, sk: 'a', version: 3 }, if: { attribute: 'version', equals: 2 } },
          { table: 'cases', put: { pk, sk: 'b' }, if: { absent: true } },
          { table: 'cases', check: { pk, sk: 'c' }, if: { attribute: 'version', equals: 1 } },
        ];
        expect(await refusalOf(writes)).toEqual([1, 3]);
        expect(await tables.get('scorecards', { pk, sk: 'new' })).toBeUndefined();
        expect(await get(pk, 'b')).toBeUndefined();
        await tables.write(writes.slice(0, 1));
        expect(await tables.get('scorecards', { pk, sk: 'new' })).toEqual({ pk, sk: 'new' });
      });

      test('let one of two racing writers through', async () => {
        const pk = freshPartition();
        const claim = (by: string): Write => ({ table: 'cases', put: { pk, sk: 'a', by }, if: { absent: true } });
        const beside = (by: string): Write => ({ table: 'cases', put: { pk, sk: by } });
        const outcomes = await Promise.allSettled(['x', 'y', 'z'].map((by) => tables.write([claim(by), beside(by)])));
        const won = ['x', 'y', 'z'].filter((_, i) => outcomes[i]?.status === 'fulfilled');
        expect(won).toHaveLength(1);
        expect((await get(pk))?.by).toBe(won[0]);
      });
    });

    describe('updates', () => {
      const update = (pk: string, changes: Pick<Extract<Write, { update: unknown }>, 'add' | 'set' | 'remove'>) =>
        tables.write([{ table: 'cases', update: { pk, sk: 'a' }, ...changes }]);

      test('add, set and remove attributes and leave the others', async () => {
        const pk = freshPartition();
        await put({ pk, sk: 'a', n: 5, old: 'x', kept: [1] });
        await update(pk, {
          add: { n: -7, fresh: 2 },
          set: { m: { a: 1 }, skipped: undefined },
          remove: ['old', 'never'],
        });
        expect(await get(pk)).toEqual({ pk, sk: 'a', n: -2, fresh: 2, m: { a: 1 }, kept: [1] });
      });

      test('create the item where it is missing', async () => {
        const [added, removed] = [freshPartition(), freshPartition()];
        await update(added, { add: { n: 0 } });
        await update(removed, { remove: ['x'] });
        expect(await get(added)).toEqual({ pk: added, sk: 'a', n: 0 });
        expect(await get(removed)).toEqual({ pk: removed, sk: 'a' });
      });

      test('reach attributes with any name', async () => {
        const pk = freshPartition();
        await update(pk, { add: { 'a.b': 1, '2026-11': 2 }, set: { '#x': 'y', size: 3, 名: 4 } });
        expect(await get(pk)).toEqual({ pk, sk: 'a', 'a.b': 1, '2026-11': 2, '#x': 'y', size: 3, 名: 4 });
      });

      test('add up when they race', async () => {
        const pk = freshPartition();
        await Promise.all(Array.from({ length: 20 }, () => update(pk, { add: { n: 1 } })));
        expect((await get(pk))?.n).toBe(20);
      });

      test('may change what their own condition looks at', async () => {
        const pk = freshPartition();
        const step: Write = {
          table: 'cases',
          update: { pk, sk: 'a' },
          set: { v: 2 },
          if: { attribute: 'v', absentOrBelow: 2 },
        };
        await tables.write([step]);
        expect(await refusalOf([step])).toEqual([0]);
      });
    });

    describe('queries', () => {
      const skOf = (page: Page) => page.items.map(({ sk }) => sk);
      const pagesOf = async (query: Query) => {
        const pages: Page[] = [];
        for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
          const page = await tables.query({ ...query, cursor });
          pages.push(page);
          cursor = page.next;
        }
        return pages;
      };
      const fill = async (sks: readonly string[]) => {
        const pk = freshPartition();
        await tables.write(sks.map((sk) => ({ table: 'cases', put: { pk, sk } })));
        return pk;
      };

      test('give a partition in the order of the UTF-8 bytes of the sort keys', async () => {
        const partition = await fill(['\u{1f600}', '\ue000', 'a', 'B', '10', '9', 'é', 'ab', '～']);
        const order = ['10', '9', 'B', 'a', 'ab', 'é', '\ue000', '～', '\u{1f600}'];
        expect(skOf(await tables.query({ table: 'cases', partition }))).toEqual(order);
        expect(skOf(await tables.query({ table: 'cases', partition, descending: true }))).toEqual(order.toReversed());
      });

      test('take a prefix, or a range with both its ends', async () => {
        const partition = await fill(['A#1', 'A#2', 'A#3', 'B#1', 'B']);
        const sks = async (range: Query['range']) => skOf(await tables.query({ table: 'cases', partition, range }));
        expect(await sks({ prefix: 'A#' })).toEqual(['A#1', 'A#2', 'A#3']);
        expect(await sks({ prefix: '' })).toHaveLength(5);
        expect(await sks({ from: 'A#2', to: 'B' })).toEqual(['A#2', 'A#3', 'B']);
        expect(await sks({ from: 'A#2', to: 'A#2' })).toEqual(['A#2']);
        expect(await sks({ prefix: 'C' })).toEqual([]);
      });

      test('give pages that hold each item once, the last one without a next', async () => {
        const partition = await fill(['a', 'b', 'c', 'd', 'e', 'f']);
        for (const limit of [1, 2, 4, 5, 6, 7]) {
          for (const descending of [false, true]) {
            const pages = await pagesOf({ table: 'cases', partition, limit, descending });
            const all = pages.flatMap(skOf);
            expect(descending ? all.reverse() : all).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
            expect(pages).toHaveLength(Math.ceil(6 / limit));
          }
        }
      });

      test('have no next after an empty partition', async () => {
        expect(await tables.query({ table: 'cases', partition: freshPartition() })).toEqual({ items: [] });
      });

      test('fill a page of large items although DynamoDB reads 1 MB at a time', async () => {
        const partition = freshPartition();
        const text = 'x'.repeat(390_000);
        const sks = ['1', '2', '3', '4', '5', '6'];
        for (const sk of sks) await put({ pk: partition, sk, text });
        const page = await tables.query({ table: 'cases', partition, limit: 5 });
        expect(skOf(page)).toEqual(sks.slice(0, 5));
        expect(skOf(await tables.query({ table: 'cases', partition, limit: 5, cursor: page.next }))).toEqual(['6']);
      });

      test('go on after an item that was removed meanwhile', async () => {
        const pk = await fill(['a', 'b', 'c']);
        const { next } = await tables.query({ table: 'cases', partition: pk, limit: 2 });
        await tables.write([{ table: 'cases', remove: { pk, sk: 'b' } }]);
        expect(skOf(await tables.query({ table: 'cases', partition: pk, limit: 2, cursor: next }))).toEqual(['c']);
      });

      test.each([
        { index: 'byDue', partition: 'duePartition', sort: 'dueAt' },
        { index: 'byList', partition: 'listPartition', sort: 'listSort' },
        { index: 'byHour', partition: 'hourPartition', sort: 'hourSort' },
      ] as const)('read the index $index, in which items without both its attributes are not', async (names) => {
        const pk = freshPartition();
        const item = (sk: string, sort?: string): Item => ({
          pk,
          sk,
          [names.partition]: `of ${pk}`,
          [names.sort]: sort,
          ...Object.fromEntries(INDEXES[names.index].carries.map((name) => [name, 'carried'])),
        });
        const whole = [item('a', '3'), item('b', '1'), item('c'), item('d', '2'), { pk, sk: 'e', [names.sort]: '1' }];
        await tables.write(
          whole.map((each) => ({ table: 'cases', put: { ...each, state: { of: 'the item alone' } } })),
        );
        const query: Query = { table: 'cases', index: names.index, partition: `of ${pk}` };
        expect((await tables.query(query)).items).toEqual([item('b', '1'), item('d', '2'), item('a', '3')]);
        expect(skOf(await tables.query({ ...query, range: { from: '2', to: '9' }, descending: true }))).toEqual([
          'a',
          'd',
        ]);
        await tables.write([
          { table: 'cases', update: { pk, sk: 'b' }, remove: [names.sort] },
          { table: 'cases', update: { pk, sk: 'c' }, set: { [names.sort]: '9' } },
        ]);
        expect(skOf(await tables.query(query))).toEqual(['d', 'a', 'c']);
      });

      test('page an index through items of one sort value, each once', async () => {
        const pk = freshPartition();
        const sks = Array.from({ length: 7 }, (_, i) => `${i}`);
        await tables.write(sks.map((sk) => ({ table: 'cases', put: { pk, sk, duePartition: pk, dueAt: 'same' } })));
        for (const descending of [false, true]) {
          const pages = await pagesOf({ table: 'cases', index: 'byDue', partition: pk, limit: 3, descending });
          expect(pages.map(({ items }) => items.length)).toEqual([3, 3, 1]);
          expect(pages.flatMap(skOf).sort()).toEqual(sks);
        }
      });

      test('refuse a cursor that is none, or of another list', async () => {
        const partition = await fill(['a', 'b', 'c']);
        const { next } = await tables.query({ table: 'cases', partition, limit: 1 });
        const other = await fill(['a', 'b']);
        const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const bad: readonly Partial<Query>[] = [
          { cursor: '' },
          { cursor: 'not one' },
          { cursor: encoded(null) },
          { cursor: encoded({ pk: partition }) },
          { cursor: encoded({ pk: partition, sk: 1 }) },
          { cursor: encoded({ pk: partition, sk: 'a', more: 'x' }) },
          { cursor: next, partition: other },
          { cursor: next, index: 'byDue' },
          { cursor: next, range: { prefix: 'c' } },
        ];
        for (const query of bad)
          await expect(tables.query({ table: 'cases', partition, ...query })).rejects.toThrow(
            expect.toSatisfy(isRangeErrorAbout('cursor ')),
          );
      });
    });

    describe('a mistake is a RangeError and writes nothing', () => {
      const key = { pk: 'mistake', sk: 'a' };
      const nested = (levels: number): unknown => (levels === 0 ? 1 : { v: nested(levels - 1) });
      const putOf = (attributes: Record<string, unknown>): readonly Write[] => [
        { table: 'cases', put: { ...key, ...attributes } },
      ];
      const many = (count: number): readonly Write[] =>
        Array.from({ length: count }, (_, i) => ({ table: 'cases', put: { pk: 'many', sk: String(i) } }));
      const updateOf = (
        changes: Pick<Extract<Write, { update: unknown }>, 'add' | 'set' | 'remove'>,
      ): readonly Write[] => [{ table: 'cases', update: key, ...changes }];
      const surrogate = String.fromCharCode(0xd800);

      test.each<{ title: string; writes: readonly Write[]; about: string }>([
        { title: 'no writes', writes: [], about: '1 to 100' },
        { title: '101 writes', writes: many(101), about: '1 to 100' },
        {
          title: 'two writes on one item',
          writes: [...putOf({}), { table: 'cases', remove: key }],
          about: 'two writes',
        },
        { title: 'a table that is not there', writes: [{ table: 'customers', put: key }], about: 'customers' },
        { title: 'an empty pk', writes: putOf({ pk: '' }), about: 'pk' },
        { title: 'a pk of 2,049 bytes', writes: putOf({ pk: `${'é'.repeat(1024)}x` }), about: 'pk' },
        { title: 'a sk of 1,025 bytes', writes: putOf({ sk: 'x'.repeat(1025) }), about: 'sk' },
        {
          title: 'a key that is no text',
          writes: [{ table: 'cases', put: { ...key, ...JSON.parse('{"sk":7}') } }],
          about: 'sk',
        },
        { title: 'an index attribute that is no text', writes: putOf({ dueAt: 7 }), about: 'dueAt' },
        { title: 'an index attribute that is null', writes: putOf({ listPartition: null }), about: 'listPartition' },
        { title: 'an index attribute that is empty', writes: putOf({ listSort: '' }), about: 'listSort' },
        { title: 'an index attribute set to a number', writes: updateOf({ set: { dueAt: 7 } }), about: 'dueAt' },
        { title: 'an index attribute added to', writes: updateOf({ add: { dueAt: 7 } }), about: 'dueAt' },
        { title: 'an item over 409,600 bytes', writes: putOf({ x: 'x'.repeat(409_600) }), about: '409600' },
        { title: '33 levels of nesting', writes: putOf({ v: nested(32) }), about: 'nested' },
        { title: 'not a number', writes: putOf({ v: [Number.NaN] }), about: 'v[0]' },
        { title: 'a number beyond the safe ones', writes: putOf({ v: 2 ** 53 }), about: 'v must' },
        { title: 'a value that is no JSON', writes: putOf({ v: { at: new Date(0) } }), about: 'v.at' },
        { title: 'half of a surrogate pair', writes: putOf({ v: surrogate }), about: 'surrogate' },
        { title: 'an attribute without a name', writes: putOf({ '': 1 }), about: 'name' },
        { title: 'an update of nothing', writes: updateOf({ set: { x: undefined } }), about: 'change something' },
        { title: 'an update of a key', writes: updateOf({ set: { sk: 'b' } }), about: 'sk' },
        { title: 'an update of one attribute twice', writes: updateOf({ set: { x: 1 }, add: { x: 1 } }), about: 'x' },
        { title: 'a broken addition', writes: updateOf({ add: { x: 0.5 } }), about: 'x' },
        {
          title: 'more than 4 MiB',
          writes: Array.from({ length: 11 }, (_, i) => ({
            table: 'cases',
            put: { pk: 'large', sk: String(i), x: 'x'.repeat(400_000) },
          })),
          about: '4194304',
        },
      ])('$title', async ({ writes, about }) => {
        await expect(tables.write(writes)).rejects.toThrow(expect.toSatisfy(isRangeErrorAbout(about)));
        for (const pk of ['mistake', 'many', 'large'])
          expect((await tables.query({ table: 'cases', partition: pk })).items).toEqual([]);
      });

      test('adding to text, alone and among others', async () => {
        const pk = freshPartition();
        await put({ pk, sk: 'a', text: 'x' });
        const add: Write = { table: 'cases', update: { pk, sk: 'a' }, add: { text: 1 } };
        await expect(tables.write([add])).rejects.toThrow(RangeError);
        await expect(tables.write([{ table: 'cases', put: { pk, sk: 'b' } }, add])).rejects.toThrow(RangeError);
        expect(await get(pk, 'b')).toBeUndefined();
      });

      test('an update that makes an item too large, alone and among others', async () => {
        const pk = freshPartition();
        await put({ pk, sk: 'a', text: 'x'.repeat(300_000) });
        const grow: Write = { table: 'cases', update: { pk, sk: 'a' }, set: { more: 'x'.repeat(200_000) } };
        await expect(tables.write([grow])).rejects.toThrow(RangeError);
        await expect(tables.write([{ table: 'cases', put: { pk, sk: 'b' } }, grow])).rejects.toThrow(RangeError);
        expect(await get(pk, 'b')).toBeUndefined();
      });

      test('a read of a table that is not there, or with a bad key', async () => {
        await expect(tables.get('customers', key)).rejects.toThrow(/customers/);
        await expect(tables.getMany('customers', [key])).rejects.toThrow(/customers/);
        await expect(tables.query({ table: 'customers', partition: 'x' })).rejects.toThrow(/customers/);
        await expect(tables.get('cases', { pk: '', sk: 'a' })).rejects.toThrow(RangeError);
        await expect(tables.getMany('cases', [key, { pk: 'x', sk: '' }])).rejects.toThrow(RangeError);
      });

      test.each<{ title: string; query: Partial<Query> }>([
        { title: 'a limit of 0', query: { limit: 0 } },
        { title: 'half a limit', query: { limit: 1.5 } },
        { title: 'an empty partition', query: { partition: '' } },
        { title: 'a range without a start', query: { range: { from: '', to: 'x' } } },
        { title: 'a range that ends before it starts', query: { range: { from: '\u{1f600}', to: '\uffff' } } },
      ])('a query with $title', async ({ query }) => {
        await expect(tables.query({ table: 'cases', partition: 'x', ...query })).rejects.toThrow(RangeError);
      });

      test('the limits themselves are allowed', async () => {
        const pk = 'x'.repeat(2048);
        await put({ pk, sk: 'y'.repeat(1024), v: nested(31) });
        await put({ pk: 'just', sk: 'a', x: 'x'.repeat(409_600 - 'pkjustskax'.length) });
        await tables.write(many(100));
        expect((await tables.query({ table: 'cases', partition: 'many' })).items).toHaveLength(100);
        await tables.write(many(100).map((write) => ({ table: 'cases', remove: 'put' in write ? write.put : key })));
      });
    });
  });
}

function isRangeErrorAbout(text: string): (error: unknown) => boolean {
  return (error) => error instanceof RangeError && error.message.includes(text);
}
