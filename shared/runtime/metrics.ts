import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

const { ENVIRONMENT: environment } = process.env;

/** The one recorder of metrics; namespace, service and environment come from the function's variables. */
export const metrics = new Metrics({ defaultDimensions: environment ? { environment } : {} });

/** What the runtime counts by itself; alarms and the dashboard read these names. */
export type MetricName =
  | 'UnreadableMessages'
  | 'FailedMessages'
  | 'UnexpectedErrors'
  | 'RecordTampered'
  | 'EventsMissing'
  | 'EventsGivenUp'
  | 'CommitsUnreadable';

/** Counts one occurrence, or as many as are told. */
export function count(name: MetricName, occurrences = 1): void {
  metrics.addMetric(name, MetricUnit.Count, occurrences);
}

/** Writes what an invocation counted, if it counted anything. */
export function publishMetrics(): void {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}
