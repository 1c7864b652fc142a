import type { Instant } from '../calendar/civil-date.ts';
import type { CustomerDetails, Texts } from './dispute-store.ts';

/** What one report says in words, and by what the customer named the matter (I-8). */
export interface ReportTexts {
  readonly receiptId: string;
  readonly receivedAt: Instant;
  readonly text?: string;
  readonly language?: string;
  readonly demand?: string;
  readonly attachments?: readonly { readonly name?: string; readonly url: string }[];
  readonly order?: string;
  readonly thread?: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  /** The sender's reference of the customer, as this report gave it. */
  readonly ref?: string;
  /** Sets priority, never the level (G-5). */
  readonly tier?: string;
}

/** Officers' words that came with one decision, by path. */
export interface OfficerTexts {
  /** The dispute's version that this decision made. */
  readonly version: number;
  readonly texts: Texts;
}

/** Every word about one dispute. */
export interface DisputeTexts {
  /** What the customer asks for: as an officer completed it last, else as the first report says. */
  readonly demand?: string;
  readonly reports: readonly ReportTexts[];
  readonly officers: readonly OfficerTexts[];
}

/** Who customers are and what was said; only entitled readers' use cases hold this port (T-2). */
export interface CustomerStore {
  /** The pseudonym under which a customer is known. @param identity the keyed digest of what recognises them */
  pseudonymOf(identity: string): Promise<string | undefined>;
  /** Undefined for a customer nobody named. */
  profile(pseudonym: string): Promise<CustomerDetails | undefined>;
  texts(pseudonym: string, disputeId: string): Promise<DisputeTexts>;
}
