import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { resourcesOf, synthesize } from './system-under-test.ts';

const FunctionProperties = z.object({
  Code: z.object({ ZipFile: z.string() }),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});
const functions = resourcesOf(synthesize('dev'), 'AWS::Lambda::Function').map(({ stack, Properties }) => {
  const { Code, Environment } = FunctionProperties.parse(Properties);
  const [step = ''] = Code.ZipFile.replace('// ', '').split('\n');
  return { stack, step, variables: Object.keys(Environment.Variables) };
});
const handlers = globSync('functions/*/*.handler.ts').map((file) => file.replace(/^functions\/|\.handler\.ts$/g, ''));

const givenToAll = /^(ENVIRONMENT|NODE_OPTIONS|POWERTOOLS_\w+)$/;

/** The variables that a handler names with a zod type, and whether it can do without. */
function namedBy(step: string): readonly { readonly name: string; readonly optional: boolean }[] {
  const parts = readFileSync(`functions/${step}.handler.ts`, 'utf8').split(/[\n,{]/);
  const declared = parts.map((part) => part.match(/^\s*([A-Z][A-Z_]+): (.*)$/));
  return declared.flatMap((match) =>
    match?.[1] ? [{ name: match[1], optional: /optional/.test(match[2] ?? '') }] : [],
  );
}

describe('what is wired and what is written fit together', () => {
  test('every handler runs somewhere, and every function has a handler', () => {
    expect([...new Set(functions.map(({ step }) => step))].sort()).toEqual([...handlers].sort());
  });

  test.each(functions)('$stack gives $step every variable that it demands', ({ step, variables }) => {
    const demanded = namedBy(step).filter(({ optional }) => !optional);
    expect(demanded.map(({ name }) => name).filter((name) => !variables.includes(name))).toEqual([]);
  });

  test.each(functions)('$stack tells $step of nothing that it does not use', ({ step, variables }) => {
    const names = namedBy(step).map(({ name }) => name);
    expect(variables.filter((name) => !givenToAll.test(name) && !names.includes(name))).toEqual([]);
  });
});
