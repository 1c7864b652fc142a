import { drawChart } from './draw-chart.ts';
import { type Markup, markup, trusted } from './markup.ts';
import { type Cell, type Page, type Section, type Table, textOf } from './page.ts';
import { STYLE_SHEET } from './style-sheet.ts';

/** A review as one page that needs nothing else: no script, no font, no picture from anywhere (R-7). */
export function renderHtml(page: Page): string {
  const { language, title, about, subtitle, notice, tiles, sections, footer } = page;
  return markup`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ${about}</title>
<style>${trusted(STYLE_SHEET)}</style>
</head>
<body>
<main>
<header>
<p class="kicker">${title}</p>
<h1>${about}</h1>
<p class="subtitle">${subtitle}</p>
</header>
<div class="notice ${notice.kind}" role="status"><p><strong>${notice.title}</strong>${notice.lines.join(' ')}</p></div>
<dl class="tiles">
${tiles.map(
  ({ label, value, note }) =>
    markup`<div class="tile"><dt>${label}</dt><dd class="value">${value}</dd><dd class="note">${note}</dd></div>`,
)}
</dl>
<div class="sections">
${sections.map(sectionMarkup)}
</div>
<footer>
${footer.map((line) => markup`<p>${line}</p>`)}
</footer>
</main>
</body>
</html>
`.markup;
}

function sectionMarkup({ id, title, text, charts, tables, layout }: Section): Markup {
  const side = layout === 'full' && tables.length > 1;
  return markup`<section id="${id}" class="${layout === 'half' ? 'narrow' : 'full'}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${title}</h2>
${text === undefined ? '' : markup`<p class="text">${text}</p>`}
<div class="${layout === 'beside' ? 'beside' : 'stacked'}">
${charts.map((chart, index) => drawChart(chart, `${id}-chart-${index + 1}`))}
<div class="tables ${side ? 'side' : ''}">
${tables.map(tableMarkup)}
</div>
</div>
</section>`;
}

/** Tables of more columns than a narrow screen has room for are read there row by row, each figure beside its column's name. */
const COLUMNS_SIDE_BY_SIDE = 4;

function tableMarkup({ head, words, rows, total }: Table): Markup {
  const sides = head.map((_, column) => (column < words ? 'w' : 'n'));
  const isStacked = head.length > COLUMNS_SIDE_BY_SIDE;
  const name = (column: number) =>
    isStacked && column >= words && head[column] ? markup` data-name="${head[column]}"` : '';
  const line = (cells: readonly Cell[]) =>
    markup`<tr>${cells.map((cell, column) => markup`<td class="${sides[column] ?? 'n'}"${name(column)}>${cellMarkup(cell)}</td>`)}</tr>`;
  return markup`<table${isStacked ? markup` class="many"` : ''}>
<thead><tr>${head.map((text, column) => markup`<th scope="col" class="${sides[column] ?? 'n'}">${text}</th>`)}</tr></thead>
<tbody>
${rows.map(line)}
</tbody>
${total ? markup`<tfoot>${line(total)}</tfoot>` : ''}
</table>`;
}

function cellMarkup(cell: Cell): Markup {
  return typeof cell === 'string' ? markup`${cell}` : markup`<span class="${cell.kind}">${textOf(cell)}</span>`;
}
