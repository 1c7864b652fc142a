import { createHmac } from 'node:crypto';

/** One request to the webhook, ready to be sent. */
export interface SignedReport {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/**
 * `complaint`: words and a type, as the rows of the real complaint file; its dispute waits for an officer.
 * `complete`: a new customer with everything that a filing needs; its dispute files itself.
 */
export const REPORT_KINDS = ['complaint', 'complete'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** Category, type, responsible department and one of its people. */
const CASES = [
  ['logistics', 'late-delivery', 'logistics', 'E-204'],
  ['product', 'defective', 'product', 'E-302'],
  ['service', 'service-attitude', 'service', 'E-402'],
  ['after-sales', 'refund-delay', 'after-sales', 'E-502'],
] as const;

/**
 * Makes plain reports, none of which joins another; signed as Standard
 * Webhooks says, with the key decoded once.
 *
 * @param run goes into every id: reports of two runs are never the same
 * @param reports when all of them occurred, and what they say
 */
export function signedReports(
  source: string,
  secret: string,
  run: string,
  reports: { readonly occurredAt: string; readonly kind: ReportKind },
): () => SignedReport {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  let made = 0;
  return () => {
    const number = made++;
    const body = JSON.stringify({
      ...complaintOf(`${run}-${number}`, number, reports.occurredAt),
      ...(reports.kind === 'complete' && completed(`${run}-${number}`, number)),
    });
    const id = `msg_${run}_${number}`;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    return {
      path: `/intake/${source}`,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
      body,
    };
  };
}

function complaintOf(id: string, number: number, occurredAt: string) {
  const [category, type] = caseOf(number);
  const text = '包裹晚到五天，再不處理我就向市場監管部門投訴';
  return { externalId: id, occurredAt, text, language: 'zh-Hant', category, type, product: 'sofa-3', region: 'north' };
}

function completed(id: string, number: number) {
  const [, , department, employee] = caseOf(number);
  const email = `${id}@mail.example`;
  return {
    customer: { ref: `C-${id}`, name: '趙慧敏', phone: '+86-139-0000-0023', email, tier: 'ordinary' },
    demand: '退還運費並賠償',
    amount: { minor: 5800 + number, currency: 'CNY' },
    order: `SO-${id}`,
    batch: 'B12',
    department,
    employee,
  };
}

function caseOf(number: number) {
  return CASES[number % CASES.length] ?? CASES[0];
}
