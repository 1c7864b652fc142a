import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { operation, operationOf, propertiesOf } from './checked.ts';
import {
  ACCOUNT,
  AwsError,
  type Demand,
  type JsonObject,
  type Machine,
  type Queues,
  REGION,
  type Resource,
  type Service,
} from './cloud.ts';
import { compilePattern } from './event-pattern.ts';

/** What a queue attests of messages that a rule sent. */
const SENDER_ID = 'AIDAEVENTBRIDGELOCAL1';
/** AWS's limits of one PutEvents: entries, and bytes of all of them together. */
const MOST_ENTRIES = 10;
const MOST_BYTES = 1_048_576;

const QueueArn = z
  .string()
  .regex(/^arn:aws:sqs:[^:]+:\d{12}:.+$/, 'only queues (AWS::SQS::Queue) are supported as targets');
const Target = z.strictObject({
  Id: z.string().min(1),
  Arn: QueueArn,
  DeadLetterConfig: z.strictObject({ Arn: QueueArn }).optional(),
});
type Target = z.infer<typeof Target>;
const State = z.enum(['ENABLED', 'DISABLED']).default('ENABLED');

/** In a template the pattern is an object, over the wire its text. */
const RuleProperties = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  EventBusName: z.string().optional(),
  EventPattern: z.record(z.string(), z.unknown()),
  State,
  Targets: z.array(Target).default([]),
  Tags: z.unknown().optional(),
});
const EventBusName = z.string().default('default');
const PutRule = z.strictObject({
  EventBusName,
  Name: z.string().regex(/^[\w.-]{1,64}$/),
  EventPattern: z.string(),
  State,
  Description: z.string().optional(),
});
const PutTargets = z.strictObject({ EventBusName, Rule: z.string(), Targets: z.array(Target).min(1).max(100) });
const RemoveTargets = z.strictObject({ EventBusName, Rule: z.string(), Ids: z.array(z.string()).min(1).max(100) });
const DeleteRule = z.strictObject({ EventBusName, Name: z.string() });

const Entry = z.strictObject({
  /** Seconds since 1970. */
  Time: z.number().min(0).max(253_402_300_799).optional(),
  Source: z.string().optional(),
  Resources: z.array(z.string()).default([]),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  EventBusName: z.string().default('default'),
});
type Entry = z.infer<typeof Entry>;
const PutEvents = z.strictObject({ Entries: z.array(Entry).min(1).max(MOST_ENTRIES) });
/** Which buses and which rule a call is about, before anything else of it is read. */
const About = z.object({
  EventBusName: EventBusName.catch('default'),
  Name: z.string().catch(''),
  Rule: z.string().catch(''),
  Entries: z.array(z.object({ EventBusName })).catch([]),
});

interface Rule {
  readonly arn: string;
  readonly bus: string;
  readonly enabled: boolean;
  readonly matches: (event: unknown) => boolean;
  readonly targets: readonly Target[];
}
interface Delivery {
  readonly rule: Rule;
  readonly target: Target;
  readonly body: string;
}
type PutEventsAnswer = { readonly EventId: string } | { readonly ErrorCode: string; readonly ErrorMessage: string };

