/**
 * Which events reach which consumer's queue. Infrastructure makes the bus rules of it, the simulation its routing.
 */
export const SUBSCRIPTIONS = {
  /** Raises, replaces and corrects alerts (G-10, C-1), and shows what a grade puts at stake (S-21). */
  alerts: ['DisputeGraded.v1'],
  /** Lets both departments know of a filing, and measures the way (I-11). */
  filings: ['DisputeFiled.v1'],
  /** Shows how what is at stake goes on after a grading (S-21). */
  stakes: [
    'DisputeCorrected.v1',
    'ResponsibilityDetermined.v1',
    'PartiesNoticed.v1',
    'ResponsibilityWaived.v1',
    'DisputeClosed.v1',
  ],
  /** Posts points (S-1, S-2, S-5, S-12 to S-14). */
  scoring: ['PartiesNoticed.v1', 'ResponsibilityWaived.v1', 'SatisfactionRated.v1', 'DisputeReopened.v1'],
  /** Seals the cards on which something was written (S-20). */
  seals: ['EntriesPending.v1', 'EntriesPosted.v1', 'EntriesVoided.v1'],
  /** Ends the responsibility track of a dispute when its points are posted or void. */
  disputes: ['EntriesPosted.v1', 'EntriesVoided.v1'],
  /** Counts everything. */
  insights: 'everything',
} as const satisfies Record<string, readonly string[] | 'everything'>;
