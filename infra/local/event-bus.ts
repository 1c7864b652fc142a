import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { portionsOf } from './calls.ts';
import { operation, operationOf, propertiesOf, refuseMissingQueue } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, type Queues, REGION, type Resource, type Service } from './cloud.ts';
import { compilePattern } from './event-pattern.ts';

/** What a queue attests of messages that a rule sent. */
const SENDER_ID = 'AIDAEVENTBRIDGELOCAL1';
const ARN = `arn:aws:events:${REGION}:${ACCOUNT}`;

const Name = z.string().min(1);
const QueueArn = z.string().startsWith('arn:aws:sqs:', 'only queues are supported as targets');
const Targets = z.array(
  z.strictObject({ Id: z.string(), Arn: QueueArn, DeadLetterConfig: z.strictObject({ Arn: QueueArn }).optional() }),
);
type Targets = z.infer<typeof Targets>;
function compiled(pattern: unknown, context: z.RefinementCtx) {
  try {
    return compilePattern(pattern);
  } catch (error) {
    context.addIssue({ code: 'custom', message: String(error) });
    return z.NEVER;
  }
}
/** A filter's pattern, which CloudFormation wants as text; a rule's is an object. */
export const PatternText = z.string().transform(compiled);
const RuleProperties = z.strictObject({
  EventBusName: Name,
  EventPattern: z.unknown().transform(compiled),
  State: z.literal('ENABLED'),
  Targets,
});
const Entry = z.strictObject({
  EventBusName: Name,
  Source: Name,
  DetailType: Name,
  Detail: Name,
  Time: z.number().optional(), // Seconds since 1970.
});
const PutEvents = z.strictObject({ Entries: z.array(Entry).max(10) }); // As many as AWS takes in one call.
const RuleName = z.strictObject({ EventBusName: Name, Name });
const RuleNamed = z.strictObject({ EventBusName: Name, Rule: Name });
const KeptRule = z
  .object({ arn: Name, bus: Name, pattern: Name, targets: Targets })
  .transform((kept) => ({ ...kept, matches: compilePattern(kept.pattern) }));
type KeptRule = z.infer<typeof KeptRule>;

type Rule = Omit<KeptRule, 'pattern'>;
type Delivery = { readonly rule: Rule; readonly target: Targets[number]; readonly body: string };

/** EventBridge: buses, and rules that hand what matches to queues. Rules put over the wire are kept in the store. */
export function eventBus(machine: Machine, queues: Queues): Service {
  const buses = new Set<string>();
  const rules: (Rule & { readonly resource: Resource })[] = [];
  const known = (bus: string) => {
    if (!buses.has(bus)) throw new AwsError('ResourceNotFoundException', `Event bus ${bus} does not exist.`);
    return bus;
  };
  const wired = wireRules(machine, known);
  const putEvents = operation(PutEvents, ({ Entries }) => {
    const standing = [...rules, ...wired.rules.values()];
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
  });
  const operations = { PutEvents: putEvents, ...wired.operations };
  return {
    carries: {
      'AWS::Events::EventBus': { properties: ['Name'], withoutEffect: ['Description'] },
      'AWS::Events::Rule': { properties: Object.keys(RuleProperties.shape) },
    },
    add(resource) {
      if (resource.type === 'AWS::Events::EventBus') return void buses.add(resource.name);
      const { EventBusName: bus, EventPattern: matches, Targets: targets } = propertiesOf(RuleProperties, resource);
      rules.push({ resource, arn: resource.arn, bus, matches, targets });
    },
    start() {
      for (const { resource, targets } of rules)
        for (const queueArn of targets.flatMap(queuesOf)) refuseMissingQueue(queues, resource, queueArn);
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
        // What cannot be read demands nothing, and is refused when it is carried out.
        const entries = PutEvents.safeParse(input).data?.Entries ?? [];
        const names = new Set(entries.map(({ EventBusName }) => EventBusName));
        return [...names].map((bus) => ({ action, resource: `${ARN}:event-bus/${bus}` }));
      },
      answer: ({ operation: name, input, caller }) => ({ json: operationOf(operations, name)(input, caller) }),
    },
  };
}

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

const queuesOf = ({ Arn, DeadLetterConfig }: Targets[number]) =>
  DeadLetterConfig ? [Arn, DeadLetterConfig.Arn] : [Arn];