/** EventBridge: buses, and rules that hand what matches to queues. Rules put over the wire are kept in the store. */
export function eventBus(machine: Machine, queues: Queues): Service {
  const buses = new Set(['default']);
  const standing = new Map<string, Rule>();
  const kept = keptRules(machine);

  const addRule = (resource: Resource) => {
    const { stack, logicalId, type, arn } = resource;
    const { EventBusName = 'default', EventPattern, State, Targets } = propertiesOf(RuleProperties, resource);
    try {
      const matches = compilePattern(EventPattern);
      standing.set(arn, { arn, bus: busName(EventBusName), enabled: State === 'ENABLED', matches, targets: Targets });
    } catch (error) {
      throw new RangeError(`${stack}/${logicalId} (${type}): EventPattern: ${messageOf(error)}`);
    }
  };

  const putEvents = ({ Entries }: z.infer<typeof PutEvents>) => {
    if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MOST_BYTES)
      throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
    const rules = [...standing.values(), ...kept.all()].filter(({ enabled }) => enabled);
    const deliveries: Delivery[] = [];
    const answers = Entries.map((entry): PutEventsAnswer => {
      const event = envelope(entry, machine.clock.now());
      if ('ErrorCode' in event) return event;
      const bus = busName(entry.EventBusName);
      // AWS takes such an event and drops it, so the answer is the same here.
      if (!buses.has(bus)) machine.say(`an event was put on the bus ${bus}, which does not exist: dropped`);
      const body = JSON.stringify(event);
      for (const rule of rules) {
        if (rule.bus !== bus || !rule.matches(event)) continue;
        for (const target of rule.targets) deliveries.push({ rule, target, body });
      }
      return { EventId: event.id };
    });
    deliver(machine, queues, deliveries);
    return { FailedEntryCount: answers.filter((answer) => 'ErrorCode' in answer).length, Entries: answers };
  };

  /** The ARN of a rule that may be changed over the wire. */
  const changeable = (bus: string, name: string): string => {
    const arn = ruleArn(busName(bus), name);
    if (standing.has(arn)) throw new AwsError('ValidationException', `${arn} stands in a template; change it there.`);
    if (!buses.has(busName(bus))) throw new AwsError('ResourceNotFoundException', `Event bus ${bus} does not exist.`);
    return arn;
  };
  const operations = { PutEvents: operation(PutEvents, putEvents), ...ruleOperations(kept, changeable) };

  return {
    carries: {
      'AWS::Events::EventBus': { properties: ['Name'], withoutEffect: ['Description', 'Tags'] },
      'AWS::Events::Rule': {
        properties: ['Name', 'EventBusName', 'EventPattern', 'State', 'Targets'],
        withoutEffect: ['Description', 'Tags'],
      },
    },
    add(resource) {
      if (resource.type === 'AWS::Events::EventBus') buses.add(resource.name);
      else addRule(resource);
    },
    wire: {
      kind: 'json',
      signingName: 'events',
      targets: ['AWSEvents'],
      demands(name, input) {
        operationOf(operations, name);
        return demandsOf(name, input);
      },
      answer: ({ operation: name, input }) => ({ json: operationOf(operations, name)(input) }),
    },
  };
}

