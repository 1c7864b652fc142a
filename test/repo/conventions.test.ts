import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { citedIds, RULE_IDS } from './rule-ids.ts';
import { codeOf, sourceFiles } from './source-files.ts';

const LONGEST_HANDLER_LINES = 40;
const LONGEST_FILE_LINES = 400;

const handlers = sourceFiles('functions/**/*.handler.ts');
const production = sourceFiles('{functions,infra,shared}/**/*.ts', '*.ts');
const everything = [...production, ...sourceFiles('test/**/*.ts', 'docs/**/*.md', '*.md')];
const packageFile = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

function linesOf(text: string): number {
  return text.trimEnd().split('\n').length;
}

describe('a handler wires and decides nothing', () => {
  test('there are handlers to look at', () => {
    expect(handlers.length).toBeGreaterThan(10);
  });

  test.each(handlers)('$path has under 40 lines', ({ text }) => {
    expect(linesOf(text)).toBeLessThan(LONGEST_HANDLER_LINES);
  });

  test.each(handlers)('$path has no branch', ({ text }) => {
    expect(codeOf(text)).not.toMatch(/\bif\s*\(|\bswitch\s*\(|\s\?\s/);
  });

  test.each(handlers)('$path opens with what comes in and what goes out', ({ text }) => {
    const comments = text
      .split('\n')
      .filter((line) => line.startsWith('//'))
      .filter((line) => /^\/\/ \w+: /.test(line));
    expect(comments.slice(0, 2).map((line) => line.slice(0, 7))).toEqual(['// In: ', '// Out:']);
    expect(text.startsWith('// In: ')).toBe(true);
  });
});

describe('files stay readable', () => {
  test('no file outside the tests is over 400 lines', () => {
    const long = production.filter(({ text }) => linesOf(text) > LONGEST_FILE_LINES).map(({ path }) => path);
    expect(long).toEqual([]);
  });

  test('files are named in kebab-case', () => {
    const names = [...production, ...sourceFiles('test/**/*.ts')].map(({ path }) => path);
    expect(names.filter((path) => !/^(?:[\w.-]+\/)*[a-z0-9]+(?:[-.][a-z0-9]+)*\.ts$/.test(path))).toEqual([]);
  });

  test('nothing is left for later', () => {
    const mark = new RegExp(String.raw`\b(?:${'TO'}DO|${'FIX'}ME)\b`);
    expect(everything.filter(({ text }) => mark.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe('what is cited exists', () => {
  test('every rule that code, tests or pages cite is in the rule book', () => {
    const unknown = everything
      .filter(({ path }) => path !== 'test/repo/rule-ids.ts')
      .flatMap(({ path, text }) =>
        citedIds(text)
          .filter((id) => !RULE_IDS.has(id))
          .map((id) => `${path}: ${id}`),
      );
    expect(unknown).toEqual([]);
  });

  test('citations are recognised among other text', () => {
    expect(
      citedIds('see S-5, G-2.1a and (C-11); not P-07, P-11, clocks.C-1.1, E-204, C-10023, UTF-8 or SHA-256'),
    ).toEqual(['S-5', 'G-2.1a', 'C-11']);
  });

  test('every command that a page names is a script of the package', () => {
    expect(existsSync('README.md')).toBe(true);
    const named = sourceFiles('*.md', 'docs/**/*.md').flatMap(({ path, text }) =>
      [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)].map((match) => ({
        path,
        script: match[1] ?? match[2] ?? '',
      })),
    );
    expect(named.filter(({ script }) => !(script in packageFile.scripts))).toEqual([]);
  });

  test('every file that a page links to is there', () => {
    const broken = sourceFiles('*.md', 'docs/**/*.md').flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map((match) => new URL(match[1] ?? '', new URL(path, 'file:///')).pathname.slice(1))
        .filter((target) => !existsSync(target))
        .map((target) => `${path}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
});
