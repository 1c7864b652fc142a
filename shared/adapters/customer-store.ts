import * as z from 'zod';
import type { CustomerStore, DisputeTexts, OfficerTexts, ReportTexts } from '../domain/ports/customer-store.ts';
import type { CustomerDetails, Texts } from '../domain/ports/dispute-store.ts';
import type { Tables, Write } from '../domain/ports/tables.ts';
import { allItems } from './pages.ts';

/** Keys of the customers table; identities are keyed digests, never what they digest. */
export const customerKeys = {
  partition: (pseudonym: string) => `CUSTOMER#${pseudonym}`,
  profile: (pseudonym: string) => ({ pk: customerKeys.partition(pseudonym), sk: 'PROFILE' }),
  identity: (identity: string) => ({ pk: `IDENTITY#${identity}`, sk: 'STATE' }),
  /** What all texts about one dispute start with. */
  texts: (disputeId: string) => `TEXTS#${disputeId}#`,
  reportTexts: (disputeId: string, receiptId: string) => `${customerKeys.texts(disputeId)}REPORT#${receiptId}`,
  officerTexts: (disputeId: string, version: number) =>
    `${customerKeys.texts(disputeId)}OFFICER#${String(version).padStart(10, '0')}`,
} as const;

/** Officers' words of one decision, by path; no item where they wrote none (T-2). */
export function textWrites(pseudonym: string, disputeId: string, version: number, texts: Texts): Write[] {
  if (Object.keys(texts).length === 0) return [];
  const key = { pk: customerKeys.partition(pseudonym), sk: customerKeys.officerTexts(disputeId, version) };
  return [
    { table: 'customers', put: { ...key, kind: 'officer-texts', disputeId, version, texts }, if: { absent: true } },
  ];
}

/** Who a customer is: what is named replaces what was known, what is not named stays. */
export function profileWrites(pseudonym: string, details: CustomerDetails): Write[] {
  const { ref, name, phone, email, tier } = details;
  const named = Object.entries({ ref, name, phone, email, tier }).filter(([, value]) => value !== undefined);
  const set = { kind: 'profile', pseudonym, ...Object.fromEntries(named) };
  return [{ table: 'customers', update: customerKeys.profile(pseudonym), set }];
}

/** By what a customer is recognised from now on; refused where it is somebody's already. */
export function identityWrite(pseudonym: string, identity: string): Write {
  const put = { ...customerKeys.identity(identity), kind: 'identity', pseudonym };
  return { table: 'customers', put, if: { absent: true } };
}

/** What one report says. Free attributes stand as JSON text, because they may hold numbers that no table takes. */
export function reportTextsWrite(pseudonym: string, disputeId: string, texts: ReportTexts): Write {
  const { attributes, ...rest } = texts;
  const key = {
    pk: customerKeys.partition(pseudonym),
    sk: customerKeys.reportTexts(disputeId, texts.receiptId),
  };
  const put = {
    ...key,
    kind: 'report-texts',
    disputeId,
    ...rest,
    ...(attributes && { attributes: JSON.stringify(attributes) }),
  };
  return { table: 'customers', put, if: { absent: true } };
}

/** The customers table, as entitled readers and intake see it. */
export function customerStore(tables: Tables): CustomerStore {
  return {
    async pseudonymOf(identity) {
      const item = await tables.get('customers', customerKeys.identity(identity));
      return item && IdentityItem.parse(item).pseudonym;
    },
    async profile(pseudonym) {
      const item = await tables.get('customers', customerKeys.profile(pseudonym));
      return item && ProfileItem.parse(item);
    },
    async texts(pseudonym, disputeId) {
      const partition = customerKeys.partition(pseudonym);
      const range = { prefix: customerKeys.texts(disputeId) };
      const items = await allItems(tables, { table: 'customers', partition, range });
      return disputeTexts(items.map((item) => TextsItem.parse(item)));
    },
  };
}

function disputeTexts(items: readonly z.output<typeof TextsItem>[]): DisputeTexts {
  const reports: ReportTexts[] = [];
  const officers: OfficerTexts[] = [];
  for (const { kind, ...texts } of items) {
    if ('version' in texts) officers.push(texts);
    else reports.push(texts);
  }
  reports.sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
  const completed = officers.findLast(({ texts }) => texts.demand !== undefined)?.texts.demand;
  const demand = completed ?? reports.find((report) => report.demand !== undefined)?.demand;
  return { ...(demand !== undefined && { demand }), reports, officers };
}

const IdentityItem = z.object({ kind: z.literal('identity'), pseudonym: z.string() });
const ProfileItem = z.object({
  ref: z.string().optional(),
  name: z.string().optional(),
  phone: z.string().optional(),
  email: z.string().optional(),
  tier: z.string().optional(),
});
const AttributesText = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])));
const TextsItem = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('report-texts'),
    receiptId: z.string(),
    receivedAt: z.string(),
    text: z.string().optional(),
    language: z.string().optional(),
    demand: z.string().optional(),
    attachments: z.array(z.object({ name: z.string().optional(), url: z.string() })).optional(),
    order: z.string().optional(),
    thread: z.string().optional(),
    attributes: AttributesText.optional(),
    ref: z.string().optional(),
    tier: z.string().optional(),
  }),
  z.object({ kind: z.literal('officer-texts'), version: z.int(), texts: z.record(z.string(), z.string()) }),
]);
