import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { LANGUAGES } from '#functions/reviews/negotiate.ts';
import { pageOf } from '#functions/reviews/page-of.ts';
import { renderHtml } from '#functions/reviews/render-html.ts';
import { ReviewInputsV1 } from '#shared/contracts/review-inputs.v1.ts';
import { reviewOf } from '#shared/domain/review/review.ts';

// node test/reviews/pictures.ts (--url U --month 2020-03 | --inputs FILE) [--out DIR] [--top] [--width 400]
// Renders a review as PNGs in every language, light and dark, with Chromium (CHROMIUM names another one than the usual).
// --url reads it of a running local system, which is asked to run it first; --top keeps only what is seen first.
// Each page is printed, too, with dark asked for, and has to come out in light.

const WIDTH = '1120';
const TOP_HEIGHT = 1180;
const PAPER = 'rgb(255, 255, 255)';
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const SILENT = ['--disable-component-update', '--disable-sync', '--font-render-hinting=none'];

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const options = { url: text, month: text, inputs: text, out: text, top: { type: 'boolean' }, width: text } as const;
  const { values } = parseArgs({ options });
  const { url, month = '', inputs, out = 'docs/images', top = false, width = WIDTH } = values;
  const pages = url === undefined ? ofInputs(inputs ?? '') : await ofSystem(url, month);
  mkdirSync(out, { recursive: true });
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: [...QUIET, ...SILENT] });
  for (const [language, html] of Object.entries(pages))
    for (const colorScheme of ['light', 'dark'] as const) {
      const file = join(out, `review-${language}-${colorScheme}.png`);
      writeFileSync(file, await pictureOf(browser, html, { colorScheme, top, width: Number(width) }));
      console.log(file);
    }
  await browser.close();
}

interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly top: boolean;
  /** Of the window, in pixels. */
  readonly width: number;
}

/**
 * A page as PNG.
 * @throws Error when it asks for anything from elsewhere, is wider than its window, or is dark on paper
 */
async function pictureOf(browser: Browser, html: string, { colorScheme, top, width }: Look) {
  const page = await browser.newPage({ colorScheme, viewport: { width, height: TOP_HEIGHT } });
  page.on('request', (request) => {
    if (!request.url().startsWith('about:')) throw new Error(`the page asks for ${request.url()}`);
  });
  await page.setContent(html);
  const found = await page.evaluate('document.documentElement.scrollWidth');
  if (found !== width) throw new Error(`the page is ${found} wide in a window of ${width}`);
  const picture = await page.screenshot({ fullPage: !top });
  await page.emulateMedia({ media: 'print', colorScheme });
  const card = await page.evaluate('getComputedStyle(document.querySelector("section")).backgroundColor');
  if (card !== PAPER) throw new Error(`a card is ${card} on paper`);
  await page.close();
  return picture;
}

function ofInputs(file: string): Record<string, string> {
  const inputs = ReviewInputsV1.parse(JSON.parse(readFileSync(file, 'utf8')));
  const review = reviewOf(inputs);
  return Object.fromEntries(LANGUAGES.map((each) => [each, renderHtml(pageOf(review, 'inputs of a file', each))]));
}

async function ofSystem(url: string, month: string): Promise<Record<string, string>> {
  const claims = { sub: 'pictures', roles: ['executive'] };
  const answered = await fetch(`${url}/_local/token`, { method: 'POST', body: JSON.stringify(claims) });
  const authorization = `Bearer ${(await answered.text()).split('"')[3]}`;
  const ran = await fetch(`${url}/reviews/${month}/runs`, { method: 'POST', headers: { authorization } });
  if (!ran.ok) throw new Error(`${month} could not be run: ${await ran.text()}`);
  const pages = LANGUAGES.map(async (language) => {
    const headers = { authorization, accept: 'text/html', 'accept-language': language };
    return [language, await (await fetch(`${url}/reviews/${month}`, { headers })).text()] as const;
  });
  return Object.fromEntries(await Promise.all(pages));
}

await main();
