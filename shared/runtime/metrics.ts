import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

const { ENVIRONMENT: environment } = process.env;

/** The one recorder of metrics; namespace, service and environment come from the function's variables. */
export const metrics = new Metrics({ defaultDimensions: environment ? { environment } : {} });

/** What the runtime counts by itself; alarms and the dashboard read these names. */
export type MetricName = 'UnreadableMessages' | 'FailedMessages' | 'UnexpectedErrors' | 'RecordTampered';

/** Counts one occurrence. */
export function count(name: MetricName): void {
  metrics.addMetric(name, MetricUnit.Count, 1);
}

/** Writes what an invocation counted, if it counted anything. */
export function publishMetrics(): void {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}
