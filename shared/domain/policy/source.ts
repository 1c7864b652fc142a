/** One sending system (I-1). Sources are data: adding one needs no deployment. */
export interface Source {
  readonly source: string;
  readonly channel: Channel;
  readonly adapter: 'plain';
  readonly scheme: 'standard-webhooks';
  /** The `SenderId` of in-house messages that may name this source; for a role the part before the colon (I-2). */
  readonly principal?: string;
}

export type Channel = 'phone' | 'chat' | 'email' | 'social' | 'letter' | 'web' | 'regulator';
