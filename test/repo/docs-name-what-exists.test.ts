import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DEAD_LETTERS_OUTPUT } from '#infra/dead-letters.ts';
import { ROUTES } from '#shared/contracts/api/routes.ts';
import { resourcesOf, synthesize } from '#test/infra/system-under-test.ts';
import { codeOf, sourceFiles } from './source-files.ts';

/** What somebody types at night has to be true: every name in these pages is held against what would be deployed. */
const pages = sourceFiles('docs/operations/**/*.md', 'README.md', 'docs/local-system.md');
const prod = synthesize('prod');

/** All matches of a pattern in the pages, once each, with the page. */
function named(pattern: RegExp): readonly { readonly page: string; readonly words: readonly string[] }[] {
  const found = pages.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(([all, ...groups]) => ({ page: path, all, words: groups.map((one) => one ?? '') })),
  );
  return [...new Map(found.map((one) => [`${one.page} ${one.all}`, one])).values()];
}

/** `page: what` of those that are not as the test demands. */
function wrong(found: ReturnType<typeof named>, isRight: (words: readonly string[]) => boolean): readonly string[] {
  return found.filter(({ words }) => !isRight(words)).map(({ page, words }) => `${page}: ${words.join(' ')}`);
}

const outputs = (stack = '') => Object.keys(prod.stacks[stack]?.json.Outputs ?? {});

