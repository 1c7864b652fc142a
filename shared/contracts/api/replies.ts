import * as z from 'zod';
import { CalendarVersion, CaseHeaderV1, Id } from '../events/envelope.ts';
import { FactsV1, GradeV1, MoneyV1, PublicOpinionV1, ShareV1 } from '../events/graded-facts.ts';
import { ControlsV1, ExportFileV1, FormatValue, ManifestV1, ScoreRowV1, VersionsV1 } from '../score-export.v1.ts';
import {
  AlertState,
  AwaitedFieldValue,
  CauseBranchValue,
  ChannelName,
  ColourValue,
  Day,
  Identifier,
  Instant,
  Level,
  Month,
  RatingValue,
  ResponsibilityValue,
  Slug,
  StatusValue,
  SubjectKindValue,
  ValidityValue,
  Version,
} from '../shapes.ts';

/** Points as people read them: two places, a minus before a deduction and no plus before a gain: `-6.00`, `2.00`. */
export const Points = z.string().regex(/^-?\d+\.\d{2}$/);

export const Names = z.object({ en: z.string(), 'zh-Hant': z.string(), 'zh-Hans': z.string() });
const Count = z.int().nonnegative();
const page = <S extends z.ZodType>(item: S) =>
  z.object({
    items: z.array(item),
    next: z.string().describe('Cursor of the next page; absent on the last.').optional(),
  });

export const Health = z.object({ status: z.literal('ok'), environment: z.string() });
export const OpenApi = z.looseObject({ openapi: z.string() });

