import type { Machine, Service } from './cloud.ts';
import { atMost, type Fed, type Mapping } from './event-source.ts';
import { QueueMappingProperties, queueMapping } from './queue-mapping.ts';
import { StreamMappingProperties, streamMapping } from './stream-mapping.ts';

/** How long batches under way may take once the machine stops, in real milliseconds. */
const LAST_BATCH_TIMEOUT = 10_000;

/** Lambda's event source mappings: what feeds functions from queues and from the streams of tables. */
export function eventSourceMappings(machine: Machine, fed: Fed) {
  const mappings: Mapping[] = [];
  const properties = { ...QueueMappingProperties.shape, ...StreamMappingProperties.shape };
  return {
    carries: { 'AWS::Lambda::EventSourceMapping': { properties: Object.keys(properties) } },
    add(resource) {
      const source = String(resource.properties.EventSourceArn);
      if (source.startsWith('arn:aws:sqs:')) mappings.push(queueMapping(machine, fed, resource));
      else if (/^arn:aws:dynamodb:.*\/stream\//.test(source)) mappings.push(streamMapping(machine, fed, resource));
      else throw new RangeError(`${resource.stack}/${resource.logicalId}: EventSourceArn = ${source} is not supported`);
    },
    start() {
      for (const mapping of mappings) mapping.start();
    },
    stop: () => atMost(LAST_BATCH_TIMEOUT, Promise.all(mappings.map((mapping) => mapping.stop()))),
    /** Throws the records of all streams away, or no longer. */
    async drop(dropping: boolean) {
      await Promise.all(mappings.map((mapping) => mapping.drop?.(dropping)));
    },
  } satisfies Service & { drop(dropping: boolean): Promise<void> };
}
