import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

/** The one recorder of metrics; namespace and service come from the function's environment. */
export const metrics = new Metrics();

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
