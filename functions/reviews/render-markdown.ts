import { type Cell, type Page, type Section, type Table, textOf } from './page.ts';

/** A review as Markdown: every figure of the page, in tables. */
export function renderMarkdown(page: Page): string {
  const { title, about, subtitle, notice, tiles, sections, footer } = page;
  const parts = [
    `# ${escaped(title)} · ${escaped(about)}`,
    escaped(subtitle),
    `> **${escaped(notice.title)}** ${notice.lines.map(escaped).join(' ')}`,
    tiles.map(({ label, value, note }) => `- **${escaped(label)}: ${escaped(value)}** (${escaped(note)})`).join('\n'),
    ...sections.map(sectionText),
    '---',
    ...footer.map(escaped),
  ];
  return `${parts.join('\n\n')}\n`;
}

function sectionText({ title, text, tables }: Section): string {
  return [`## ${escaped(title)}`, ...(text === undefined ? [] : [escaped(text)]), ...tables.map(tableText)].join(
    '\n\n',
  );
}

function tableText({ head, words, rows, total }: Table): string {
  const rule = head.map((_, column) => (column < words ? '---' : '---:'));
  const lines = [head.map(escaped), rule, ...rows.map(cells), ...(total ? [cells(total).map(strong)] : [])];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function cells(row: readonly Cell[]): readonly string[] {
  return row.map((cell) => {
    const text = escaped(textOf(cell));
    return typeof cell === 'string' || text === '' ? text : strong(text);
  });
}

function strong(text: string): string {
  return text === '' ? '' : `**${text}**`;
}

/** Names come from people: nothing in them may be read as markup, HTML, or the end of a cell. */
function escaped(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\`*_{}[\]<>#|~!&]/g, (sign) => `\\${sign}`);
}
