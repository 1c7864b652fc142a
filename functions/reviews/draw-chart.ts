import { scaleBand, scaleLinear } from 'd3-scale';
import { type Markup, markup } from './markup.ts';
import type { Bar, Chart, PointBar, Section } from './page.ts';

/** Units of a drawing by its section's layout: about as many as a wide screen has pixels there, so that letters are alike. */
const WIDTHS = { full: 940, half: 440, beside: 540 } as const;
const ROW = 30;
const LETTER = 13;

/** A chart as SVG, with its title and all its figures for those who cannot see it. */
export function drawChart(chart: Chart, id: string, layout: Section['layout']): Markup {
  const width = WIDTHS[layout];
  const { height, content } = contentOf(chart, width);
  return markup`<figure>
<figcaption>${chart.title}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${chart.title}</title>
<desc id="${id}-desc">${chart.description}</desc>
${content}
</svg>
</figure>`;
}

function contentOf(chart: Chart, width: number): { readonly height: number; readonly content: readonly Markup[] } {
  switch (chart.kind) {
    case 'bars':
      return drawBars(chart.bars, width);
    case 'days':
      return drawDays(chart.days, width);
    case 'points':
      return drawPoints(chart.rows, chart.legend, width);
  }
}

function drawBars(bars: readonly Bar[], width: number) {
  const left = labelWidth(bars, width);
  const right = Math.max(...bars.map(({ text }) => widthOf(text))) + 14;
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const x = scaleLinear([0, most], [0, width - left - right]);
  const content = bars.map(({ label, value, text, tone }, index) => {
    const length = Math.max(value > 0 ? 2 : 0, x(Math.max(0, value)));
    const y = index * ROW;
    return markup`<text class="label" x="${left - 10}" y="${y + 20}">${shortened(label, left - 10)}</text>
<rect class="track" x="${left}" y="${y + 6}" width="${round(width - left - right)}" height="18" rx="3"/>
<rect class="bar ${tone}" x="${left}" y="${y + 6}" width="${round(length)}" height="18" rx="3"/>
<text class="figure" x="${round(left + length + 8)}" y="${y + 20}">${text}</text>`;
  });
  return { height: bars.length * ROW, content };
}

function drawDays(days: Extract<Chart, { kind: 'days' }>['days'], width: number) {
  const [top, bottom, left, height] = [12, 26, 52, 200];
  const y = scaleLinear([0, Math.max(1, ...days.map(({ value }) => value))], [height - bottom, top]).nice(4);
  const x = scaleBand(
    days.map(({ label }) => label),
    [left, width - 4],
  ).padding(0.25);
  const ticks = y.ticks(4).filter(Number.isInteger);
  const grid = ticks.map(
    (tick) => markup`<line class="grid" x1="${left}" x2="${width - 4}" y1="${round(y(tick))}" y2="${round(y(tick))}"/>
<text class="tick" text-anchor="end" x="${left - 8}" y="${round(y(tick) + 4)}">${tick}</text>`,
  );
  const columns = days.map(({ label, value }, index) => {
    const at = x(label) ?? 0;
    const column = markup`<rect class="bar plain" x="${round(at)}" y="${round(y(value))}" width="${round(x.bandwidth())}" height="${round(y(0) - y(value))}" rx="2"/>`;
    const isMarked = index === 0 || (index + 1) % 5 === 0;
    const name = markup`<text class="tick" text-anchor="middle" x="${round(at + x.bandwidth() / 2)}" y="${height - 8}">${label}</text>`;
    return isMarked ? markup`${column}${name}` : column;
  });
  return { height, content: [...grid, ...columns] };
}

function drawPoints(rows: readonly PointBar[], legend: readonly [string, string], width: number) {
  const left = labelWidth(rows, width);
  const right = Math.max(...rows.map(({ text }) => widthOf(text))) + 14;
  const values = rows.flatMap(({ posted, pending }) => [posted, pending]);
  const x = scaleLinear([Math.min(0, ...values), Math.max(0, ...values)], [left, width - right]);
  const bar = (value: number, y: number, kind: string) => {
    const from = Math.min(x(0), x(value));
    return markup`<rect class="bar ${kind}" x="${round(from)}" y="${y}" width="${round(Math.abs(x(value) - x(0)))}" height="9" rx="2"/>`;
  };
  const top = 30;
  const content = rows.map(({ label, posted, pending, text }, index) => {
    const y = top + index * (ROW + 4);
    return markup`<text class="label" x="${left - 10}" y="${y + 16}">${shortened(label, left - 10)}</text>
${bar(posted, y + 2, 'posted')}
${bar(pending, y + 13, 'pending')}
<text class="figure end" x="${width}" y="${y + 16}">${text}</text>`;
  });
  const height = top + rows.length * (ROW + 4);
  const second = left + 18 + widthOf(legend[0]) + 24;
  const key = markup`<rect class="bar posted" x="${left}" y="6" width="12" height="10" rx="2"/>
<text class="tick" x="${left + 18}" y="15">${legend[0]}</text>
<rect class="bar pending" x="${round(second)}" y="6" width="12" height="10" rx="2"/>
<text class="tick" x="${round(second + 18)}" y="15">${legend[1]}</text>
<line class="axis" x1="${round(x(0))}" x2="${round(x(0))}" y1="${top - 4}" y2="${height}"/>`;
  return { height, content: [key, ...content] };
}

/** Room for the labels: what the longest needs, and at most two fifths of the drawing. */
function labelWidth(rows: readonly { readonly label: string }[], width: number): number {
  const longest = Math.max(...rows.map(({ label }) => widthOf(label)));
  return Math.round(Math.min(longest + 16, width * 0.4));
}

/** How wide a text is about, in units of the drawing: a Chinese character is as wide as it is high, a letter about half. */
function widthOf(text: string): number {
  return [...text].reduce((sum, character) => sum + charWidth(character), 0);
}

function charWidth(character: string): number {
  return /[\u2e80-\uffff]/.test(character) ? LETTER : LETTER * 0.58;
}

/** As much of a text as fits. */
function shortened(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let short = '';
  for (const character of text) {
    if (widthOf(`${short}${character}…`) > width) break;
    short += character;
  }
  return `${short.trimEnd()}…`;
}

/** One decimal is finer than any screen. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
