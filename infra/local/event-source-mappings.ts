import type { Functions, Machine, Queues, Resource, Service } from './cloud.ts';
import type { Mapping } from './event-source.ts';
import { QueueMapping, QueueMappingProperties } from './queue-mapping.ts';
import { StreamMapping, StreamMappingProperties, type StreamSource } from './stream-mapping.ts';

/** Lambda's event source mappings: what feeds functions from queues and from the streams of tables. */
export function eventSourceMappings(
  machine: Machine,
  from: { readonly queues: Queues; readonly streams: StreamSource; readonly functions: Functions },
): Service & { drop(dropping: boolean): Promise<void> } {
  const mappings: Mapping[] = [];
  const properties = [QueueMappingProperties, StreamMappingProperties].flatMap(({ shape }) => Object.keys(shape));
  return {
    carries: { 'AWS::Lambda::EventSourceMapping': { properties: [...new Set(properties)] } },
    add(resource) {
      mappings.push(mappingOf(resource));
    },
    start() {
      for (const mapping of mappings) mapping.start();
    },
    async stop() {
      await Promise.all(mappings.map((mapping) => mapping.stop()));
    },
    /** Throws the records of all streams away, or no longer. */
    async drop(dropping) {
      await Promise.all(
        mappings.map((mapping) => (mapping instanceof StreamMapping ? mapping.drop(dropping) : undefined)),
      );
    },
  };

  function mappingOf(resource: Resource): Mapping {
    const source = String(resource.properties.EventSourceArn);
    if (source.startsWith('arn:aws:sqs:')) return new QueueMapping(machine, from.queues, from.functions, resource);
    if (/^arn:aws:dynamodb:.*\/stream\//.test(source)) return new StreamMapping(machine, from, resource);
    throw new RangeError(`${resource.stack}/${resource.logicalId}: EventSourceArn = ${source} is not supported`);
  }
}
