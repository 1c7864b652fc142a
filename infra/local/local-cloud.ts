import { assemblyOf } from './assembly.ts';
import { buckets } from './buckets.ts';
import { countedCalls } from './calls.ts';
import { movableClock } from './clock.ts';
import { AwsError, type Machine, type Resource, type Service } from './cloud.ts';
import { openDataFolder } from './data-folder.ts';
import { dynamodb } from './dynamodb.ts';
import { startEngine } from './engine.ts';
import { eventBus } from './event-bus.ts';
import { eventSourceMappings } from './event-source-mappings.ts';
import { functions } from './functions.ts';
import { answerSigned } from './gateway.ts';
import { httpApi } from './http-api.ts';
import { IAM_TYPES, iam } from './iam.ts';
import { logs } from './logs.ts';
import { parameters } from './parameters.ts';
import { queues } from './queues.ts';
import { scheduler } from './scheduler.ts';
import { secrets } from './secrets.ts';
import { readAssembly } from './template.ts';

/** Types that stand in the templates and do nothing on one machine: nobody is woken here, and nothing is encrypted at rest. */
const WITHOUT_EFFECT: readonly string[] = [
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::KMS::Key',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
];

export interface LocalCloudOptions {
  readonly environment: string;
  /** Synthesized templates with their bundles. @default those of the environment, synthesized where needed */
  readonly assemblyFolder?: string;
  /** Where everything is kept. */
  readonly folder: string;
  readonly say: (line: string) => void;
  /** The engine ended again and again: the system cannot go on. */
  readonly onGivenUp: () => void;
}

export type LocalCloud = Awaited<ReturnType<typeof startLocalCloud>>;

/**
 * Makes everything stand that the templates describe, and starts what runs by itself.
 * @param url where this machine answers
 * @throws RangeError for a folder that cannot be used, and for the resource and property that are not supported here
 */
export async function startLocalCloud(url: string, options: LocalCloudOptions) {
  const { environment, folder, say } = options;
  const store = openDataFolder(folder);
  const begun: { stop?(): Promise<void> | void }[] = [{ stop: () => store.close() }];
  const stop = async () => {
    for (const each of begun.toReversed()) await each.stop?.();
  };
  try {
    const assemblyFolder = options.assemblyFolder ?? assemblyOf(environment, say);
    const { resources, outputs } = readAssembly(assemblyFolder, url);
    const roles = iam(resources);
    const wires: NonNullable<Service['wire']>[] = [];
    const behind = { iam: roles, services: wires };
    const call: Machine['call'] = (request) => answerSigned(behind, request);
    const calls = countedCalls();
    const clock = movableClock(store);
    const machine: Machine = { url, clock, store, folder, iam: roles, call, say, count: calls.count };
    const engine = await startEngine(options);
    begun.push(engine);
    const ownLogs = logs(machine);
    const ownQueues = queues(machine, {
      put: (arn, policy) => roles.putResourcePolicy(arn, jsonIn(policy)),
      remove: (arn) => roles.removeResourcePolicy(arn),
    });
    const ownFunctions = functions({ machine, logs: ownLogs, queues: ownQueues, assemblyFolder });
    const tables = dynamodb(machine, engine);
    const ownScheduler = scheduler(machine, ownFunctions, ownQueues);
    const api = httpApi(machine, ownFunctions, ownLogs);
    const mappings = eventSourceMappings(machine, { queues: ownQueues, streams: tables, functions: ownFunctions });
    const services: readonly Service[] = [
      tables,
      ownLogs,
      ownQueues,
      secrets(machine),
      parameters(machine),
      buckets(machine),
      eventBus(machine, ownQueues),
      ownFunctions,
      mappings,
      ownScheduler,
      api,
    ];
    begun.push(...services, { stop: () => engine.restartHung() }); // What is under way would wait for it.
    wires.push(...services.flatMap(({ wire }) => (wire ? calls.counted(wire) : [])));
    await addAll(resources, services);
    for (const service of services) await service.start?.();
    const shown = { calls, tables, queues: ownQueues, mappings, functions: ownFunctions, scheduler: ownScheduler, api };
    return { machine, behind, outputs, stop, ...shown };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @throws AwsError InvalidAttributeValue for a policy that is no JSON */
function jsonIn(policy: string): unknown {
  try {
    return JSON.parse(policy);
  } catch {
    throw new AwsError('InvalidAttributeValue', 'The Policy is no JSON');
  }
}

/** Each resource to the service that carries its type, in the services' order: what others lean on stands first. */
async function addAll(resources: readonly Resource[], services: readonly Service[]): Promise<void> {
  for (const resource of resources) refuseUnsupported(resource, services);
  for (const service of services) {
    for (const resource of resources.filter(({ type }) => type in service.carries)) await service.add(resource);
  }
}

function refuseUnsupported({ stack, logicalId, type, properties }: Resource, services: readonly Service[]): void {
  if (WITHOUT_EFFECT.includes(type) || IAM_TYPES.includes(type)) return;
  const carried = services.find(({ carries }) => type in carries)?.carries[type];
  if (!carried) throw new RangeError(`${stack}/${logicalId}: ${type} is not supported on one machine`);
  const known = [...carried.properties, ...(carried.withoutEffect ?? [])];
  const unknown = Object.keys(properties).filter((property) => !known.includes(property));
  if (unknown.length > 0)
    throw new RangeError(
      `${stack}/${logicalId}: the ${unknown.join(', ')} of a ${type} is not supported on one machine`,
    );
}