function demandsOf(operation: string, input: JsonObject): readonly Demand[] {
  const action = `events:${operation}`;
  const { EventBusName, Name, Rule, Entries } = About.parse(input);
  if (operation !== 'PutEvents') return [{ action, resource: ruleArn(busName(EventBusName), Name || Rule) }];
  const names = new Set(Entries.map((entry) => busName(entry.EventBusName)));
  return [...names].map((name) => ({ action, resource: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${name}` }));
}

/** A bus is named by its name or its ARN. */
const busName = (nameOrArn: string) => nameOrArn.replace(/^arn:aws:events:[^:]*:\d{12}:event-bus\//, '');

function ruleArn(bus: string, name: string): string {
  return `arn:aws:events:${REGION}:${ACCOUNT}:rule/${bus === 'default' ? '' : `${bus}/`}${name}`;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** As AWS counts an entry: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
function sizeOf({ Time, Source = '', DetailType = '', Detail = '', Resources }: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time === undefined ? 0 : 14);
}

/** The event as rules and targets see it, or why the entry is refused. */
function envelope({ Time, Source, DetailType, Detail, Resources }: Entry, now: number) {
  const missing = (name: string) =>
    refused('InvalidArgument', `Parameter ${name} is not valid. Reason: ${name} is a required argument.`);
  if (!Source) return missing('Source');
  if (!DetailType) return missing('DetailType');
  if (!Detail) return missing('Detail');
  if (Source.startsWith('aws.')) return refused('NotAuthorizedForSourceException', 'Not authorized for the source.');
  const detail = objectIn(Detail);
  if (!detail) return refused('MalformedDetail', 'Detail is malformed.');
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': DetailType,
    source: Source,
    account: ACCOUNT,
    time: new Date(Time === undefined ? now : Time * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: REGION,
    resources: Resources,
    detail,
  };
}

const refused = (ErrorCode: string, ErrorMessage: string) => ({ ErrorCode, ErrorMessage });

function objectIn(text: string): JsonObject | undefined {
  try {
    return z.record(z.string(), z.unknown()).safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Everything in one transaction; one by one only where a queue does not take its message, so that the others still get theirs. */
function deliver(machine: Machine, queues: Queues, deliveries: readonly Delivery[]): void {
  const allowed = deliveries.flatMap((delivery) => allowedMessage(machine, delivery));
  if (allowed.length === 0) return;
  try {
    queues.sendAll(allowed.map(({ message }) => message));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    for (const { delivery, message } of allowed) sendAlone(machine, queues, delivery, message);
  }
}

interface Message {
  readonly queueArn: string;
  readonly body: string;
  readonly senderId: string;
}
const messageTo = (queueArn: string, body: string): Message => ({ queueArn, body, senderId: SENDER_ID });

/** To the target; where its policy does not let the rule in, to the dead letters; where that does not either, nowhere. */
function allowedMessage(machine: Machine, delivery: Delivery): { delivery: Delivery; message: Message }[] {
  const { rule, target, body } = delivery;
  for (const arn of [target.Arn, target.DeadLetterConfig?.Arn]) {
    if (arn === undefined) continue;
    const by = { service: 'events.amazonaws.com', sourceArn: rule.arn };
    try {
      machine.iam.authorizeService(by, { action: 'sqs:SendMessage', resource: arn });
      return [{ delivery, message: messageTo(arn, body) }];
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      machine.say(`${rule.arn} could not send an event to ${arn}: ${error.message}; ${fate(delivery, arn)}`);
    }
  }
  return [];
}

function sendAlone(machine: Machine, queues: Queues, delivery: Delivery, message: Message): void {
  try {
    queues.send(message.queueArn, message);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const said = `${delivery.rule.arn} could not send an event to ${message.queueArn}: ${error.message}`;
    machine.say(`${said}; ${fate(delivery, message.queueArn)}`);
    const next = delivery.target.DeadLetterConfig;
    if (!next || next.Arn === message.queueArn) return;
    const toDeadLetters = { ...delivery, target: { Id: delivery.target.Id, Arn: next.Arn } };
    for (const last of allowedMessage(machine, toDeadLetters)) sendAlone(machine, queues, toDeadLetters, last.message);
  }
}

function fate({ target }: Delivery, failed: string): string {
  const next = target.DeadLetterConfig?.Arn;
  return next === undefined || next === failed ? 'dropped' : `it goes to ${next}`;
}

type KeptRules = ReturnType<typeof keptRules>;

/** The rules that were put over the wire. */
function keptRules({ store }: Machine) {
  store.exec(`create table if not exists event_rules (
    arn text primary key, bus text not null, pattern text not null, state text not null,
    targets text not null default '[]')`);
  const Row = z.object({
    arn: z.string(),
    bus: z.string(),
    pattern: z.string(),
    state: z.string(),
    targets: z.string(),
  });
  const rules = new Map<string, Rule>();
  const load = () => {
    rules.clear();
    for (const { arn, bus, pattern, state, targets } of z
      .array(Row)
      .parse(store.prepare('select * from event_rules order by arn').all())) {
      const read = z.array(Target).parse(JSON.parse(targets));
      rules.set(arn, { arn, bus, enabled: state === 'ENABLED', matches: compilePattern(pattern), targets: read });
    }
  };
  load();
  const change = (sql: string, ...values: string[]) => {
    store.prepare(sql).run(...values);
    load();
  };
  return {
    all: () => rules.values(),
    targetsOf: (arn: string) => rules.get(arn)?.targets,
    put: (arn: string, bus: string, pattern: string, state: string) =>
      change(
        `insert into event_rules (arn, bus, pattern, state) values (?, ?, ?, ?)
          on conflict (arn) do update set pattern = excluded.pattern, state = excluded.state`,
        ...[arn, bus, pattern, state],
      ),
    setTargets: (arn: string, targets: readonly Target[]) =>
      change('update event_rules set targets = ? where arn = ?', JSON.stringify(targets), arn),
    remove: (arn: string) => change('delete from event_rules where arn = ?', arn),
  };
}

/** @param changeable gives the ARN of a rule by bus and name, or refuses */
function ruleOperations(kept: KeptRules, changeable: (bus: string, name: string) => string) {
  const targetsOf = (arn: string) => {
    const targets = kept.targetsOf(arn);
    if (targets) return targets;
    throw new AwsError('ResourceNotFoundException', `Rule ${arn} does not exist.`);
  };
  return {
    PutRule: operation(PutRule, ({ EventBusName, Name, EventPattern, State }) => {
      const arn = changeable(EventBusName, Name);
      try {
        compilePattern(EventPattern);
      } catch (error) {
        throw new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${messageOf(error)}`);
      }
      kept.put(arn, busName(EventBusName), EventPattern, State);
      return { RuleArn: arn };
    }),
    PutTargets: operation(PutTargets, ({ EventBusName, Rule, Targets }) => {
      const arn = changeable(EventBusName, Rule);
      const others = targetsOf(arn).filter(({ Id }) => Targets.every((target) => target.Id !== Id));
      kept.setTargets(arn, [...others, ...Targets]);
      return { FailedEntryCount: 0, FailedEntries: [] };
    }),
    RemoveTargets: operation(RemoveTargets, ({ EventBusName, Rule, Ids }) => {
      const arn = changeable(EventBusName, Rule);
      kept.setTargets(
        arn,
        targetsOf(arn).filter(({ Id }) => !Ids.includes(Id)),
      );
      return { FailedEntryCount: 0, FailedEntries: [] };
    }),
    DeleteRule: operation(DeleteRule, ({ EventBusName, Name }) => {
      const arn = changeable(EventBusName, Name);
      if (kept.targetsOf(arn)?.length)
        throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.");
      kept.remove(arn);
      return {};
    }),
  };
}
