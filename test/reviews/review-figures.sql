-- The figures of every month's review, computed from the events alone (npm run recount -- --dump FILE), one row per
-- figure: month, what it is, of what, how many. Where the system adds steps up as they happen, this asks how each dispute
-- stands at its end: the two share no line and no idea.
WITH said AS (
  SELECT
    type,
    aggregateVersion AS version,
    data,
    data->'dispute' AS header,
    data->>'$.dispute.disputeId' AS dispute,
    data->>'$.dispute.month' AS month
  FROM read_json(getvariable('events'), format = 'newline_delimited', maximum_object_size = 16777216,
    columns = {type: 'VARCHAR', aggregateVersion: 'INTEGER', data: 'JSON'})
),
-- As each dispute was last classified, and last graded.
classified AS (
  SELECT month, header->>'category' AS category, header->>'type' AS kind, header->>'department' AS department,
    header->>'channel' AS channel
  FROM said WHERE type IN ('DisputeOpened.v1', 'DisputeCorrected.v1')
  QUALIFY row_number() OVER (PARTITION BY dispute ORDER BY version DESC) = 1
),
graded AS (
  SELECT month, data->>'$.grade.level' AS level FROM said WHERE type = 'DisputeGraded.v1'
  QUALIFY row_number() OVER (PARTITION BY dispute ORDER BY version DESC) = 1
),
-- What was done, each time that it was.
done AS (
  SELECT month, CASE type
      WHEN 'DisputeFiled.v1' THEN 'filed' WHEN 'DisputeAssigned.v1' THEN 'assigned'
      WHEN 'InvestigationStarted.v1' THEN 'investigated' WHEN 'CausesReported.v1' THEN 'reported'
      WHEN 'PartiesNoticed.v1' THEN 'noticed' WHEN 'ResponsibilityWaived.v1' THEN 'waived'
      WHEN 'ResponsibilityFinal.v1' THEN 'final' WHEN 'DisputeResolved.v1' THEN 'resolved'
      WHEN 'DisputeClosed.v1' THEN 'closed' WHEN 'DisputeReopened.v1' THEN 'reopened' END AS step
  FROM said
),
timely AS (
  SELECT month, CASE type
      WHEN 'AlertAcknowledged.v1' THEN 'alerts' WHEN 'DisputeFiled.v1' THEN 'filings'
      WHEN 'CausesReported.v1' THEN 'cause-reports' WHEN 'FilingLearned.v1' THEN 'filings-learned' END AS what,
    CAST(data->>'inTime' AS BOOLEAN) AS in_time
  FROM said
),
-- Deadlines that passed before it was done, each alert and dispute once: by their breaches where those are events.
late AS (
  SELECT DISTINCT month, CASE data->>'clock' WHEN 'C-1' THEN 'alerts' ELSE 'filings' END AS what,
    coalesce(data->>'alertId', dispute) AS of
  FROM said WHERE type = 'ClockBreached.v1' AND data->>'clock' IN ('C-1', 'C-4')
  UNION ALL
  SELECT month, what, NULL FROM timely WHERE what IN ('cause-reports', 'filings-learned') AND NOT in_time
),
-- Points per card: pending less what became of it.
moved AS (
  SELECT type, unnest(CAST(data->'totals' AS JSON[])) AS total, FALSE AS reversal
  FROM said WHERE type IN ('EntriesPending.v1', 'EntriesPosted.v1', 'EntriesVoided.v1')
  UNION ALL
  SELECT type, unnest(CAST(data->'reversals' AS JSON[])), TRUE FROM said WHERE type = 'EntriesPosted.v1'
),
points AS (
  SELECT total->>'period' AS month, coalesce(total->>'department', '-') AS department,
    sum(CASE WHEN reversal THEN 0 WHEN type = 'EntriesPending.v1' THEN 1 ELSE -1 END * CAST(total->>'points' AS BIGINT))
      AS pending,
    sum(CASE WHEN type = 'EntriesPosted.v1' THEN CAST(total->>'points' AS BIGINT) ELSE 0 END) AS posted,
    sum(CASE WHEN type = 'EntriesVoided.v1' THEN CAST(total->>'points' AS BIGINT) ELSE 0 END) AS voided
  FROM moved GROUP BY ALL
),
figures AS (
  SELECT month, 'total' AS figure, 'opened' AS id, count(*) AS value FROM classified GROUP BY ALL
  UNION ALL SELECT month, 'total', step, count(*) FROM done WHERE step IS NOT NULL GROUP BY ALL
  UNION ALL SELECT month, 'category', category, count(*) FROM classified GROUP BY ALL
  UNION ALL SELECT month, 'type', category || '/' || kind, count(*) FROM classified GROUP BY ALL
  UNION ALL SELECT month, 'department', department, count(*) FROM classified GROUP BY ALL
  UNION ALL SELECT month, 'channel', channel, count(*) FROM classified GROUP BY ALL
  UNION ALL SELECT month, 'level', level, count(*) FROM graded GROUP BY ALL
  UNION ALL SELECT month, 'alerts', 'raised', count(*) FROM said WHERE type = 'AlertRaised.v1' GROUP BY ALL
  UNION ALL SELECT month, 'alerts', 'superseded', count(*) FROM said WHERE type = 'AlertSuperseded.v1' GROUP BY ALL
  UNION ALL SELECT month, 'all', what, count(*) FROM timely WHERE what IS NOT NULL GROUP BY ALL
  UNION ALL SELECT month, 'in time', what, count(*) FROM timely WHERE what IS NOT NULL AND in_time GROUP BY ALL
  UNION ALL SELECT month, 'missed', what, count(*) FROM late GROUP BY ALL
  UNION ALL SELECT month, 'breached', data->>'clock', count(*) FROM said WHERE type = 'ClockBreached.v1' GROUP BY ALL
  UNION ALL SELECT month, 'determined', data->>'validity', count(*)
    FROM said WHERE type = 'ResponsibilityDetermined.v1' GROUP BY ALL
  UNION ALL SELECT month, 'pending', department, pending FROM points
  UNION ALL SELECT month, 'posted', department, posted FROM points
  UNION ALL SELECT month, 'voided', department, voided FROM points
  UNION ALL SELECT (data->>'receivedOn')[1:7], 'received', data->>'$.dispute.source', count(*)
    FROM said WHERE type = 'DisputeOpened.v1' GROUP BY ALL
)
SELECT month, figure, id, CAST(value AS BIGINT) AS value FROM figures WHERE value <> 0 ORDER BY ALL;
