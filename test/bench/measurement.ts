/** One figure of the bench. */
export interface Figure {
  /** What is measured, in words: `accepted, 8 clients`. */
  readonly what: string;
  readonly value: number;
  /** `per s`, `ms`, `s`, `times`. */
  readonly unit: string;
  /** From architecture.md, section 8. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
}

/** What measurements share within one run. */
export interface Bench {
  /** How long each load lasts. */
  readonly seconds: number;
  /** How many reports go end to end. */
  readonly reports: number;
  /** Reports per second of the soak. @default half of the peak, measured first */
  readonly rate?: number;
  /** Whether templates are synthesized anew where the start is measured. */
  readonly cold: boolean;
  /** What goes into the table at the end. */
  readonly add: (figure: Figure) => void;
  /** A figure that a measurement before this one has added in the same run. */
  readonly known: (measurement: string, what: string) => number | undefined;
  /** Shows what is going on. */
  readonly say: (line: string) => void;
}

/** One file of this folder: `--only` takes its name. */
export interface Measurement {
  readonly name: string;
  /** Whether it runs only when it is named. @default false */
  readonly long?: boolean;
  run(bench: Bench): Promise<void>;
}

/** Undefined where there is nothing to meet. */
export function isMet({ value, target }: Figure): boolean | undefined {
  if (!target) return undefined;
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}
