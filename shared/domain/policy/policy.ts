import type { Day } from '../calendar/civil-date.ts';

/** One name in every language that people read it in. */
export interface Names {
  readonly en: string;
  readonly 'zh-Hant': string;
  readonly 'zh-Hans': string;
}

/** How grave: 1 major (red), 2 urgent (yellow), 3 ordinary (blue). */
export type Level = 1 | 2 | 3;
export type PerLevel<T> = { readonly [level in '1' | '2' | '3']: T };

/** An amount in the currency's own minor unit: `{ minor: 5800, currency: 'CNY' }` is 58.00 CNY. */
export interface Money {
  readonly minor: number;
  readonly currency: string;
}

/** What a clock allows, and on which calendar it counts (section 4). */
export type Allowance =
  | { readonly elapsedSeconds: number }
  | { readonly workingSeconds: number }
  | { readonly workingDays: number };

/** A type of dispute below its category, with who answers for it by default and what it is mapped to (G-1, W-3). */
export interface DisputeType {
  readonly id: string;
  readonly name: Names;
  readonly department: string;
  readonly indicators: readonly string[];
}

export interface Category {
  readonly id: string;
  readonly name: Names;
  readonly types: readonly DisputeType[];
}

/** Price of one whole unit of `currency` in the policy's currency from a local day on, as an exact decimal: `"7.0524"`. */
export interface ExchangeRate {
  readonly currency: string;
  readonly from: Day;
  readonly rate: string;
}

export type Rating = 'very-satisfied' | 'satisfied' | 'neutral' | 'dissatisfied';
export type ShareKind = 'direct' | 'management' | 'system';

/** What the criteria catalogue (S-5) moves for a cause code and layer, in place of the base. */
export interface CatalogueEffect {
  readonly causeCode: string;
  readonly kind: ShareKind;
  readonly effect: { readonly points: number } | { readonly percentBp: number };
}

export interface Band {
  readonly id: string;
  readonly name: Names;
  /** Lowest result of the band, in hundredths of a point. */
  readonly from: number;
}

/**
 * One published version of everything tunable (P-1). Points are integers in hundredths, spans in seconds.
 */
export interface Policy {
  readonly version: number;
  readonly name: string;
  readonly effectiveFrom: Day;
  readonly calendar: { readonly id: string; readonly version: number };
  readonly categories: readonly Category[];
  readonly indicators: readonly { readonly id: string; readonly name: Names }[];
  readonly intake: {
    readonly maxBodyBytes: number;
    readonly maxDepth: number;
    readonly signatureToleranceSeconds: number;
    /** How far ahead of our clock `occurredAt` may be (I-5). */
    readonly aheadSeconds: number;
    /** How long a rotated secret stays valid beside its successor, how many are valid at once, how long one is cached (I-3). */
    readonly secretOverlapSeconds: number;
    readonly activeSecrets: number;
    readonly secretCacheSeconds: number;
    /** Category and type of a report that names neither (G-1). */
    readonly unclassified: { readonly category: string; readonly type: string };
    /** From filing to both departments knowing (I-11). */
    readonly syncSeconds: number;
  };
  readonly money: {
    readonly currency: string;
    /** Digits of each currency's minor unit: CNY 2, JPY 0, KWD 3. */
    readonly minorDigits: Readonly<Record<string, number>>;
    readonly rates: readonly ExchangeRate[];
  };
  readonly grading: {
    /** Loss above which a level is met, in the policy's currency (G-2.1a, G-2.2a). */
    readonly lossOver: { readonly '1': number; readonly '2': number };
    readonly reachFrom: number;
    /** Channels that imply a regulator's inquiry (G-2.1b). */
    readonly regulatorChannels: readonly string[];
  };
  readonly clocks: {
    readonly 'C-1': PerLevel<Allowance>;
    readonly 'C-4': PerLevel<Allowance>;
    readonly 'C-5': PerLevel<Allowance>;
    readonly 'C-8': PerLevel<Allowance>;
  };
  readonly investigation: {
    readonly jointLevels: readonly Level[];
    /** In the policy's currency's minor unit (D-1). */
    readonly jointLossOver: number;
    /** Departments whose people sit in every joint team, and in one of level 1 besides. */
    readonly team: readonly string[];
    readonly teamLevel1: readonly string[];
  };
  readonly determination: { readonly maxShares: number };
  readonly points: {
    readonly cardBase: number;
    readonly bands: readonly Band[];
    /** S-18: what a band moves of the bonus. */
    readonly bonus: {
      /** The year of introduction in which the policy is in force, from 1. */
      readonly introductionYear: number;
      /** Which share of the bonus is linked in each year of introduction, the first one first; later years have the last. */
      readonly linkedShareBp: readonly number[];
      /** What each band moves of the linked share; bands that are not named move nothing. */
      readonly rateBp: Readonly<Record<string, number>>;
    };
    readonly satisfaction: Readonly<Record<Rating, number>>;
    /** S-2: what a dissatisfied rating of these types moves on the employee's indicator. */
    readonly attitude: { readonly types: readonly string[]; readonly indicator: string; readonly dissatisfied: number };
    /** S-5: the whole dispute at each level; a deduction is the negative of it. */
    readonly base: PerLevel<number>;
    readonly catalogue: readonly CatalogueEffect[];
  };
  readonly exports: {
    /** For how long a link to an export's file works. */
    readonly linkSeconds: number;
  };
  readonly review: {
    /** A type above this share of a month's disputes is frequent, in basis points. */
    readonly frequentOverBp: number;
  };
  /** The rules' texts by id, for explanations in words (S-19). */
  readonly rules: Readonly<Record<string, Names>>;
}

/** The type's node in the policy's tree, or undefined. */
export function findType(policy: Policy, category: string, type: string): DisputeType | undefined {
  return policy.categories.find((c) => c.id === category)?.types.find((t) => t.id === type);
}

/** The category that holds this type (type ids are unique over the tree, but for `other`), or undefined. */
export function categoryOfType(policy: Policy, type: string): Category | undefined {
  return policy.categories.find((c) => c.types.some((t) => t.id === type));
}

/**
 * The version in force on a local day: the latest that is effective by then (P-2).
 * @throws RangeError when no version is in force yet
 */
export function policyInForce(policies: readonly Policy[], day: Day): Policy {
  const inForce = policies
    .filter((policy) => policy.effectiveFrom <= day)
    .sort((a, b) =>
      a.effectiveFrom < b.effectiveFrom ? 1 : a.effectiveFrom > b.effectiveFrom ? -1 : b.version - a.version,
    )[0];
  if (!inForce)
    throw new RangeError(`no policy is in force on ${day}; the earliest of ${policies.length} starts later`);
  return inForce;
}
