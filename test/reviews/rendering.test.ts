import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LANGUAGES, type Language } from '#functions/reviews/negotiate.ts';
import { pageOf } from '#functions/reviews/page-of.ts';
import { renderHtml } from '#functions/reviews/render-html.ts';
import { renderMarkdown } from '#functions/reviews/render-markdown.ts';
import { reviewBody } from '#functions/reviews/review-body.ts';
import { Review } from '#shared/contracts/api/review-replies.ts';
import type { ReviewInputs } from '#shared/domain/review/inputs.ts';
import { reviewOf } from '#shared/domain/review/review.ts';
import { inputs } from '#test/domain/review/review-inputs.ts';

const HASH = '4a7d1ed414474e4033ac29ccb8653d9b4a7d1ed414474e4033ac29ccb8653d9b';
const golden = new URL('golden/', import.meta.url);
const rendered = (language: Language, of: ReviewInputs = inputs()) => {
  const page = pageOf(reviewOf(of), HASH, language);
  return { md: renderMarkdown(page), html: renderHtml(page) };
};
const words = (language: Language): Record<string, string> =>
  JSON.parse(readFileSync(`functions/reviews/words/${language}.json`, 'utf8'));

/** What a form has to look like, to the byte; a missing file is written, so deleting one accepts what comes now. */
function expectGolden(name: string, text: string): void {
  const file = new URL(name, golden);
  if (!existsSync(file)) {
    mkdirSync(golden, { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, 'utf8'));
}

describe.each(LANGUAGES)('a review in %s', (language) => {
  test.each(['md', 'html'] as const)('is as it was looked at and found good: %s', (form) => {
    expectGolden(`review.${language}.${form}.golden`, rendered(language)[form]);
  });

  test('comes out the same to the byte, whatever the order of its cells', () => {
    const shuffled = inputs({ cells: inputs().cells.toReversed() });
    expect(rendered(language, shuffled)).toEqual(rendered(language));
  });

  test('says by how much it is provisional', () => {
    const uncountedLater = [{ month: '2026-11', source: 'web', received: 1_234, accounted: 0 }];
    const { md, html } = rendered(language, inputs({ uncountedLater, running: true, ledger: [] }));
    for (const text of [md, html]) {
      expect(text).toContain(words(language).provisional);
      expect(text).toContain('1,234');
      expect(text).toContain('40.00'); // Every point that the ledger lacks.
      expect(text).toContain(words(language).provisionalRunning);
    }
  });

  test('of a month of nothing still says so, without charts', () => {
    const { html, md } = rendered(language, inputs({ cells: [], received: [], ledger: [] }));
    expect(html).not.toContain('<svg');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    expect(md).not.toMatch(/NaN|undefined|Infinity/);
    expect(md).toContain(words(language).receivedNothing);
  });

  test('writes a department named as a tag as its name', () => {
    const { html, md } = rendered(language);
    expect(html).not.toContain('<script');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(md).not.toMatch(/(?<!\\)</);
  });

  test('keeps a name from ending a cell, an attribute or a table', () => {
    const name = '"><img src=x onerror=1>|\n| a `b` [c](javascript:d) \' &amp;';
    const { html, md } = rendered(language, inputs({ departments: [{ id: 'logistics', name }] }));
    expect(html).not.toContain('<img');
    expect(html).toContain('&quot;&gt;&lt;img src=x onerror=1&gt;|');
    expect(html).toContain('&amp;amp;');
    const line = md.split('\n').find((each) => each.includes('onerror'));
    expect(line?.match(/(?<!\\)\|/g)).toHaveLength(8);
    expect(md).not.toMatch(/(?<!\\)\[c\]/);
  });

  test('loads nothing and runs nothing', () => {
    const { html } = rendered(language);
    expect(html).not.toMatch(/\b(src|href|@import|url\()/);
    expect(html).toContain(`<html lang="${language}">`);
  });

  test('names every chart and tells its figures to those who cannot see it', () => {
    const { html } = rendered(language);
    const charts = [...html.matchAll(/<svg[^>]*aria-labelledby="(\S+) (\S+)"/g)];
    expect(charts).toHaveLength(7);
    for (const [, title, description] of charts) {
      expect(html).toMatch(new RegExp(`<title id="${title}">[^<]+</title>`));
      expect(html).toMatch(new RegExp(`<desc id="${description}">[^<]*\\d[^<]*</desc>`));
    }
  });
});

test('every language has a word for everything that another has one for', () => {
  const [first = [], ...others] = LANGUAGES.map((language) => Object.keys(words(language)).sort());
  for (const other of others) expect(other).toEqual(first);
});

test('no word of a language stands unused', () => {
  const files = ['page-of', 'share-sections', 'work-sections', 'proof-sections'];
  const code = files.map((file) => readFileSync(`functions/reviews/${file}.ts`, 'utf8')).join('\n');
  const grouped = /^(level|channel|clock|finding|rating|inTime|tally|statement)\./;
  const plain = Object.keys(words('en')).filter((word) => !grouped.test(word));
  const steps = Object.keys(reviewOf(inputs()).totals);
  expect(plain.filter((word) => !code.includes(`'${word}'`) && !steps.includes(word))).toEqual([]);
});

test('a long name is cut where it would run into the bar, and stands whole in the table', () => {
  const name = '非常長的部門名稱'.repeat(12);
  const { html } = rendered('zh-Hant', inputs({ departments: [{ id: 'logistics', name }] }));
  expect(html).toMatch(/<text class="label"[^>]*>非常長的部門名稱[^<]*…<\/text>/);
  expect(html).toContain(`<td class="w">${name}</td>`);
});

test('the JSON keeps its contract, with points as text', () => {
  const body = JSON.parse(JSON.stringify(reviewBody(reviewOf(inputs({ running: true })), HASH)));
  expect(Review.parse(body)).toEqual(body);
  expect(body).toMatchObject({
    points: { posted: '-23.00', pending: '-10.00', voided: '-3.00' },
    provisional: { reports: 0, points: '0.00', running: true },
    reconciliation: { agrees: true },
  });
});
