import { createHmac } from 'node:crypto';

/** One request to the webhook, ready to be sent. */
export interface SignedReport {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Category, type, responsible department and one of its people. */
const CASES = [
  ['logistics', 'late-delivery', 'logistics', 'E-204'],
  ['product', 'defective', 'product', 'E-302'],
  ['service', 'service-attitude', 'service', 'E-402'],
  ['after-sales', 'refund-delay', 'after-sales', 'E-502'],
] as const;

/**
 * Makes plain reports, each of a customer and an order of its own, so that none joins another; signed as Standard
 * Webhooks says, with the key decoded once.
 *
 * @param run goes into every id: reports of two runs are never the same
 * @param occurredAt of all of them
 */
export function signedReports(source: string, secret: string, run: string, occurredAt: string): () => SignedReport {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  let made = 0;
  return () => {
    const number = made++;
    const body = JSON.stringify(reportOf(`${run}-${number}`, number, occurredAt));
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

function reportOf(id: string, number: number, occurredAt: string) {
  const [category, type, department, employee] = CASES[number % CASES.length] ?? CASES[0];
  return {
    externalId: id,
    occurredAt,
    customer: {
      ref: `C-${id}`,
      name: '趙慧敏',
      phone: '+86-139-0000-0023',
      email: `${id}@mail.example`,
      tier: 'ordinary',
    },
    text: '包裹晚到五天，再不處理我就向市場監管部門投訴',
    language: 'zh-Hant',
    demand: '退還運費並賠償',
    category,
    type,
    amount: { minor: 5800 + number, currency: 'CNY' },
    order: `SO-${id}`,
    product: 'sofa-3',
    batch: 'B12',
    region: 'north',
    department,
    employee,
  };
}
