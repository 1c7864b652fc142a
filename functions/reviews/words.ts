import * as z from 'zod';
import type { Language } from './negotiate.ts';
import en from './words/en.json' with { type: 'json' };
import zhHans from './words/zh-Hans.json' with { type: 'json' };
import zhHant from './words/zh-Hant.json' with { type: 'json' };

/** What a review can say. */
export type Word = keyof typeof en;

const Text = z.string().min(1);
/** Every language says the same things, no more and no fewer. */
const Words = z.strictObject(Object.fromEntries(Object.keys(en).map((word) => [word, Text])));

const WORDS: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: Words.parse(en),
  'zh-Hant': Words.parse(zhHant),
  'zh-Hans': Words.parse(zhHans),
};

/** One language's words and ways of writing. */
export interface Speech {
  readonly language: Language;
  /** @param values what stands in for `{name}` */
  say(word: Word, values?: Readonly<Record<string, string>>): string;
  /** What is said of one of many (`channel.phone`); its id where the language has no word for it. */
  sayOf(group: string, id: string): string;
  /** A whole number. */
  count(value: number): string;
  /** A share given in basis points, with one decimal. */
  share(bp: number): string;
  /** Hundredths of a point, with both decimals. */
  points(hundredths: number): string;
  /** `2026-11` as people write it. */
  month(month: string): string;
}

/** How a language says and writes things. */
export function speechOf(language: Language): Speech {
  const words = WORDS[language];
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const percent = new Intl.NumberFormat(language, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const decimal = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const month = new Intl.DateTimeFormat(language, { year: 'numeric', month: 'long', timeZone: 'UTC' });
  return {
    language,
    say: (word, values = {}) => filled(words[word] ?? word, values),
    sayOf: (group, id) => words[`${group}.${id}`] ?? id,
    count: (value) => whole.format(value),
    share: (bp) => percent.format(bp / 10_000),
    points: (hundredths) => decimal.format(hundredths / 100),
    month: (text) => month.format(new Date(`${text}-01T00:00:00Z`)),
  };
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}
