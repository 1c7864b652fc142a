import type { Language } from './negotiate.ts';

/** A review in the words of one language, before it is Markdown or a page: what stands where, and nothing of how it looks. */
export interface Page {
  readonly language: Language;
  readonly title: string;
  /** The month. */
  readonly about: string;
  readonly subtitle: string;
  readonly notice: {
    readonly kind: 'provisional' | 'standing';
    readonly title: string;
    readonly lines: readonly string[];
  };
  readonly tiles: readonly Tile[];
  readonly sections: readonly Section[];
  readonly footer: readonly string[];
}

export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly text?: string;
  readonly charts: readonly Chart[];
  readonly tables: readonly Table[];
  /** How wide it stands: the whole page, half of it beside its neighbour, or whole with its chart beside its table. */
  readonly layout: 'full' | 'half' | 'beside';
}

export type Tone = 'plain' | 'red' | 'yellow' | 'blue';

/** A chart, with every figure in words beside it: its tables and its description say the same. */
export type Chart = { readonly title: string; readonly description: string } & (
  | { readonly kind: 'bars'; readonly bars: readonly Bar[] }
  | { readonly kind: 'days'; readonly days: readonly { readonly label: string; readonly value: number }[] }
  | { readonly kind: 'points'; readonly legend: readonly [string, string]; readonly rows: readonly PointBar[] }
);
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly tone: Tone;
}
/** One department's points, in hundredths. */
export interface PointBar {
  readonly label: string;
  readonly posted: number;
  readonly pending: number;
  readonly text: string;
}

export interface Table {
  readonly head: readonly string[];
  /** How many of the first columns are words; the others are figures and stand to the right. */
  readonly words: number;
  readonly rows: readonly (readonly Cell[])[];
  readonly total?: readonly Cell[];
}
/** A cell; `bad` and `marked` ones stand out. */
export type Cell = string | { readonly text: string; readonly kind: 'marked' | 'good' | 'bad' };

/** A cell's words. */
export function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
