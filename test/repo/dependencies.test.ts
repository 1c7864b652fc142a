import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import { beforeAll, describe, expect, test } from 'vitest';

/** Tests may import what they like, and they hold texts that the tool's parser cannot read (lone surrogates). */
const FOLDERS = ['functions', 'infra', 'shared'];

/** Who must not import whom; `to` is what `from` must not reach. */
const forbidden: IForbiddenRuleType[] = [
  { name: 'everything-resolves', from: {}, to: { couldNotResolve: true } },
  { name: 'no-circular', from: {}, to: { circular: true } },
  {
    name: 'domain-is-pure',
    from: { path: '^shared/domain/' },
    to: { pathNot: '^(shared/domain/|node_modules/temporal-polyfill/)' },
  },
  {
    name: 'contracts-know-the-domain-only',
    from: { path: '^shared/contracts/' },
    to: { pathNot: '^(shared/(contracts|domain)/|node_modules/zod/)' },
  },
  {
    name: 'adapters-do-not-run',
    from: { path: '^shared/adapters/' },
    to: { path: '^shared/runtime/' },
  },
  {
    name: 'steps-do-not-know-each-other',
    from: { path: '^functions/([^/]+)/' },
    to: { path: '^functions/', pathNot: '^functions/$1/' },
  },
  {
    name: 'only-handlers-wire',
    from: { path: '^functions/', pathNot: '[.]handler[.]ts$' },
    to: { path: '^(shared/(adapters|runtime)/|node_modules/@(aws-sdk|aws-lambda-powertools|middy)/)' },
  },
  { name: 'shared-looks-down-only', from: { path: '^shared/' }, to: { path: '^(functions|infra|test)/' } },
  {
    name: 'what-is-deployed-is-wired-not-run',
    from: { path: '^infra/', pathNot: '^infra/cli/' },
    to: { path: '^(functions|shared/(adapters|runtime|domain))/' },
  },
  { name: 'commands-run-no-functions', from: { path: '^infra/cli/' }, to: { path: '^(functions|shared/runtime)/' } },
  { name: 'nothing-leans-on-tests', from: { pathNot: '^test/' }, to: { path: '^test/' } },
];

let result: ICruiseResult;

beforeAll(async () => {
  const { output } = await cruise(FOLDERS, {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: '^(node_modules|test)/' },
    validate: true,
    ruleSet: { forbidden },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'default'] },
  });
  if (typeof output === 'string') throw new Error(`the tool answered with text: ${output}`);
  result = output;
});

/** What a file imports, as paths from the root. */
function importsOf(path: string): readonly string[] {
  return result.modules.find(({ source }) => source === path)?.dependencies.map(({ resolved }) => resolved) ?? [];
}

describe('who may import whom', () => {
  test('the tool reads the whole repository', () => {
    expect(result.modules.filter(({ source }) => !source.startsWith('node_modules/')).length).toBeGreaterThan(60);
    expect(result.summary.totalDependenciesCruised ?? 0).toBeGreaterThan(150);
  });

  test('it follows imports of shared code, relative ones and types', () => {
    expect(importsOf('functions/clocks/sweep-due.ts')).toEqual(
      expect.arrayContaining(['shared/domain/calendar/civil-date.ts', 'shared/domain/ports/due-store.ts']),
    );
    expect(importsOf('shared/adapters/due-store.ts')).toContain('shared/domain/ports/due-store.ts');
  });

  test('no import breaks a rule', () => {
    const broken = result.summary.violations.map(
      ({ rule, from, to, cycle }) =>
        `${rule.name}: ${[from, ...(cycle?.map(({ name }) => name) ?? [to])].join(' -> ')}`,
    );
    expect(broken).toEqual([]);
  });
});
