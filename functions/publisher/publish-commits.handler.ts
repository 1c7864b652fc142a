// In:  the stream of a gear's table: its new commits, and any change or removal of what is only ever added.
// Out: the events of each commit on the bus; an alarm for each record that was tampered with.

import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { eventBridgeBus } from '#shared/adapters/event-bus.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { logger } from '#shared/runtime/logger.ts';
import { count } from '#shared/runtime/metrics.ts';
import { streamHandler } from '#shared/runtime/stream-handler.ts';
import { publishCommits, type Tampering } from './publish-commits.ts';

const env = readEnv(
  z.object({ BUS_NAME: z.string().min(1), EVENT_SOURCE: z.enum(['interlock.disputes', 'interlock.performance']) }),
);
const bus = eventBridgeBus(new EventBridgeClient(), env.BUS_NAME);

function tampered(tampering: Tampering): void {
  count('RecordTampered');
  logger.error('A record that is only ever added was changed or removed', { ...tampering });
}

export const handler = streamHandler((changes) => publishCommits(changes, { bus, source: env.EVENT_SOURCE, tampered }));
