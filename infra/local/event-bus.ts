import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { operation, operationOf, propertiesOf, refuseMissingQueue } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, type Queues, REGION, type Resource, type Service } from './cloud.ts';
import { compilePattern } from './event-pattern.ts';

/** What a queue attests of messages that a rule sent. */
const SENDER_ID = 'AIDAEVENTBRIDGELOCAL1';
/** AWS's limit of one PutEvents. */
const MOST_ENTRIES = 10;

const Name = z.string().min(1);
const QueueArn = z.string().startsWith('arn:aws:sqs:', 'only queues are supported as targets');
const Target = z.strictObject({
  Id: z.string(),
  Arn: QueueArn,
  DeadLetterConfig: z.strictObject({ Arn: QueueArn }).optional(),
});
const Pattern = z.unknown().transform((pattern, context) => {
  try {
    return compilePattern(pattern);
  } catch (error) {
    context.addIssue({ code: 'custom', message: String(error) });
    return z.NEVER;
  }
});
const RuleProperties = z.strictObject({
  EventBusName: Name,
  EventPattern: Pattern,
  State: z.literal('ENABLED'),
  Targets: z.array(Target),
});

const PutRule = z.strictObject({ EventBusName: Name, Name, EventPattern: z.unknown() });
const PutTargets = z.strictObject({ EventBusName: Name, Rule: Name, Targets: z.array(Target) });
const RemoveTargets = z.strictObject({ EventBusName: Name, Rule: Name, Ids: z.array(z.string()) });
const DeleteRule = z.strictObject({ EventBusName: Name, Name });
const Entry = z.strictObject({
  EventBusName: Name,
  Source: Name,
  DetailType: Name,
  Detail: Name,
  Time: z.number().optional(), // Seconds since 1970.
});
const PutEvents = z.strictObject({ Entries: z.array(Entry).max(MOST_ENTRIES) });
/** Which buses a call is about, before anything else of it is read. */
const About = z.object({ Entries: z.array(z.object({ EventBusName: Name })).catch([]) });

interface Rule {
  readonly arn: string;
  readonly bus: string;
  readonly matches: (event: unknown) => boolean;
  readonly targets: readonly z.infer<typeof Target>[];
}
interface Delivery {
  readonly rule: Rule;
  readonly target: Rule['targets'][number];
  readonly body: string;
}

