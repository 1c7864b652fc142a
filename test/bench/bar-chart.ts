import { scaleLinear } from 'd3-scale';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The value as it is read: `1.43 times`. */
  readonly text: string;
  /** Undefined where nothing is to be met. */
  readonly met?: boolean;
}

export interface BarChart {
  readonly title: string;
  /** At least one. */
  readonly bars: readonly Bar[];
  /** Where the line of the target stands, and what is written at it. */
  readonly target?: { readonly value: number; readonly text: string };
}

const WIDTH = 860;
const ROW = 26;
const TOP = 58;
const BOTTOM = 14;
/** Of a letter at this size, on average. */
const LETTER = 7;

/** Light unless whoever looks prefers it dark; drawn on its own ground, for a page may be of either kind. */
const STYLE = `
  .ground { fill: #ffffff } .text { fill: #1f2328; stroke: #ffffff; stroke-width: 4px; paint-order: stroke } .soft { fill: #59636e } .bar { fill: #6e7781 }
  .met { fill: #1a7f37 } .short { fill: #bc4c00 } .line { stroke: #0969da; stroke-width: 2; stroke-dasharray: 5 4 }
  .note { fill: #0969da }
  text { font: 13px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .text { fill: #e6edf3; stroke: #0d1117 } .soft { fill: #9198a1 } .bar { fill: #848d97 }
    .met { fill: #3fb950 } .short { fill: #f0883e } .line { stroke: #58a6ff } .note { fill: #58a6ff }
  }`;

/**
 * Horizontal bars as an SVG of its own, with all figures in words for those who cannot see it.
 * @throws RangeError without a bar, or for a value that cannot be drawn
 */
export function barChart({ title, bars, target }: BarChart): string {
  if (bars.length === 0) throw new RangeError(`${title}: there is nothing to draw`);
  const odd = bars.find(({ value }) => !Number.isFinite(value) || value < 0);
  if (odd) throw new RangeError(`${title}: ${odd.label} is ${odd.value}`);
  const left = 24 + LETTER * Math.max(...bars.map(({ label }) => label.length));
  const right = 24 + LETTER * Math.max(...bars.map(({ text }) => text.length));
  const most = Math.max(target?.value ?? 0, ...bars.map(({ value }) => value));
  const x = scaleLinear([0, most || 1], [left, WIDTH - right]);
  const height = TOP + bars.length * ROW + BOTTOM;
  const told = bars.map(({ label, text }) => `${label}: ${text}`).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title told">
<title id="title">${escaped(title)}</title>
<desc id="told">${escaped(target ? `${told}; target: ${target.text}` : told)}</desc>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>
<text class="text title" x="16" y="26">${escaped(title)}</text>
${bars.map((bar, index) => drawnBar(bar, TOP + index * ROW, x, left)).join('\n')}
${target ? targetLine(target, x(target.value), height) : ''}
${bars.map((bar, index) => drawnText(bar, TOP + index * ROW, x, left)).join('\n')}
</svg>
`;
}

type Scale = (value: number) => number;

function lengthOf(value: number, x: Scale, left: number): number {
  return round(Math.max(value > 0 ? 2 : 0, x(value) - left));
}

function drawnBar({ value, met }: Bar, y: number, x: Scale, left: number): string {
  const kind = { true: 'met', false: 'short', undefined: 'bar' }[String(met)] ?? 'bar';
  return `<rect class="${kind}" x="${left}" y="${y}" width="${lengthOf(value, x, left)}" height="18" rx="3"/>`;
}

/** Over the line of the target, which would cross it out. */
function drawnText({ label, value, text }: Bar, y: number, x: Scale, left: number): string {
  return `<text class="soft" x="${left - 8}" y="${y + 14}" text-anchor="end">${escaped(label)}</text>
<text class="text" x="${round(left + lengthOf(value, x, left) + 6)}" y="${y + 14}">${escaped(text)}</text>`;
}

/** What is written at the line stands on whichever side has the room. */
function targetLine({ text }: { readonly text: string }, at: number, height: number): string {
  const room = WIDTH - at > LETTER * text.length + 16;
  const note = room ? `x="${round(at + 6)}"` : `x="${round(at - 6)}" text-anchor="end"`;
  return `<line class="line" x1="${round(at)}" x2="${round(at)}" y1="${TOP - 10}" y2="${height - 6}"/>
<text class="note" ${note} y="${TOP - 12}">${escaped(text)}</text>`;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
