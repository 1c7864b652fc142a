import { globSync, readFileSync } from 'node:fs';

/** One file of the repository: its path from the root, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The files that match, in the order of their paths, without what others wrote or what was made. */
export function sourceFiles(...patterns: readonly string[]): readonly SourceFile[] {
  return globSync([...patterns], { exclude: ['**/node_modules/**', '**/cdk.out/**', '**/.local/**'] })
    .sort()
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

/** The text without comments: what stands in it is code. Strings that hold `//` lose their end, which no check here minds. */
export function codeOf(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '');
}
