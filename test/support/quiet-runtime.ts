/**
 * Imported first by tests of the runtime: what it logs and counts on purpose stays out of the report.
 * Powertools reads these when its module is loaded.
 */
process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';
process.env.POWERTOOLS_METRICS_NAMESPACE ??= 'Interlock';
