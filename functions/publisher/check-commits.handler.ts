// In:  every hour, for one gear; its commits by their hour, and the marks of what was counted.
// Out: events that nobody counted on the bus again; alarms for these and for broken commits; how far the check has come.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { checkStores } from '#shared/adapters/check-stores.ts';
import { systemClock as clock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { eventBridgeBus } from '#shared/adapters/event-bus.ts';
import { type CheckedHour, type CheckPorts, checkCommits } from '#shared/domain/insights/check-commits.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { logger } from '#shared/runtime/logger.ts';
import { count } from '#shared/runtime/metrics.ts';
import { scheduledHandler } from '#shared/runtime/scheduled-handler.ts';

const Name = z.string().min(1);
const gearNames = { CASES_TABLE: Name.optional(), SCORECARDS_TABLE: Name.optional() };
const env = readEnv(
  z.object({ TABLE: z.enum(['cases', 'scorecards']), ...gearNames, IMPROVEMENT_TABLE: Name, BUS_NAME: Name }),
);
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const gears = { cases: env.CASES_TABLE, scorecards: env.SCORECARDS_TABLE };
const stores = checkStores(dynamoTables(client, { ...gears, improvement: env.IMPROVEMENT_TABLE }), env.TABLE);
const bus = eventBridgeBus(new EventBridgeClient(), env.BUS_NAME);

function tell(metric: 'EventsMissing' | 'EventsGivenUp', { refused, unreadable: _, ...hour }: CheckedHour): void {
  count(metric, hour.missing);
  logger.error('Events were never counted', { metric, ...hour, refused: refused.length });
}
const missing = tell.bind(undefined, 'EventsMissing');
const givenUp = tell.bind(undefined, 'EventsGivenUp');
const unreadable: CheckPorts['unreadable'] = (hour, commit) => {
  count('CommitsUnreadable');
  logger.error('A commit cannot be read', { metric: 'CommitsUnreadable', hour, ...commit });
};

export const handler = scheduledHandler(() => checkCommits({ ...stores, bus, clock, missing, givenUp, unreadable }));
