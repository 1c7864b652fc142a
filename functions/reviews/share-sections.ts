import { NO_DEPARTMENT } from '#shared/domain/insights/count-events.ts';
import type { Part } from '#shared/domain/review/parts.ts';
import { type DepartmentRow, type Review, UNKNOWN } from '#shared/domain/review/review.ts';
import type { Bar, Cell, Section, Table, Tone } from './page.ts';
import type { Speech, Word } from './words.ts';

/** Types that the chart shows at most; the table has them all. */
const CHARTED_TYPES = 12;

/** Disputes by category and type, with what is frequent. */
export function categoriesSection({ categories, totals, frequentOverBp }: Review, speech: Speech): Section {
  const { language, say, count, share } = speech;
  const types = categories.flatMap(({ name, types: own, id }) =>
    own.map((type) => ({
      ...type,
      categoryName: name?.[language] ?? (id === UNKNOWN ? say('unknown') : id),
      typeName: type.name?.[language] ?? type.id,
    })),
  );
  const largest = types.toSorted((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1)).slice(0, CHARTED_TYPES);
  const rows = categories.flatMap(({ id }) =>
    types
      .filter(({ category }) => category === id)
      .map((type): Cell[] => [
        type.categoryName,
        type.typeName,
        count(type.count),
        share(type.shareBp),
        type.frequent ? { text: say('frequent'), kind: 'marked' } : '',
      ]),
  );
  const bars = largest.map(
    ({ typeName, categoryName, id, ...type }): Bar => ({
      label: id === 'other' ? `${categoryName} · ${typeName}` : typeName,
      value: type.count,
      text: `${count(type.count)} · ${share(type.shareBp)}`,
      tone: 'plain',
    }),
  );
  return {
    id: 'categories',
    layout: 'full',
    title: say('categories'),
    text: say('categoriesText', { share: share(frequentOverBp) }),
    charts: charted('typesChart', bars, speech),
    tables: [
      {
        head: [say('category'), say('type'), say('disputes'), say('share'), ''],
        words: 2,
        rows,
        total: [say('total'), '', count(totals.opened), wholeShare(totals.opened, speech), ''],
      },
    ],
  };
}

/** Disputes by level, in the colours of their alerts. */
export function levelsSection({ levels, totals }: Review, speech: Speech): Section {
  const { say } = speech;
  const label = (id: string) => (id === UNKNOWN ? say('unknown') : speech.sayOf('level', id));
  const tone: Readonly<Record<string, Tone>> = { '1': 'red', '2': 'yellow', '3': 'blue' };
  const bars = levels.map((part) => barOf(part, label(part.id), tone[part.id] ?? 'plain', speech));
  return {
    id: 'levels',
    title: say('levels'),
    charts: charted('levelsChart', bars, speech),
    tables: [partTable(say('level'), levels, totals.opened, label, speech)],
    layout: 'half',
  };
}

/** Disputes by channel. */
export function channelsSection({ channels, totals }: Review, speech: Speech): Section {
  const { say } = speech;
  const label = (id: string) => speech.sayOf('channel', id);
  const bars = channels.map((part) => barOf(part, label(part.id), 'plain', speech));
  return {
    id: 'channels',
    title: say('channels'),
    charts: charted('channelsChart', bars, speech),
    tables: [partTable(say('channel'), channels, totals.opened, label, speech)],
    layout: 'half',
  };
}

/** Disputes by department, and what was done about them. */
export function departmentsSection({ departments, totals }: Review, speech: Speech): Section {
  const { say, count, share } = speech;
  const own = departments.filter(({ id }) => id !== NO_DEPARTMENT);
  const bars = own.filter((row) => row.count !== 0).map((row) => barOf(row, nameOf(row, speech), 'plain', speech));
  const sums = (figure: (row: DepartmentRow) => number) => count(own.reduce((sum, row) => sum + figure(row), 0));
  return {
    id: 'departments',
    layout: 'full',
    title: say('departments'),
    text: say('departmentsText'),
    charts: charted('departmentsChart', bars, speech),
    tables: [
      {
        head: [
          say('department'),
          say('disputes'),
          say('share'),
          say('filed'),
          say('resolved'),
          say('closed'),
          say('breached'),
        ],
        words: 1,
        rows: own.map((row) => [
          nameOf(row, speech),
          count(row.count),
          share(row.shareBp),
          count(row.filed),
          count(row.resolved),
          count(row.closed),
          count(row.breached),
        ]),
        total: [
          say('total'),
          count(totals.opened),
          wholeShare(totals.opened, speech),
          sums(({ filed }) => filed),
          sums(({ resolved }) => resolved),
          sums(({ closed }) => closed),
          sums(({ breached }) => breached),
        ],
      },
    ],
  };
}

/** A department as people know it. */
export function nameOf({ id, name }: { readonly id: string; readonly name?: string }, { say }: Speech): string {
  return id === NO_DEPARTMENT ? say('noDepartment') : (name ?? id);
}

/** Parts of a total with their shares. */
export function partTable(
  head: string,
  parts: readonly Part[],
  total: number,
  label: (id: string) => string,
  speech: Speech,
): Table {
  const { say, count, share } = speech;
  return {
    head: [head, say('disputes'), say('share')],
    words: 1,
    rows: parts.map((part) => [label(part.id), count(part.count), share(part.shareBp)]),
    total: [say('total'), count(total), wholeShare(total, speech)],
  };
}

/** A bar chart whose description says its figures; none where nothing was counted. */
export function charted(title: Word, bars: readonly Bar[], { say }: Speech): Section['charts'] {
  if (bars.every(({ value }) => value <= 0)) return [];
  const description = bars.map(({ label, text }) => `${label}: ${text}`).join('; ');
  return [{ kind: 'bars', title: say(title), description, bars }];
}

function barOf({ count, shareBp }: Part, label: string, tone: Tone, speech: Speech): Bar {
  return { label, value: count, text: `${speech.count(count)} · ${speech.share(shareBp)}`, tone };
}

function wholeShare(total: number, { share }: Speech): string {
  return share(total > 0 ? 10_000 : 0);
}
