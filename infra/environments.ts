import type { RELEASED_POLICIES } from '#shared/policy/released.ts';

/** What differs between environments. What does not differ belongs in the constructs. */
export interface EnvironmentConfig {
  /** The account it lives in; a deploy with other credentials is refused. @default the account of the credentials at hand */
  readonly account?: string;
  /** @default the region of the credentials at hand */
  readonly region?: string;
  /** IANA name of the organisation's zone: its days, months and schedules. */
  readonly timeZone: string;
  /** The released policy that a deploy publishes. */
  readonly policy: keyof typeof RELEASED_POLICIES;
  /** The organisation that a deploy loads. @default none: HR brings the people in */
  readonly organisation?: 'sample';
  /**
   * Who may put in-house messages for a source: the `SenderId` that the queue attests; for a role, its id (I-2).
   * @default nobody: every in-house message is rejected
   */
  readonly inHousePrincipals?: Readonly<Record<string, string>>;
  /** Days a record stays restorable after a mistake, 1 to 35. */
  readonly restoreWindowDays: number;
  /** Days for which the bus keeps events for a replay. @default none, for emulators know no archive; commits can be published again */
  readonly busArchiveDays?: number;
  /** Whether tables, keys and files outlive their stack. */
  readonly keepDataOnDelete: boolean;
  /** Whether tables and the data stack refuse deletion until this is switched off. */
  readonly deletionProtection: boolean;
  /** Mail addresses that get every alarm. */
  readonly alarmAddresses: readonly string[];
  readonly logRetentionDays: number;
  /** What the HTTP API takes in before it answers 429. */
  readonly throttling: { readonly ratePerSecond: number; readonly burst: number };
  /** Who issues our tokens, and for whom. On AWS the issuer is a public https address that answers at deploy time. */
  readonly oidc: { readonly issuer: string; readonly audience: string };
}

const production = {
  account: '222222222222', // Replace by the company's own, as in staging.
  region: 'ap-east-1',
  timeZone: 'Asia/Shanghai',
  policy: 'policy-1',
  restoreWindowDays: 35,
  busArchiveDays: 35,
  keepDataOnDelete: true,
  deletionProtection: true,
  alarmAddresses: ['interlock-oncall@example.com', 'disputes-leads@example.com'],
  logRetentionDays: 365,
  throttling: { ratePerSecond: 200, burst: 400 },
  oidc: { issuer: 'https://login.example.com', audience: 'interlock' },
} as const satisfies EnvironmentConfig;

const development = {
  timeZone: 'Asia/Shanghai',
  policy: 'fast',
  organisation: 'sample',
  inHousePrincipals: { web: '000000000000' }, // What an emulator attests of everybody.
  restoreWindowDays: 1,
  keepDataOnDelete: false,
  deletionProtection: false,
  alarmAddresses: [],
  logRetentionDays: 7,
  throttling: { ratePerSecond: 100, burst: 200 },
  oidc: { issuer: process.env.INTERLOCK_ISSUER ?? 'https://login.dev.example.com', audience: 'interlock' },
} as const satisfies EnvironmentConfig;

export const environments = {
  /** On one machine, with `npm start`: never deployed. Policy 1, whose clocks are moved there instead of shortened. */
  local: {
    ...development,
    account: '000000000000',
    region: 'us-east-1',
    policy: 'policy-1',
    throttling: { ratePerSecond: 5_000, burst: 5_000 }, // The machine itself is the limit.
  },
  /** For people who build: no account of its own, so it also stands on an emulator; a policy with short clocks. */
  dev: development,
  staging: {
    ...production,
    account: '111111111111',
    restoreWindowDays: 7,
    busArchiveDays: 7,
    keepDataOnDelete: false,
    deletionProtection: false,
    alarmAddresses: ['interlock-oncall@example.com'],
    logRetentionDays: 30,
    throttling: { ratePerSecond: 50, burst: 100 },
    oidc: { issuer: 'https://login.staging.example.com', audience: 'interlock' },
  },
  prod: production,
} as const satisfies Record<string, EnvironmentConfig>;
export type EnvironmentName = keyof typeof environments;

/**
 * Looks up the environment that somebody named.
 * @throws RangeError for a name that is not an environment, listing those that are
 */
export function environmentNamed(name: string): EnvironmentName {
  const found = Object.keys(environments).find((known): known is EnvironmentName => known === name);
  if (!found)
    throw new RangeError(`there is no environment '${name}'; there are ${Object.keys(environments).join(', ')}`);
  return found;
}
