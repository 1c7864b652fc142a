import { globSync } from 'node:fs';
import { join } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { type BuildOptions, buildSync } from 'esbuild';

/** Gives the code of a step (`alerts/raise-alert`) as a Lambda asset whose handler is `index.handler`. */
export type CodeOf = (step: string) => Code;

const root = join(import.meta.dirname, '..');
const outdir = join(root, '.build', 'functions');

/** The bundled SDK requires Node's own modules at run time, which an ES module can do only through `createRequire`. */
const requireInModules = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** How every function is bundled; the bench bundles what it compares them with in the same way. */
export const BUNDLE_SETTINGS = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  mainFields: ['module', 'main'],
  banner: { js: requireInModules },
  legalComments: 'none',
  sourcemap: true,
  sourcesContent: false, // Lines and names are enough for a stack trace; the text stands in the repository.
  logLevel: 'warning',
} as const satisfies BuildOptions;

/**
 * Bundles every handler under `functions/`, the AWS SDK included, in one call to esbuild: the modules that functions
 * share are read once. Starts with the first step asked for, so that an app without functions bundles nothing.
 * @throws Error naming the file when a step has no handler
 */
export function bundledCode(): CodeOf {
  let bundled: ReadonlySet<string> | undefined;
  return (step) => {
    bundled ??= bundleAll();
    if (!bundled.has(step)) throw new Error(`functions/${step}.handler.ts is missing, and the infrastructure wires it`);
    return Code.fromAsset(join(outdir, step));
  };
}

/** Stands in for real code where a template is what matters: nothing is bundled, and the template names the step. */
export const placeholderCode: CodeOf = (step) => Code.fromInline(`// ${step}\nexports.handler = async () => ({});`);

function bundleAll(): ReadonlySet<string> {
  const steps = globSync('*/*.handler.ts', { cwd: join(root, 'functions') }).map((file) =>
    file.replace('.handler.ts', ''),
  );
  buildSync({
    ...BUNDLE_SETTINGS,
    absWorkingDir: root,
    entryPoints: Object.fromEntries(steps.map((step) => [`${step}/index`, `functions/${step}.handler.ts`])),
    outdir,
  });
  return new Set(steps);
}
