import type { CustomerDetails } from '../ports/dispute-store.ts';

/**
 * By what a customer is recognised: the company's reference, else the phone, else the mail address, each in one
 * spelling (I-8). A name alone recognises nobody.
 *
 * @returns undefined for a customer who gives none of them
 */
export function identityOf(customer: CustomerDetails | undefined): string | undefined {
  if (!customer) return undefined;
  const { ref, phone, email } = customer;
  const phoneDigits = phone && normalisedPhone(phone);
  if (ref) return `ref:${plain(ref)}`;
  if (phoneDigits) return `phone:${phoneDigits}`;
  return email ? `email:${plain(email).toLowerCase()}` : undefined;
}

/** Full-width forms become plain ones (NFKC), spaces around are cut. */
function plain(text: string): string {
  return text.normalize('NFKC').trim();
}

/** Digits alone, with a leading `+` for `00`; empty for a text without digits. */
function normalisedPhone(phone: string): string {
  const spelled = plain(phone);
  const digits = spelled.replace(/\D/g, '');
  if (digits === '') return '';
  if (spelled.startsWith('+')) return `+${digits}`;
  return digits.startsWith('00') ? `+${digits.slice(2)}` : digits;
}
