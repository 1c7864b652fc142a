import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LANGUAGES, type Language } from '#functions/reviews/negotiate.ts';
import { pageOf } from '#functions/reviews/page-of.ts';
import { renderHtml } from '#functions/reviews/render-html.ts';
import { renderMarkdown } from '#functions/reviews/render-markdown.ts';
import { reviewBody } from '#functions/reviews/review-body.ts';
import { STYLE_SHEET } from '#functions/reviews/style-sheet.ts';
import { Review } from '#shared/contracts/api/review-replies.ts';
import type { ReviewInputs } from '#shared/domain/review/inputs.ts';
import { reviewOf } from '#shared/domain/review/review.ts';
import { inputs, received } from '#test/domain/review/review-inputs.ts';

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
    const charts = [...html.matchAll(/role="img" aria-labelledby="(\S+)" aria-describedby="(\S+)"/g)];
    expect(charts).toHaveLength(7);
    for (const [, title, description] of charts) {
      expect(html).toMatch(new RegExp(`<figcaption id="${title}">[^<]+</figcaption>`));
      expect(html).toMatch(new RegExp(`<p class="unseen" id="${description}">[^<]*\\d[^<]*</p>`));
    }
  });

  test('shows shares that add up to what stands below them', () => {
    const cells = ['a', 'b', 'c', 'd', 'e', 'f'].map((type, index) => {
      const category = `category.${index % 3 === 0 ? 'logistics' : 'service'}`;
      const found = { 'determined.valid': 1, [`rated.${index < 2 ? 'neutral' : 'satisfied'}`]: 1 };
      const where = { [category]: 1, [`channel.${type}`]: 1, [`level.${(index % 3) + 1}`]: 1 };
      return { department: type, type, counters: { opened: 1, ...where, ...found } };
    });
    const tables = rendered(language, inputs({ cells }))
      .md.split('\n\n')
      .filter((part) => part.includes('**100.0%**'));
    expect(tables).toHaveLength(6);
    for (const table of tables) {
      const [total = 0, ...shares] = [...table.matchAll(/([\d.]+)%/g)].map(([, share]) => Number(share)).reverse();
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(total, 6);
    }
  });

  test('says that disputes were reported later only where there are some', () => {
    const { receivedLater = '', receivedNothing = '' } = words(language);
    expect(rendered(language, inputs({ received: [] })).html).toContain(receivedLater);
    const { html } = rendered(language, inputs({ cells: [], received: [], ledger: [] }));
    expect(html).toContain(receivedNothing);
    expect(html).not.toContain(receivedLater);
  });

  test('names a source by its own id, also where a channel is called so, and the queue of none in words', () => {
    const { html } = rendered(language, inputs({ received: [received(), received({ source: 'in-house' })] }));
    expect(html).toContain('<td class="w">phone</td>');
    expect(html).toContain(`<td class="w">${words(language)['source.in-house']}</td>`);
    expect(html).not.toContain('>in-house<');
  });

  test('says of each figure of a table with many columns what it is, for screens too narrow for them', () => {
    const { html } = rendered(language);
    const tables = html.split('<table').slice(1);
    expect(tables.some((table) => table.startsWith(' class="many"'))).toBe(true);
    for (const table of tables) {
      const columns = [...table.matchAll(/<th scope="col"/g)].length;
      expect(table.startsWith(' class="many"')).toBe(columns > 4);
      const unnamed = [...table.matchAll(/<td class="n">([^<]+)</g)];
      if (columns > 4) expect(unnamed).toEqual([]);
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
  const grouped = /^(level|channel|clock|finding|rating|source|inTime|tally|statement)\./;
  const plain = Object.keys(words('en')).filter((word) => !grouped.test(word));
  const steps = Object.keys(reviewOf(inputs()).totals);
  expect(plain.filter((word) => !code.includes(`'${word}'`) && !steps.includes(word))).toEqual([]);
});

test("charts are of the page's own letters and as wide as it is: nothing shrinks with the screen", () => {
  const name = '非常長的部門名稱'.repeat(12);
  const { html } = rendered('zh-Hant', inputs({ departments: [{ id: 'logistics', name }] }));
  expect(html).not.toContain('viewBox');
  expect(html).toContain(`<span class="label">${name}</span>`);
  expect(html).toContain(`<td class="w">${name}</td>`);
});

test('paper is light: the dark palette is for screens only', () => {
  expect(STYLE_SHEET).toContain('@media screen and (prefers-color-scheme:dark)');
  expect(STYLE_SHEET.match(/prefers-color-scheme/g)).toHaveLength(1);
});

test.each(['在線', '信息', '字節', '數據', '渠道', '質量', '默認', '視頻', '網絡', '軟件', '用戶', '死信'])(
  'Traditional Chinese is that of its readers: no %s',
  (word) => {
    expect(Object.values(words('zh-Hant')).filter((text) => text.includes(word))).toEqual([]);
  },
);

test('the JSON keeps its contract, with points as text', () => {
  const body = JSON.parse(JSON.stringify(reviewBody(reviewOf(inputs({ running: true })), HASH)));
  expect(Review.parse(body)).toEqual(body);
  expect(body).toMatchObject({
    points: { posted: '-23.00', pending: '-10.00', voided: '-3.00' },
    provisional: { reports: 0, points: '0.00', running: true },
    reconciliation: { agrees: true },
  });
});
