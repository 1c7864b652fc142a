import { scaleBand, scaleLinear } from 'd3-scale';
import { type Markup, markup } from './markup.ts';
import type { Bar, Chart, PointBar } from './page.ts';

/**
 * A chart of rows and letters of the page, with drawn bars only: letters keep their size on a narrow screen, where the
 * bars are shorter and stand under their labels. For those who cannot see it, it is a picture with a title and a text
 * that says its figures.
 */
export function drawChart(chart: Chart, id: string): Markup {
  return markup`<figure>
<figcaption id="${id}-title">${chart.title}</figcaption>
<p class="unseen" id="${id}-desc">${chart.description}</p>
<div class="chart ${chart.kind}" role="img" aria-labelledby="${id}-title" aria-describedby="${id}-desc">
${contentOf(chart)}
</div>
</figure>`;
}

function contentOf(chart: Chart): Markup {
  switch (chart.kind) {
    case 'bars':
      return drawBars(chart.bars);
    case 'days':
      return drawDays(chart.days);
    case 'points':
      return drawPoints(chart.rows, chart.legend);
  }
}

function drawBars(bars: readonly Bar[]): Markup {
  const x = scaleLinear([0, Math.max(1, ...bars.map(({ value }) => value))], [0, 100]).clamp(true);
  const rows = bars.map(({ label, value, text, tone }) =>
    row(
      label,
      text,
      markup`<rect class="track" width="100%" height="18" rx="3"/>${value > 0 ? markup`<rect class="bar ${tone}" width="${percent(x(value))}" height="18" rx="3"/>` : ''}`,
    ),
  );
  return markup`${rows}`;
}

function row(label: string, text: string, drawn: Markup): Markup {
  return markup`<div class="row"><span class="label">${label}</span><svg>${drawn}</svg><span class="figure">${text}</span></div>`;
}

function drawDays(days: Extract<Chart, { kind: 'days' }>['days']): Markup {
  const [top, bottom, height] = [12, 26, 200];
  const y = scaleLinear([0, Math.max(1, ...days.map(({ value }) => value))], [height - bottom, top]).nice(4);
  const x = scaleBand(
    days.map(({ label }) => label),
    [0, 100],
  ).padding(0.25);
  const ticks = y.ticks(4).filter(Number.isInteger);
  const grid = ticks.map(
    (tick) => markup`<line class="grid" x1="0" x2="100%" y1="${round(y(tick))}" y2="${round(y(tick))}"/>
<text class="tick" text-anchor="end" x="-8" y="${round(y(tick) + 4)}">${tick}</text>`,
  );
  const columns = days.map(({ label, value }, index) => {
    const at = x(label) ?? 0;
    const column = markup`<rect class="bar plain" x="${percent(at)}" y="${round(y(value))}" width="${percent(x.bandwidth())}" height="${round(y(0) - y(value))}" rx="2"/>`;
    const isMarked = index === 0 || (index + 1) % 5 === 0;
    const name = markup`<text class="tick" text-anchor="middle" x="${percent(at + x.bandwidth() / 2)}" y="${height - 8}">${label}</text>`;
    return isMarked ? markup`${column}${name}` : column;
  });
  return markup`<svg>${grid}${columns}</svg>`;
}

function drawPoints(rows: readonly PointBar[], legend: readonly [string, string]): Markup {
  const values = rows.flatMap(({ posted, pending }) => [posted, pending]);
  const x = scaleLinear([Math.min(0, ...values), Math.max(0, ...values)], [0, 100]);
  const bar = (value: number, y: number, kind: string) =>
    markup`<rect class="bar ${kind}" x="${percent(Math.min(x(0), x(value)))}" y="${y}" width="${percent(Math.abs(x(value) - x(0)))}" height="9" rx="2"/>`;
  const axis = markup`<line class="axis" x1="${percent(x(0))}" x2="${percent(x(0))}" y1="0" y2="100%"/>`;
  const key = ['posted', 'pending'].map(
    (kind, index) =>
      markup`<span><svg><rect class="bar ${kind}" width="12" height="10" rx="2"/></svg>${legend[index] ?? ''}</span>`,
  );
  const drawn = rows.map(({ label, posted, pending, text }) =>
    row(label, text, markup`${bar(posted, 6, 'posted')}${bar(pending, 17, 'pending')}${axis}`),
  );
  return markup`<p class="legend">${key}</p>
${drawn}`;
}

/** A hundredth of the width, to a hundredth. */
function percent(value: number): string {
  return `${Math.round(value * 100) / 100}%`;
}

/** One decimal is finer than any screen. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
