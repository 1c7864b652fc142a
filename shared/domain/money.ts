import { type Day, dayIn, type Instant, type TimeZone } from './calendar/civil-date.ts';
import type { ExchangeRate, Money, Policy } from './policy/policy.ts';

/** An exact decimal: `units` divided by ten to the power of `scale`. Never a float, so nothing is rounded on the way. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** An amount in the policy's currency, and the rate that led there; the policy's own currency needs none. */
export interface Conversion {
  /** The amount as it was given, in its own currency: `20000.00`. */
  readonly given: string;
  readonly value: Decimal;
  /** The exact value in the policy's currency as text: `141048.00`. */
  readonly converted: string;
  readonly rate?: ExchangeRate;
}

/** The currency's code, where the policy cannot convert it. */
export interface NoRate {
  readonly noRate: string;
}

/**
 * Converts an amount exactly into the policy's currency, by the rate in force on the local day of `on`,
 * else the latest before it (G-2).
 *
 * @param on the instant whose local day dates the rate: a report's `occurredAt`
 * @returns the exact value, or the currency that has no rate by that day or no known minor unit
 * @throws RangeError when the amount is not a whole, safe number of at least 0 minor units
 */
export function convert(amount: Money, on: Instant, zone: TimeZone, policy: Policy): Conversion | NoRate {
  const { currency, minorDigits, rates } = policy.money;
  const scale = minorDigits[amount.currency];
  if (scale === undefined) return { noRate: amount.currency };
  const own = { units: wholeUnits(amount.minor), scale };
  const given = printDecimal(own, scale);
  if (amount.currency === currency) return { given, value: own, converted: given };
  const rate = rateInForce(rates, amount.currency, dayIn(zone, on));
  if (!rate) return { noRate: amount.currency };
  const value = times(own, parseDecimal(rate.rate));
  return { given, value, converted: printDecimal(value, policyDigits(policy)), rate };
}

/**
 * Whether an amount, converted exactly, is over a threshold; exactly the threshold is not over (G-2, D-1).
 *
 * @param thresholdMinor in minor units of the policy's currency
 * @returns `converted` is the exact value in the policy's currency as text, such as `150000.00`
 * @throws RangeError as {@link convert}
 */
export function isOver(
  amount: Money,
  thresholdMinor: number,
  on: Instant,
  zone: TimeZone,
  policy: Policy,
): { readonly over: boolean; readonly converted: string } | NoRate {
  const conversion = convert(amount, on, zone, policy);
  if ('noRate' in conversion) return conversion;
  return {
    over: compareDecimals(conversion.value, inPolicyCurrency(thresholdMinor, policy)) > 0,
    converted: conversion.converted,
  };
}

/** Minor units of the policy's currency as a decimal of whole units: 10000000 is 100000.00 CNY. */
export function inPolicyCurrency(minor: number, policy: Policy): Decimal {
  return { units: wholeUnits(minor), scale: policyDigits(policy) };
}

/** Negative when `a` is less than `b`, 0 when they are equal, positive when it is more; exact at any scale. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.scale === b.scale) return a.units < b.units ? -1 : a.units > b.units ? 1 : 0; // Powers of big integers are slow.
  const left = a.units * 10n ** BigInt(b.scale);
  const right = b.units * 10n ** BigInt(a.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The exact product. */
export function times(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** The exact value as text, with at least `minDigits` places and no needless zeros beyond them: `150000.00`, `265.4175`. */
export function printDecimal(value: Decimal, minDigits: number): string {
  const text = value.units.toString().padStart(value.scale + 1, '0');
  const whole = text.slice(0, text.length - value.scale);
  const exact = text.slice(text.length - value.scale);
  const places = exact.length <= minDigits ? exact.padEnd(minDigits, '0') : withoutNeedlessZeros(exact, minDigits);
  return places === '' ? whole : `${whole}.${places}`;
}

function withoutNeedlessZeros(places: string, minDigits: number): string {
  let end = places.length;
  while (end > minDigits && places[end - 1] === '0') end -= 1;
  return places.slice(0, end);
}

/**
 * An amount with its currency's own minor digits: 5800 CNY is `58.00`, 1200 JPY is `1200`, 1500 KWD is `1.500`.
 *
 * @returns undefined when the policy does not know the currency's minor unit
 * @throws RangeError as {@link convert}
 */
export function printAmount(amount: Money, policy: Policy): string | undefined {
  const scale = policy.money.minorDigits[amount.currency];
  return scale === undefined ? undefined : printDecimal({ units: wholeUnits(amount.minor), scale }, scale);
}

/** A decimal's text with its thousands set apart for reading: `150000.00` becomes `150,000.00`. */
export function groupThousands(text: string): string {
  const point = text.indexOf('.');
  let grouped = text;
  for (let at = (point < 0 ? text.length : point) - 3; at > 0; at -= 3)
    grouped = `${grouped.slice(0, at)},${grouped.slice(at)}`;
  return grouped;
}

function policyDigits(policy: Policy): number {
  const digits = policy.money.minorDigits[policy.money.currency];
  if (digits === undefined) throw new RangeError(`the policy's currency ${policy.money.currency} has no minor digits`);
  return digits;
}

function rateInForce(rates: readonly ExchangeRate[], currency: string, day: Day): ExchangeRate | undefined {
  return rates
    .filter((rate) => rate.currency === currency && rate.from <= day)
    .reduce<ExchangeRate | undefined>(
      (latest, rate) => (latest && latest.from >= rate.from ? latest : rate),
      undefined,
    );
}

function wholeUnits(minor: number): bigint {
  if (!Number.isSafeInteger(minor) || minor < 0) {
    throw new RangeError(`an amount is a whole number of at least 0 minor units, got ${minor}`);
  }
  return BigInt(minor);
}

function parseDecimal(text: string): Decimal {
  const [whole = '', places = ''] = text.split('.');
  return { units: BigInt(whole + places), scale: places.length };
}
