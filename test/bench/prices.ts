import * as z from 'zod';
import list from './prices.json' with { type: 'json' };

const PriceList = z.strictObject({
  region: z.string(),
  currency: z.literal('USD'),
  asOf: z.iso.date(),
  note: z.string(),
  prices: z.record(
    z.string(),
    z.strictObject({ price: z.number().positive(), per: z.number().positive(), page: z.string() }),
  ),
});
type PriceList = z.infer<typeof PriceList>;

/** List prices of one region, as data; they say themselves from when and where. */
export const PRICES: PriceList = PriceList.parse(list);

/** How much of each thing with a price was used. */
export type Usage = Readonly<Record<string, number>>;

/** One call as `GET /_local/calls` counts it. */
export const CountedCall = z.object({
  service: z.string(),
  operation: z.string(),
  by: z.string(),
  count: z.number(),
  units: z.record(z.string(), z.number()),
});
export type CountedCall = z.infer<typeof CountedCall>;

const GIB = 2 ** 30;
/** Of every function of the templates. */
export const MEMORY_GIB = 0.5;

/**
 * What a call uses of things that have a price. A trace is counted for every call of a function, which holds as long
 * as there is at most one a second: of more, X-Ray takes a twentieth.
 *
 * @throws RangeError for a service without a price
 */
export function usageOf({ service, operation, count, units }: CountedCall): Usage {
  const { readUnits = 0, writeUnits = 0, portions = count, ms = 0, bytes = 0 } = units;
  switch (service) {
    case 'dynamodb':
      return { 'dynamodb.readUnits': readUnits, 'dynamodb.writeUnits': writeUnits };
    case 'sqs':
      return { 'sqs.requests': operation === 'SendMessage' ? portions : count };
    case 'events':
      return { 'events.events': portions };
    case 'lambda':
      return {
        'lambda.requests': count,
        'lambda.gbSeconds': (ms / 1000) * MEMORY_GIB,
        'xray.traces': count,
        'scheduler.invocations': operation === 'InvokeAsync' ? count : 0,
      };
    case 'apigateway':
      return { 'apigateway.requests': count };
    case 's3':
      return operation === 'GET' || operation === 'HEAD' ? { 's3.reads': count } : { 's3.writes': count };
    case 'secretsmanager':
      return { 'secretsmanager.requests': count, 'kms.requests': count };
    case 'logs':
      return { 'logs.ingestedGb': bytes / GIB };
    case 'ssm':
      return {}; // Standard parameters cost nothing.
    default:
      throw new RangeError(`the service ${service} has no price`);
  }
}

export function sumOf(usages: readonly Usage[]): Usage {
  const sum: Record<string, number> = {};
  for (const usage of usages) for (const [name, amount] of Object.entries(usage)) sum[name] = (sum[name] ?? 0) + amount;
  return sum;
}

/** Every amount multiplied. */
export function timesUsage(usage: Usage, times: number): Usage {
  return Object.fromEntries(Object.entries(usage).map(([name, amount]) => [name, amount * times]));
}

/** In dollars. @throws RangeError for a name that is not on the list */
export function priceOf(usage: Usage, { prices }: PriceList = PRICES): number {
  return Object.entries(usage).reduce((sum, [name, amount]) => {
    const price = prices[name];
    if (!price) throw new RangeError(`${name} is not on the price list`);
    return sum + (amount * price.price) / price.per;
  }, 0);
}

/** Dollars by service: what stands before the dot. The dearest first. */
export function byService(usage: Usage): readonly (readonly [service: string, dollars: number])[] {
  const sums = new Map<string, number>();
  for (const [name, amount] of Object.entries(usage)) {
    const service = name.split('.')[0] ?? name;
    sums.set(service, (sums.get(service) ?? 0) + priceOf({ [name]: amount }));
  }
  return [...sums].filter(([, dollars]) => dollars > 0).sort((a, b) => b[1] - a[1]);
}