describe('the pages of operations name what exists', () => {
  test('there are pages to look at', () => {
    expect(pages.length).toBeGreaterThan(15);
  });

  test('routes', () => {
    const found = named(/\b(GET|POST|PUT|DELETE) (\/[\w{}./-]*)/g).filter(
      ({ words }) => !words[1]?.startsWith('/_local'),
    );
    expect(found.length).toBeGreaterThan(10);
    expect(wrong(found, ([method = '', path = '']) => ROUTES.some((route) => isCallOf(route, method, path)))).toEqual(
      [],
    );
  });

  test('paths that commands call', () => {
    const found = named(/\$URL(\/[\w$./-]*)/g).filter(({ words }) => !words[0]?.startsWith('/_local'));
    expect(found.length).toBeGreaterThan(5);
    expect(wrong(found, ([path = '']) => ROUTES.some((route) => isCallOf(route, route.method, path)))).toEqual([]);
  });

  test('outputs of stacks', () => {
    const found = [
      ...named(/(?:\$\(|`|^)output (\w+) "?(?:\$\{?TABLE\}?)?(\w+)/gm).filter(({ words }) => words[1] !== 'Table'),
      ...named(/--stack-name interlock-\w+-(\w+) --query "Stacks\[0\]\.Outputs\[\?OutputKey=='(\w+)'/g),
    ];
    expect(found.length).toBeGreaterThan(5);
    expect(wrong(found, ([stack = '', output = '']) => outputs(stack).includes(output))).toEqual([]);
    expect(
      wrong(named(/\boutput `(\w+)`/gi), ([output = '']) =>
        Object.keys(prod.stacks).some((s) => outputs(s).includes(output)),
      ),
    ).toEqual([]);
  });

  test('stacks', () => {
    const found = named(/\binterlock-(?:prod|dev|staging|local|<env>)-([a-z]+)(?![\w-]*-EXAMPLE)/g);
    expect(found.length).toBeGreaterThan(5);
    expect(wrong(found, ([stack = '']) => stack in prod.stacks)).toEqual([]);
  });

  test('parts of stacks, by the beginning of their ids', () => {
    const found = named(/\bnamed (\w+) (AWS::\w+::\w+) ([\w']+)/g);
    expect(found.length).toBeGreaterThan(3);
    const isThere = ([stack, type = '', start = '']: readonly string[]) =>
      resourcesOf(prod, type).some((one) => one.stack === stack && one.id.startsWith(start.replaceAll("'", '')));
    expect(wrong(found, isThere)).toEqual([]);
    const one = found.filter(({ words }) => words[1] === 'AWS::Lambda::Function');
    const isOne = ([stack, type = '', start = '']: readonly string[]) =>
      resourcesOf(prod, type).filter((each) => each.stack === stack && each.id.startsWith(start)).length === 1;
    expect(wrong(one, isOne)).toEqual([]);
  });

  test('all that runs by the clock, where a restore stops it', () => {
    const [stopped] = named(/for START in ([\w ]+);/g).map(({ words: [names = ''] }) => names.split(' '));
    const scheduled = resourcesOf(prod, 'AWS::Scheduler::Schedule').map(({ id }) => id.replace(/Schedule.*/, ''));
    expect(stopped?.toSorted()).toEqual([...new Set(scheduled)].sort());
  });

  test('queues of dead letters', () => {
    const found = named(/npm run dlq -- (?:show|redrive|discard) ([\w/-]+)/g).filter(
      ({ words }) => words[0] !== 'QUEUE',
    );
    expect(found.length).toBeGreaterThan(3);
    const names = Object.values(prod.stacks).flatMap(({ json }) =>
      Object.entries(json.Outputs)
        .filter(([key]) => key.startsWith(DEAD_LETTERS_OUTPUT))
        .map(([, output]) => z.object({ Description: z.string() }).parse(output).Description),
    );
    expect(wrong(found, ([name]) => names.includes(`Dead letters: ${name}`))).toEqual([]);
  });

  test('steps, by the names that alarms carry', () => {
    const ids = Object.values(prod.stacks).flatMap(({ json }) => Object.keys(json.Resources));
    const found = named(/`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g).filter(({ words: [name = ''] }) => !NOT_OURS.has(name));
    expect(found.length).toBeGreaterThan(5);
    const isKnown = ([name = '']: readonly string[]) =>
      ids.some((id) => id.includes(name)) || Object.keys(prod.stacks).some((stack) => outputs(stack).includes(name));
    expect(
      wrong(
        found.filter(({ page }) => page.startsWith('docs/operations')),
        isKnown,
      ),
    ).toEqual([]);
  });

  test('options of our own commands', () => {
    const codeIn = (files: string) =>
      sourceFiles(files)
        .map((file) => codeOf(file.text))
        .join('');
    const found = named(
      /npm run (dlq|restore|republish|recount|verify|deploy|diff|destroy|replay) -- ([^\n`]*)/g,
    ).flatMap(({ page, words: [command = '', rest = ''] }) =>
      [...rest.matchAll(/--([a-z-]+)/g)].map((match) => ({ page, words: [command, match[1] ?? ''] })),
    );
    expect(found.length).toBeGreaterThan(20);
    const text = (command: string) => {
      const own = codeIn(`infra/cli/${/diff|destroy/.test(command) ? 'deploy' : command}{.ts,/**/*.ts}`);
      return own.includes('WHERE') ? own + codeIn('infra/cli/command-line.ts') : own; // --env and --url, for all.
    };
    expect(
      wrong(found, ([command = '', option = '']) => new RegExp(`['"]?${option}['"]?: `).test(text(command))),
    ).toEqual([]);
  });

  test('headings that links lead to', () => {
    const slugs = new Map(
      pages.map(({ path, text }) => [path, [...text.matchAll(/^#+ (.+)$/gm)].map((match) => slugOf(match[1] ?? ''))]),
    );
    const links = named(/\]\(([^)#\s]*)#([^)\s]+)\)/g).map(({ page, words: [to = '', heading = ''] }) => {
      const target = to === '' ? page : new URL(to, new URL(page, 'file:///')).pathname.slice(1);
      return { page, words: [target, heading] };
    });
    expect(links.length).toBeGreaterThan(5);
    expect(wrong(links, ([target = '', heading = '']) => slugs.get(target)?.includes(heading) ?? false)).toEqual([]);
  });
});

/** What pages name that is AWS's, or an error's. */
const NOT_OURS = new Set([
  'AccessDenied',
  'WriteRefused',
  'RangeError',
  'ThrottlingException',
  'PutEvents',
  'NotEmpty',
  'SenderId',
]);

/** Whether a path is one of the route, whatever stands for its parameters: `{id}`, `$SOURCE`, a value. */
function isCallOf(route: { readonly method: string; readonly path: string }, method: string, path: string): boolean {
  const given = path.replace(/[./]+$/, '').split('/');
  const parts = route.path.split('/');
  return (
    route.method === method &&
    parts.length === given.length &&
    parts.every(
      (part, at) => part === given[at] || (part.startsWith('{') ? given[at] !== '' : given[at]?.startsWith('$')),
    )
  );
}

function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(/\s/g, '-');
}
