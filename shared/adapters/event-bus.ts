import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { EventBus, PublishedEvent } from '../domain/ports/event-bus.ts';
import { batchesOf } from './batches.ts';

/** Limits of one PutEvents call. @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
const MAX_ENTRIES = 10;
const MAX_BYTES = 262_144;
/** What EventBridge counts for an entry's time. */
const TIME_BYTES = 14;

/** The bus in EventBridge. Every batch is tried, so that one refused event keeps no others back. */
export function eventBridgeBus(client: EventBridgeClient, busName: string): EventBus {
  return {
    async publish(events) {
      const refused: string[] = [];
      for (const batch of batchesOf(events.map(entryOf), MAX_ENTRIES, MAX_BYTES)) {
        const Entries = batch.map(({ entry }) => ({ ...entry, EventBusName: busName }));
        const answer = await client.send(new PutEventsCommand({ Entries }));
        const codes = (answer.Entries ?? []).flatMap(({ ErrorCode }) => ErrorCode ?? []);
        const count = Math.max(answer.FailedEntryCount ?? 0, codes.length);
        refused.push(...Array.from({ length: count }, (_, i) => codes[i] ?? 'no reason given'));
      }
      if (refused.length > 0)
        throw new Error(`the bus refused ${refused.length} of ${events.length} events, the first with ${refused[0]}`);
    },
  };
}

function entryOf(event: PublishedEvent) {
  const { source, detailType, detail, time } = event;
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail))
    throw new RangeError(`the detail of ${detailType} must be a JSON object`);
  const text = JSON.stringify(detail);
  const bytes =
    Buffer.byteLength(source) + Buffer.byteLength(detailType) + Buffer.byteLength(text) + (time ? TIME_BYTES : 0);
  if (bytes > MAX_BYTES) throw new RangeError(`an event may have ${MAX_BYTES} bytes, ${detailType} has ${bytes}`);
  return {
    bytes,
    entry: { Source: source, DetailType: detailType, Detail: text, Time: time ? new Date(time) : undefined },
  };
}