const ReceiptStatus = z.enum(['queued', 'opened', 'joined', 'rejected', 'dead-lettered']);
/** Answer of the webhook's door (I-4). */
export const Accepted = z.object({ receiptId: Identifier, status: ReceiptStatus, duplicate: z.boolean() });
/** What became of a report (I-4). */
export const Receipt = z.object({
  receiptId: Identifier,
  source: Slug,
  externalId: z.string(),
  status: ReceiptStatus,
  disputeId: z.uuid().optional(),
  reasons: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

const Tally = z.object({
  received: Count,
  opened: Count,
  joined: Count,
  duplicate: Count,
  rejected: Count,
  deadLettered: Count,
  inFlight: Count,
  awaitingCompletion: Count,
});
/** Arrivals of a day and what became of them (I-7). */
export const Reconciliation = z.object({
  day: Day,
  sources: z.array(Tally.extend({ source: Slug })),
  total: Tally,
});

/** One sending system with the version of its last change (I-1). */
export const SourceReply = z.object({
  source: Slug,
  channel: ChannelName,
  adapter: z.literal('plain'),
  scheme: z.literal('standard-webhooks'),
  principal: z.string().optional(),
  active: z.boolean(),
  version: Version,
  changedAt: Instant.describe('Absent for what a deploy loaded, like `changedBy`.').optional(),
  changedBy: z.string().optional(),
});
export const SourcePage = page(SourceReply);

/** A message that no worker could take, without what it says (I-4). */
const DeadMessage = z.object({
  deadId: Identifier.describe('Its receipt, or its message id where nothing of it can be read.'),
  messageId: Identifier,
  receiptId: Identifier.optional(),
  source: z.string().optional(),
  sentAt: Instant,
  keptAt: Instant,
  bytes: Count,
  reasons: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .describe('Why no worker can read it; none where it reads, and what failed was on our side.'),
});
export const DeadMessagePage = page(DeadMessage);
/** Everything that is kept under one receipt, and what was put back from there (I-4). */
export const DeadMessages = z.object({
  deadId: Identifier,
  messages: z.array(
    DeadMessage.extend({
      fields: z
        .array(z.object({ path: z.string(), bytes: Count }))
        .describe('Fields of ours that it has, with the size of what they hold.'),
      unknownFields: Count.describe('How many others it has.'),
      body: z.string().describe('As it was kept; for officers and supervisors only.').optional(),
    }),
  ),
  returned: z.array(z.object({ messageId: Identifier, sentAt: Instant, returnedAt: Instant, returnedBy: z.string() })),
});
/** How many messages are on their way to the worker again. */
export const Returned = z.object({ deadId: Identifier, returned: Count });

/** A new secret of a source; this answer is the only place where it is shown (I-3). */
export const NewSecret = z.object({
  source: Slug,
  secret: z.string(),
  activeSecrets: Count.describe('How many are valid now, this one included.'),
});

/** Who the customer is and what they and the officers wrote; on the single dispute only (I-8). */
const DisputeWords = z.object({
  customer: z
    .object({
      ref: z.string().optional(),
      name: z.string().optional(),
      phone: z.string().optional(),
      email: z.string().optional(),
      tier: z.string().optional(),
    })
    .optional(),
  demand: z.string().optional(),
  reports: z.array(
    z.object({
      receiptId: Identifier,
      receivedAt: Instant,
      text: z.string().optional(),
      language: z.string().optional(),
      demand: z.string().optional(),
      attachments: z.array(z.object({ name: z.string().optional(), url: z.string() })).optional(),
      order: z.string().optional(),
      thread: z.string().optional(),
      attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
      ref: z.string().optional(),
      tier: z.string().optional(),
    }),
  ),
  /** By the version that the decision made. */
  officers: z.array(z.object({ version: Version, texts: z.record(z.string(), z.string()) })),
});

/** One dispute (`interface.md`); who the customer is stands under `texts` only. */
export const DisputeReply = z.object({
  disputeId: z.uuid(),
  number: z.string(),
  version: Version,
  source: Slug,
  channel: ChannelName,
  externalId: z.string(),
  openedAt: Instant,
  receivedAt: Instant,
  occurredAt: Instant,
  month: Month,
  policyVersion: Version,
  calendar: CalendarVersion,
  status: StatusValue,
  responsibility: ResponsibilityValue,
  grade: GradeV1,
  category: Id,
  type: Id,
  department: Id,
  employee: Id.optional(),
  partner: Id.optional(),
  region: z.string().optional(),
  product: z.string().optional(),
  batch: z.string().optional(),
  customer: Id.describe('The pseudonym (I-8).'),
  facts: FactsV1,
  publicOpinion: PublicOpinionV1,
  amount: MoneyV1.optional(),
  reports: z.array(Identifier).describe('Receipts of the reports that the dispute gathers.'),
  awaiting: z.array(AwaitedFieldValue),
  filingDueAt: Instant,
  filingBreached: z.boolean(),
  filedAt: Instant.optional(),
  assignee: Id.optional(),
  investigation: z
    .object({
      investigator: Id,
      joint: z.boolean(),
      team: z.array(Id),
      startedAt: Instant,
      dueAt: Instant.optional(),
    })
    .optional(),
  causeReport: z
    .object({ branches: z.array(CauseBranchValue), reportedAt: Instant, reportedBy: Id, joint: z.boolean() })
    .optional(),
  determination: z
    .object({
      determinationId: Identifier,
      validity: ValidityValue,
      shares: z.array(ShareV1),
      level: Level,
      decidedBy: Id,
      decidedAt: Instant,
      department: Id,
      policyVersion: Version,
    })
    .optional(),
  notice: z.object({ noticedAt: Instant, windowEndsAt: Instant }).optional(),
  resolvedAt: Instant.optional(),
  rating: z.object({ value: RatingValue, ratedAt: Instant, ratedBy: Id }).optional(),
  closedAt: Instant.optional(),
  texts: DisputeWords.optional(),
});
export const DisputePage = page(DisputeReply);

/** The decisions on a dispute, each with its events (T-3). */
export const Timeline = page(
  z.object({
    commitId: z.uuid(),
    aggregateId: Identifier,
    aggregateVersion: Version,
    recordedAt: Instant,
    by: Id,
    events: z.array(
      z.object({
        id: z.uuid(),
        type: z.string(),
        occurredAt: Instant,
        aggregateId: Identifier,
        aggregateVersion: Version,
        correlationId: Identifier,
        causationId: Identifier,
        policyVersion: Version,
        data: z.looseObject({ dispute: CaseHeaderV1.optional() }),
      }),
    ),
  }),
);

/** A grade's call to the performance department (G-10, C-1). */
export const Alert = z.object({
  alertId: Identifier,
  disputeId: z.uuid(),
  level: Level,
  colour: ColourValue,
  type: Id,
  department: Id,
  demand: z.string().optional(),
  indicators: z.array(Id),
  dueAt: Instant,
  state: AlertState,
  breached: z.boolean(),
  acknowledgedAt: Instant.optional(),
  acknowledgedBy: Id.optional(),
  specialIndicators: z.array(Id).optional(),
});
export const AlertPage = page(Alert);

/** One subject's month (section 7). */
export const Card = z.object({
  subject: z.object({ kind: SubjectKindValue, id: Id, name: z.string() }),
  period: Month,
  base: Points,
  adjustments: Points,
  pendingPoints: Points,
  result: Points,
  band: Id,
  status: z.enum(['provisional', 'final']),
  atStake: z
    .object({ disputes: Count, points: Points, awaitingNotice: Count.describe('Of them, determined and not noticed.') })
    .optional(),
  policyVersion: Version,
  asOf: Instant,
});
export const CardPage = page(Card);

/** One immutable posting, and what it counts as now (S-13). */
export const EntryReply = z.object({
  entryId: Identifier,
  groupId: Identifier,
  kind: z.enum(['points', 'percent', 'posted', 'void']),
  status: z.enum(['pending', 'posted', 'void']),
  points: Points.optional(),
  percentBp: z.int().optional(),
  rule: Id,
  disputeId: z.uuid(),
  share: ShareV1.optional(),
  indicator: Id.optional(),
  reverses: Identifier.optional(),
  policyVersion: Version,
  calendarVersion: Version,
  recordedAt: Instant,
});
export const EntryPage = page(EntryReply);

/** The waterfall from the base to the result: every point with its rule, inputs and deciders (S-19). */
export const Explanation = z.object({
  card: Card,
  entries: z.array(
    EntryReply.extend({
      text: Names.describe("The rule's text."),
      inputs: z.looseObject({}).describe('What the rule was given; points in whole hundredths.').optional(),
      calendar: Id,
      determinationId: Identifier.optional(),
      decidedBy: Id.optional(),
      noticedBy: Id.optional(),
      noticedAt: Instant.optional(),
      windowEndsAt: Instant.optional(),
      ratedBy: Id.optional(),
      ratedAt: Instant.optional(),
      settledAt: Instant.describe('When the group was posted or void.').optional(),
      nearestMiss: GradeV1.shape.nearestMiss,
      balance: Points.describe('Where the card stands after this entry.'),
    }),
  ),
});

/** A month's scores, or a page of them. */
export const Scores = z.object({
  exportId: z.uuid(),
  rows: z.array(ScoreRowV1),
  controls: ControlsV1.describe('Of the whole export, on each of its pages.'),
  next: z.string().describe('Cursor of the next page; absent on the last.').optional(),
});
const ExportStateValue = z.enum(['running', 'ready', 'failed']);
export const ExportAccepted = z.object({ exportId: z.uuid(), state: ExportStateValue });
const linked = { href: z.string().describe('Works until `linksEndAt`, for whoever has it.') };
/** How an export stands, and what proves it. */
export const ExportReply = z.object({
  exportId: z.uuid(),
  period: Month,
  format: FormatValue.optional(),
  requestedBy: Id,
  requestedAt: Instant,
  state: ExportStateValue,
  failedAt: Instant.optional(),
  reason: z.string().describe('Of a failed one, where the ledger does not stand as it was sealed.').optional(),
  asOf: Instant.describe('When freezing began.').optional(),
  versions: VersionsV1.optional(),
  controls: ControlsV1.optional(),
  linksEndAt: Instant.optional(),
  files: z.array(ExportFileV1.extend(linked)).optional(),
  manifest: z
    .object({
      bytes: Count,
      sha256: z.string(),
      ...linked,
      document: ManifestV1.describe('Absent where it is over what one answer has.').optional(),
    })
    .optional(),
  cursor: z.string().describe('Where `GET /exports/scores` reads it page by page; absent without rows.').optional(),
});

export type ExportReply = z.infer<typeof ExportReply>;

/** What the gateway itself answers, before any function of ours or in its place. */
export const GatewayReply = z.looseObject({ message: z.string().nullable() });

/** RFC 9457, with the members of `interface.md`. */
export const ProblemReply = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  rule: z.string().describe('The rule that asks for it.').optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  tracks: z
    .object({ status: StatusValue, responsibility: ResponsibilityValue })
    .describe('Of a 409: where both tracks of the dispute stand.')
    .optional(),
  allowed: z.array(z.string()).describe('Of a 409: the commands that would fit.').optional(),
  roles: z.array(z.string()).describe('Of a 403 by the access matrix: any one of these would do.').optional(),
  alert: Alert.describe('Of a second acknowledgement: the first.').optional(),
  job: z.string().describe('Of an export that is too long for one answer: the route that writes it.').optional(),
  exportId: z.uuid().describe('Of such an export that stands written already.').optional(),
});
