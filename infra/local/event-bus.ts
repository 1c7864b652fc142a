import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { operation, operationOf, propertiesOf } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, type Queues, REGION, type Service } from './cloud.ts';
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
/** In a template the pattern is an object, over the wire its text. */
const Pattern = z.unknown().transform((pattern, context) => {
  try {
    return { pattern, matches: compilePattern(pattern) };
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

const PutRule = z.strictObject({ EventBusName: Name, Name, EventPattern: Pattern });
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
      rules.push({ arn: resource.arn, bus: EventBusName, matches: EventPattern.matches, targets: Targets });
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

/** The rules that were put over the wire. */
function keptRules({ store }: Machine) {
  store.exec('create table if not exists wire_rules (arn text primary key, rule text not null)');
  const Kept = z.object({ arn: Name, bus: Name, pattern: Name, targets: z.array(Target) });
  const select = store.prepare('select rule from wire_rules order by arn');
  const read = () =>
    select.all().map(({ rule }) => {
      const kept = Kept.parse(JSON.parse(String(rule)));
      return { ...kept, matches: compilePattern(kept.pattern) };
    });
  let rules = read();
  const change = (sql: string, ...values: string[]) => {
    store.prepare(sql).run(...values);
    rules = read();
  };
  return {
    all: (): readonly Rule[] => rules,
    /** @throws AwsError for a rule that is not there */
    find(arn: string) {
      const rule = rules.find((each) => each.arn === arn);
      if (rule) return rule;
      throw new AwsError('ResourceNotFoundException', `Rule ${arn} does not exist.`);
    },
    put: (rule: z.infer<typeof Kept>) =>
      change('insert or replace into wire_rules values (?, ?)', rule.arn, JSON.stringify(rule)),
    remove: (arn: string) => change('delete from wire_rules where arn = ?', arn),
  };
}

/** What a suite listens to the bus with. */
function ruleOperations(rules: ReturnType<typeof keptRules>, known: (bus: string) => string) {
  const answer = { FailedEntryCount: 0, FailedEntries: [] };
  return {
    PutRule: operation(PutRule, ({ EventBusName, Name, EventPattern }) => {
      const arn = ruleArn(known(EventBusName), Name);
      rules.put({ arn, bus: EventBusName, pattern: String(EventPattern.pattern), targets: [] });
      return { RuleArn: arn };
    }),
    PutTargets: operation(PutTargets, ({ EventBusName, Rule, Targets }) => {
      const rule = rules.find(ruleArn(EventBusName, Rule));
      rules.put({ ...rule, targets: [...rule.targets, ...Targets] });
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
