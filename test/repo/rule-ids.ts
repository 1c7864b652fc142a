/** How many rules each chapter of the rule book has: `G` runs from `G-1` to `G-10`. */
const LAST_RULE = { A: 4, C: 15, D: 11, G: 10, I: 11, N: 1, P: 5, R: 13, S: 22, T: 4, W: 10, X: 4 } as const;

/** The parts of G-2, which grades cite as their reasons. */
const GRADING_RULES = [
  ...['G-2.1a', 'G-2.1b', 'G-2.1c', 'G-2.1d', 'G-2.1e'],
  ...['G-2.2a', 'G-2.2b', 'G-2.2c', 'G-2.2d'],
  'G-2.3', // "Level 3: everything else", which the rule book leaves without a letter.
];

/** Every rule id of the rule book. Code, tests and explanations cite no others. */
export const RULE_IDS: ReadonlySet<string> = new Set([
  ...Object.entries(LAST_RULE).flatMap(([chapter, last]) =>
    Array.from({ length: last }, (_, index) => `${chapter}-${index + 1}`),
  ),
  ...GRADING_RULES,
]);

/** What reads like a rule id in a text: `S-5`, `G-2.1a`; not the partner `P-11`, the path `clocks.C-1.1`, `C-10023`, `UTF-8`. */
export function citedIds(text: string): readonly string[] {
  return text.match(/(?<![\w.-])(?:[ACDGINRSTWX]-[1-9]\d?|P-[1-9])(?:\.\d+[a-z]?)?(?![\w-])/g) ?? [];
}