/** EventBridge: buses, and rules that hand what matches to queues. Rules put over the wire are kept in the store. */
export function eventBus(machine: Machine, queues: Queues): Service {
  const buses = new Set<string>();
  const rules: Rule[] = [];
  const sending: { readonly by: Resource; readonly to: string }[] = [];
  const ownRules = keptRules(machine);
  const known = (bus: string) => {
    if (!buses.has(bus)) throw new AwsError('ResourceNotFoundException', `Event bus ${bus} does not exist.`);
    return bus;
  };
  const putEvents = ({ Entries }: z.infer<typeof PutEvents>) => {
    const standing = [...rules, ...ownRules.all()];
    const events = Entries.map(({ EventBusName, Source, DetailType, Detail, Time }) => {
      const at = Time === undefined ? machine.clock.now() : Time * 1000;
      return { bus: known(EventBusName), event: eventOf(Source, DetailType, at, objectIn(Detail)) };
    });
    const deliveries = events.flatMap(({ bus, event }) => {
      const body = JSON.stringify(event);
      const matching = standing.filter((rule) => rule.bus === bus && rule.matches(event));
      return matching.flatMap((rule) => rule.targets.map((target) => ({ rule, target, body })));
    });
    deliver(machine, queues, deliveries);
    return { FailedEntryCount: 0, Entries: events.map(({ event }) => ({ EventId: event.id })) };
  };
  const operations = { PutEvents: operation(PutEvents, putEvents), ...ruleOperations(ownRules, known) };
  return {
    carries: {
      'AWS::Events::EventBus': { properties: ['Name'], withoutEffect: ['Description'] },
      'AWS::Events::Rule': { properties: Object.keys(RuleProperties.shape) },
    },
    add(resource) {
      if (resource.type === 'AWS::Events::EventBus') {
        buses.add(resource.name);
        return;
      }
      const { EventBusName, EventPattern, Targets } = propertiesOf(RuleProperties, resource);
      rules.push({ arn: resource.arn, bus: EventBusName, matches: EventPattern, targets: Targets });
      for (const { Arn, DeadLetterConfig } of Targets)
        for (const to of [Arn, DeadLetterConfig?.Arn]) if (to !== undefined) sending.push({ by: resource, to });
    },
    start() {
      for (const { by, to } of sending) refuseMissingQueue(queues, by, to);
    },
    wire: {
      kind: 'json',
      signingName: 'events',
      targets: ['AWSEvents'],
      demands(name, input) {
        operationOf(operations, name);
        const action = `events:${name}`;
        // Rules are put by the account's own tools; a role would have to be allowed it everywhere.
        if (name !== 'PutEvents') return [{ action, resource: '*' }];
        const names = new Set(About.parse(input).Entries.map(({ EventBusName }) => EventBusName));
        return [...names].map((bus) => ({ action, resource: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${bus}` }));
      },
      answer: ({ operation: name, input, caller }) => ({ json: operationOf(operations, name)(input, caller) }),
    },
  };
}

const ruleArn = (bus: string, name: string) => `arn:aws:events:${REGION}:${ACCOUNT}:rule/${bus}/${name}`;

/**
 * An event as rules and functions see it.
 * @param at milliseconds since 1970; the event says seconds
 */
export function eventOf(source: string, detailType: string, at: number, detail: unknown, resources: string[] = []) {
  const time = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  const where = { account: ACCOUNT, region: REGION, resources };
  return { version: '0', id: randomUUID(), 'detail-type': detailType, source, time, ...where, detail };
}

function objectIn(text: string): unknown {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new AwsError('ValidationException', 'Detail is malformed: it must be a JSON object.');
  }
}

/** Everything in one transaction; one by one where a queue refuses its message, so that the others still get theirs. */
function deliver(machine: Machine, queues: Queues, deliveries: readonly Delivery[]): void {
  try {
    for (const delivery of deliveries) authorize(machine, delivery, delivery.target.Arn);
    if (deliveries.length > 0)
      queues.sendAll(deliveries.map((delivery) => messageTo(delivery.target.Arn, delivery.body)));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    for (const delivery of deliveries) deliverAlone(machine, queues, delivery);
  }
}

/** To the target; what it does not take, to its dead letters; what these do not take either is said and dropped. */
function deliverAlone(machine: Machine, queues: Queues, delivery: Delivery): void {
  const { rule, target, body } = delivery;
  for (const queueArn of [target.Arn, target.DeadLetterConfig?.Arn]) {
    if (queueArn === undefined) break;
    try {
      authorize(machine, delivery, queueArn);
      queues.send(queueArn, messageTo(queueArn, body));
      return;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      machine.say(`${rule.arn} could not send an event to ${queueArn}: ${error.message}`);
    }
  }
  machine.say(`an event of ${rule.arn} is dropped`);
}

const messageTo = (queueArn: string, body: string) => ({ queueArn, body, senderId: SENDER_ID });

function authorize({ iam }: Machine, { rule }: Delivery, queueArn: string): void {
  const by = { service: 'events.amazonaws.com', sourceArn: rule.arn };
  iam.authorizeService(by, { action: 'sqs:SendMessage', resource: queueArn });
}

const KeptRule = z.object({ arn: Name, bus: Name, pattern: Name, targets: z.array(Target) });

/** The rules that were put over the wire. One in the store that cannot be read any more is said and left out. */
function keptRules({ store, say }: Machine) {
  store.exec('create table if not exists wire_rules (arn text primary key, rule text not null)');
  const write = store.prepare('insert or replace into wire_rules values (?, ?)');
  const erase = store.prepare('delete from wire_rules where arn = ?');
  const rules = new Map<string, Rule & z.infer<typeof KeptRule>>();
  for (const { arn, rule } of store.prepare('select arn, rule from wire_rules order by arn').all()) {
    try {
      const kept = KeptRule.parse(JSON.parse(String(rule)));
      rules.set(kept.arn, { ...kept, matches: compilePattern(kept.pattern) });
    } catch (error) {
      say(`the rule ${String(arn)} is left out until it is put anew: ${String(error)}`);
    }
  }
  return {
    all: (): readonly Rule[] => [...rules.values()],
    targetsOf: (arn: string) => rules.get(arn)?.targets ?? [],
    /** @throws AwsError for a rule that is not there */
    find(arn: string) {
      const rule = rules.get(arn);
      if (rule) return rule;
      throw new AwsError('ResourceNotFoundException', `Rule ${arn} does not exist.`);
    },
    /** @throws AwsError for a pattern that does not compile, which is not kept */
    put(rule: Omit<z.infer<typeof KeptRule>, 'pattern'> & { readonly pattern: unknown }) {
      const matches = matcherOf(rule.pattern);
      const kept = { ...rule, pattern: String(rule.pattern) };
      write.run(kept.arn, JSON.stringify(kept));
      rules.set(kept.arn, { ...kept, matches });
    },
    remove(arn: string) {
      erase.run(arn);
      rules.delete(arn);
    },
  };
}

/** Over the wire a pattern is its text. @throws AwsError for what is no text, or no pattern */
function matcherOf(pattern: unknown): Rule['matches'] {
  try {
    if (typeof pattern !== 'string') throw new RangeError(`event pattern: expected its text, got ${typeof pattern}`);
    return compilePattern(pattern);
  } catch (error) {
    throw new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${String(error)}`);
  }
}

/** What a suite listens to the bus with. */
function ruleOperations(rules: ReturnType<typeof keptRules>, known: (bus: string) => string) {
  const answer = { FailedEntryCount: 0, FailedEntries: [] };
  return {
    PutRule: operation(PutRule, ({ EventBusName, Name, EventPattern }) => {
      const arn = ruleArn(known(EventBusName), Name);
      rules.put({ arn, bus: EventBusName, pattern: EventPattern, targets: rules.targetsOf(arn) });
      return { RuleArn: arn };
    }),
    PutTargets: operation(PutTargets, ({ EventBusName, Rule, Targets }) => {
      const rule = rules.find(ruleArn(EventBusName, Rule));
      // A target put again under its Id takes the place of the one before.
      const byId = new Map([...rule.targets, ...Targets].map((target) => [target.Id, target]));
      rules.put({ ...rule, targets: [...byId.values()] });
      return answer;
    }),
    RemoveTargets: operation(RemoveTargets, ({ EventBusName, Rule, Ids }) => {
      const rule = rules.find(ruleArn(EventBusName, Rule));
      rules.put({ ...rule, targets: rule.targets.filter(({ Id }) => !Ids.includes(Id)) });
      return answer;
    }),
    DeleteRule: operation(DeleteRule, ({ EventBusName, Name }) => {
      rules.remove(rules.find(ruleArn(EventBusName, Name)).arn);
      return {};
    }),
  };
}