/** Everything in one transaction; one by one where a queue refuses its message, so that the others still get theirs. */
function deliver(machine: Machine, queues: Queues, deliveries: readonly Delivery[]): void {
  try {
    const messages = deliveries.map((delivery) => messageTo(machine, delivery, delivery.target.Arn));
    if (messages.length > 0) queues.sendAll(messages);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    for (const delivery of deliveries) deliverAlone(machine, queues, delivery);
  }
}

/** To the target; what it does not take, to its dead letters; what these do not take either is said and dropped. */
function deliverAlone(machine: Machine, queues: Queues, delivery: Delivery): void {
  const { rule, target } = delivery;
  for (const queueArn of queuesOf(target)) {
    try {
      queues.send(queueArn, messageTo(machine, delivery, queueArn));
      return;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      machine.say(`${rule.arn} could not send an event to ${queueArn}: ${error.message}`);
    }
  }
  machine.say(`an event of ${rule.arn} is dropped`);
}

/** @throws AwsError where the queue's policy does not let the rule in */
function messageTo({ iam, count }: Machine, { rule, body }: Delivery, queueArn: string) {
  const by = { service: 'events.amazonaws.com', sourceArn: rule.arn };
  iam.authorizeService(by, { action: 'sqs:SendMessage', resource: queueArn });
  count('sqs', 'SendMessage', 'events', { portions: portionsOf(body) });
  return { queueArn, body, senderId: SENDER_ID };
}

/** What a suite listens to the bus with. A rule in the store that cannot be read any more is said and left out. */
function wireRules({ store, say }: Machine, known: (bus: string) => string) {
  store.exec('create table if not exists wire_rules (arn text primary key, rule text not null)');
  const rules = new Map<string, KeptRule>();
  for (const { arn, rule } of store.prepare('select arn, rule from wire_rules order by arn').all()) {
    try {
      const kept = KeptRule.parse(JSON.parse(String(rule)));
      rules.set(kept.arn, kept);
    } catch (error) {
      say(`the rule ${String(arn)} is left out until it is put anew: ${String(error)}`);
    }
  }
  const arnOf = (bus: string, name: string) => `${ARN}:rule/${bus}/${name}`;
  const find = (bus: string, name: string) => {
    const rule = rules.get(arnOf(bus, name));
    if (rule) return rule;
    throw new AwsError('ResourceNotFoundException', `Rule ${arnOf(bus, name)} does not exist.`);
  };
  const put = (rule: KeptRule) => {
    // What it matches is no JSON: that is made anew when it is read.
    store.prepare('insert or replace into wire_rules values (?, ?)').run(rule.arn, JSON.stringify(rule));
    rules.set(rule.arn, rule);
  };
  const retarget = (bus: string, name: string, change: (targets: Targets) => Targets) => {
    const rule = find(bus, name);
    put({ ...rule, targets: change(rule.targets) });
    return { FailedEntryCount: 0, FailedEntries: [] };
  };
  const operations = {
    PutRule: operation(RuleName.extend({ EventPattern: z.unknown() }), ({ EventBusName, Name, EventPattern }) => {
      const arn = arnOf(known(EventBusName), Name);
      const matches = matcherOf(EventPattern);
      const targets = rules.get(arn)?.targets ?? [];
      put({ arn, bus: EventBusName, pattern: String(EventPattern), matches, targets });
      return { RuleArn: arn };
    }),
    PutTargets: operation(RuleNamed.extend({ Targets }), ({ EventBusName: bus, Rule: name, Targets: added }) =>
      // A target put again under its Id takes the place of the one before.
      retarget(bus, name, (targets) => [
        ...new Map([...targets, ...added].map((target) => [target.Id, target])).values(),
      ]),
    ),
    RemoveTargets: operation(RuleNamed.extend({ Ids: z.array(z.string()) }), ({ EventBusName: bus, Rule: name, Ids }) =>
      retarget(bus, name, (targets) => targets.filter(({ Id }) => !Ids.includes(Id))),
    ),
    DeleteRule: operation(RuleName, ({ EventBusName: bus, Name: name }) => {
      const { arn } = find(bus, name);
      store.prepare('delete from wire_rules where arn = ?').run(arn);
      rules.delete(arn);
      return {};
    }),
  };
  return { rules, operations };
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
