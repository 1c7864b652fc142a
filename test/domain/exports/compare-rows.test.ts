import { test as prop } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstDifference } from '#shared/domain/exports/compare-rows.ts';

const lines = ['a', 'b', 'c', 'd', 'e'].map((subject) => ({ subject, hash: `hash of ${subject}`, head: null }));
const [a, b, c, d, e] = lines as [Line, Line, Line, Line, Line];
type Line = (typeof lines)[number];
const stranger = { subject: 'x', hash: 'hash of x' };

describe('the rows of a file against their export (X-2)', () => {
  test.each([
    { title: 'all of them', seen: lines, whole: true, said: undefined },
    { title: 'a page from the middle', seen: [b, c], whole: false, said: undefined },
    { title: 'a page without rows', seen: [], whole: false, said: undefined },
    { title: 'one changed', seen: [a, { ...b, hash: 'other' }, c, d, e], said: 'row 2 (b) was changed' },
    { title: 'one missing', seen: [a, c, d, e], said: 'b is missing before row 2 (c)' },
    { title: 'the last ones missing', seen: [a, b, c], said: 'd is missing: there are 3 rows of 5' },
    { title: 'all missing', seen: [], said: 'a is missing: there are 0 rows of 5' },
    { title: 'one repeated', seen: [a, b, b, c, d, e], said: 'row 3 repeats b, who is in row 2' },
    { title: 'the first one again at the end', seen: [...lines, a], said: 'row 6 repeats a, who is in row 1' },
    { title: 'a changed one repeated', seen: [a, b, { ...b, hash: '' }], said: 'row 3 repeats b, who is in row 2' },
    { title: 'two swapped', seen: [a, d, c, b, e], said: 'rows 2 and 4 (d and b) are swapped' },
    { title: 'one moved back', seen: [a, c, d, b, e], said: 'row 2 is of c, where b should stand' },
    { title: 'a stranger', seen: [a, stranger, b, c, d, e], said: "row 2 (x) is none of the export's" },
    { title: 'a stranger at the end', seen: [...lines, stranger], said: "row 6 (x) is none of the export's" },
    { title: 'a stranger in place of one', seen: [a, stranger, c, d, e], said: "row 2 (x) is none of the export's" },
    { title: 'a page of strangers', seen: [stranger], whole: false, said: "row 1 (x) is none of the export's" },
    { title: 'a page with a gap', seen: [b, d], whole: false, said: 'c is missing before row 2 (d)' },
    { title: 'a page turned round', seen: [c, b], whole: false, said: 'd is missing before row 2 (b)' },
  ])('$title', ({ seen, whole = true, said }) => {
    expect(firstDifference(lines, seen, whole)).toBe(said);
  });

  prop.prop([fc.shuffledSubarray([...lines, ...lines])])('any other rows in any other order are told', (seen) => {
    const same = seen.length === lines.length && seen.every((line, index) => line === lines[index]);
    expect(firstDifference(lines, seen, true) === undefined).toBe(same);
  });
});
