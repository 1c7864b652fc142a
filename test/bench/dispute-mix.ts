import { DECIDER, HEAD_OF_DISPUTES, OFFICER, PERFORMANCE_IN_TEAM } from '#test/e2e/people.ts';
import type { Claims } from '#test/e2e/system.ts';

/** One command on a dispute, as a person gives it. */
export interface Act {
  readonly command: string;
  readonly by: Claims;
  readonly body: object;
}

/** How a dispute goes from report to closure. */
export interface DisputeKind {
  readonly name: string;
  /** Of twenty disputes. */
  readonly ofTwenty: number;
  /** What its report says beside what each says. */
  readonly report: object;
  readonly acts: readonly Act[];
  /** What follows once the appeal window is over. */
  readonly afterWindow: readonly Act[];
}

const act = (command: string, by: Claims, body: object = {}): Act => ({ command, by, body });
const assignment = act('assignment', OFFICER, { assignee: 'E-602' });
const resolution = act('resolution', OFFICER, { solution: '全額退款並致歉', basis: '消費者權益保護法第五十三條' });
const closure = act('closure', OFFICER);
const cause = { branch: 'process', text: '倉庫爆倉，派送延誤', evidence: '派件記錄' };
const causeReport = act('cause-report', HEAD_OF_DISPUTES, { causes: [cause], suggestion: '增加臨時倉位' });
const notice = act('notice', DECIDER);
const rating = (value: string) => act('rating', OFFICER, { value });
const determination = (validity: string, shares: readonly object[] = []) =>
  act('determination', DECIDER, { validity, shares, reasons: '派件記錄與監控一致' });
const SHARES = [
  { kind: 'direct', subject: 'E-204', bp: 6000 },
  { kind: 'management', subject: 'E-201', bp: 3000 },
  { kind: 'system', subject: 'logistics', bp: 1000 },
];

/**
 * What twenty disputes of a month are, a choice of ours: no company's figures stand behind it. Most never leave level 3
 * and are settled without a finding of fault; one in five ends in points; one is of level 2 and investigated jointly.
 */
export const MIX: readonly DisputeKind[] = [
  {
    name: 'waived',
    ofTwenty: 13,
    report: {},
    acts: [assignment, act('waiver', DECIDER, { reason: '客戶自行取消' }), resolution, rating('satisfied'), closure],
    afterWindow: [],
  },
  {
    name: 'external cause',
    ofTwenty: 3,
    report: {},
    acts: [
      assignment,
      act('investigation', HEAD_OF_DISPUTES, { investigator: 'E-601', joint: false }),
      causeReport,
      determination('external'),
      notice,
      resolution,
      closure,
    ],
    afterWindow: [],
  },
  {
    name: 'points posted',
    ofTwenty: 3,
    report: {},
    acts: [
      assignment,
      act('investigation', HEAD_OF_DISPUTES, { investigator: 'E-601', joint: false }),
      causeReport,
      determination('valid', SHARES),
      notice,
      resolution,
      rating('dissatisfied'),
    ],
    afterWindow: [closure],
  },
  {
    name: 'level 2, joint, points posted',
    ofTwenty: 1,
    report: { amount: { minor: 15_000_000, currency: 'CNY' } },
    acts: [
      assignment,
      act('investigation', HEAD_OF_DISPUTES, { investigator: 'E-601', joint: true, team: ['E-702', 'E-201'] }),
      causeReport,
      determination('valid', SHARES),
      notice,
      resolution,
      rating('dissatisfied'),
    ],
    afterWindow: [closure],
  },
];

/** Who acknowledges every alert. */
export const ACKNOWLEDGES = PERFORMANCE_IN_TEAM;
/** How often somebody looks at a dispute while it is open, beside what is read to give a command. */
export const READS = 3;
