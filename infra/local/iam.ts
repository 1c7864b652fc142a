import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import {
  ACCOUNT,
  ACCOUNT_KEY,
  AwsError,
  type Caller,
  type Carried,
  type Credentials,
  type Demand,
  type Iam,
  type Resource,
  type UnusedGrant,
} from './cloud.ts';

/** What roles and resource policies are read from; {@link iam} carries it out, no service does. */
export const IAM_CARRIES: Readonly<Record<string, Carried>> = {
  'AWS::IAM::Role': {
    properties: ['AssumeRolePolicyDocument', 'Policies'],
    withoutEffect: ['Description', 'MaxSessionDuration', 'Tags'],
  },
  'AWS::IAM::Policy': { properties: ['PolicyDocument', 'Roles'], withoutEffect: ['PolicyName'] },
  'AWS::Lambda::Permission': { properties: ['Action', 'FunctionName', 'Principal', 'SourceArn', 'SourceAccount'] },
  'AWS::SQS::QueuePolicy': { properties: ['PolicyDocument', 'Queues'] },
  'AWS::SNS::TopicPolicy': { properties: ['PolicyDocument', 'Topics'] },
  'AWS::S3::BucketPolicy': { properties: ['PolicyDocument', 'Bucket'] },
};

const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
/** What every call here has: nothing leaves the machine, so each counts as encrypted on its way. */
const EVERY_CALL = { 'aws:SecureTransport': 'true', 'aws:SourceAccount': ACCOUNT };
const CONDITION_KEYS: readonly string[] = [...Object.keys(EVERY_CALL), 'aws:SourceArn', 'kms:ViaService'];

/** Text that a policy compares; a variable in it would have to be filled in. */
const Text = z.string().refine((text) => !text.includes('${'), 'policy variables are not supported');
const Texts = z
  .union([Text, z.boolean(), z.array(Text)])
  .transform((given) => (Array.isArray(given) ? given : [String(given)]));
const Compared = z.record(
  z.string().refine((key) => CONDITION_KEYS.includes(key), 'this condition key is not supported'),
  Texts,
);
const Condition = z.strictObject({
  StringEquals: Compared.optional(),
  StringLike: Compared.optional(),
  ArnEquals: Compared.optional(),
  ArnLike: Compared.optional(),
  Bool: Compared.optional(),
});
const LeadingKeys = z.strictObject({ 'dynamodb:LeadingKeys': Texts });
type Operator = keyof z.infer<typeof Condition>;
const Principal = z.union([
  z.literal('*').transform(() => ({ AWS: ['*'], Service: [] as readonly string[] })),
  z.strictObject({ AWS: Texts.default([]), Service: Texts.default([]) }),
]);
const given = { Sid: z.string().optional(), Effect: z.enum(['Allow', 'Deny']), Condition: Condition.default({}) };
const WithKeys = Condition.extend({ 'ForAllValues:StringLike': LeadingKeys.optional() });
const IdentityStatement = z.strictObject({ ...given, Condition: WithKeys.default({}), Action: Texts, Resource: Texts });
const ResourceStatement = z.strictObject({ ...given, Action: Texts, Resource: Texts, Principal });
const oneOrMore = <T extends z.ZodType>(statement: T) =>
  z.preprocess((one) => (Array.isArray(one) ? one : [one]), z.array(statement));
const documentOf = <T extends z.ZodType>(statement: T) =>
  z.strictObject({ Version: z.literal('2012-10-17'), Id: z.string().optional(), Statement: oneOrMore(statement) });
const IdentityPolicy = documentOf(IdentityStatement);
const ResourcePolicy = documentOf(ResourceStatement);
/** Who may take a role on is decided by what the template puts it on; the document is only read for its form. */
const TrustPolicy = z.looseObject({ Statement: z.array(z.unknown()) });

const Role = z.strictObject({
  AssumeRolePolicyDocument: TrustPolicy,
  Policies: z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: IdentityPolicy })).default([]),
  Description: z.unknown().optional(),
  MaxSessionDuration: z.unknown().optional(),
  Tags: z.unknown().optional(),
});
const Policy = z.strictObject({ PolicyDocument: IdentityPolicy, PolicyName: z.string(), Roles: z.array(z.string()) });
const Permission = z.strictObject({
  Action: Text,
  FunctionName: Text,
  Principal: Text,
  SourceArn: Text.optional(),
  SourceAccount: Text.optional(),
});
const QueuePolicy = z.strictObject({ PolicyDocument: ResourcePolicy, Queues: z.array(z.string()) });
const TopicPolicy = z.strictObject({ PolicyDocument: ResourcePolicy, Topics: z.array(z.string()) });
const BucketPolicy = z.strictObject({ PolicyDocument: ResourcePolicy, Bucket: z.string() });

/** One pair of a statement: an action on a resource, and whether a call was ever allowed by it. */
interface Grant {
  readonly action: string;
  readonly resource: string;
  readonly covers: (demand: Demand) => boolean;
  used: boolean;
}
interface Statement {
  readonly allows: boolean;
  readonly grants: readonly Grant[];
  readonly holds: (context: Readonly<Record<string, string>>) => boolean;
  /** Where it is bound to partitions: whether the call names items, and all within them. */
  readonly within?: (leadingKeys: readonly string[] | undefined) => boolean;
  readonly principal?: z.infer<typeof Principal>;
}
type Outcome = 'allowed' | 'denied' | 'nothing said';

/** With what queues need that are made while the machine runs. */
export interface LocalIam extends Iam {
  /** Replaces the policy of a resource. @throws AwsError MalformedPolicyDocument for what is not supported here */
  putResourcePolicy(arn: string, document: unknown): void;
  removeResourcePolicy(arn: string): void;
}

/**
 * IAM from the roles, policies and permissions of the templates: an explicit Deny first, then an Allow of the role or of
 * the resource, otherwise nothing.
 *
 * @throws RangeError naming the resource and what of its policy is not supported: managed policies, NotAction, an
 *   operator or key of a condition
 */
export function iam(resources: readonly Resource[]): LocalIam {
  const roles = rolesIn(resources);
  const policies = resourcePoliciesIn(resources);
  const sessions = sessionsOf(roles);
  const decided = new Map<string, AwsError | undefined>();

  /** @param within what the statements that are bound to partitions say of the call's keys, so that keys need not be remembered */
  const once = (caller: string, demand: Demand, decide: () => AwsError | undefined, within = '') => {
    const context = demand.context ? JSON.stringify(demand.context) : '';
    const key = `${caller}\n${demand.action}\n${demand.resource}\n${context}\n${within}`;
    if (!decided.has(key)) decided.set(key, decide());
    const refusal = decided.get(key);
    if (refusal) throw new AwsError(refusal.code, refusal.message, refusal.status);
  };
  const policyOf = ({ resource }: Demand) => policies.get(resource) ?? policies.get(resource.split('/')[0] ?? '') ?? [];

  const decide = (caller: Caller, roleArn: string, demand: Demand): AwsError | undefined => {
    const context = { ...EVERY_CALL, ...demand.context };
    const identity = outcome(roles.get(roleArn)?.statements ?? [], demand, context);
    const named = ['*', roleArn, caller.arn];
    const denying = policyOf(demand).filter(({ allows, principal }) =>
      principal?.AWS.some((arn) => named.includes(arn) || (!allows && (arn === ROOT || arn === ACCOUNT))),
    );
    const resource = outcome(denying, demand, context);
    if (identity === 'denied') return refused(caller.arn, demand, 'with an explicit deny in an identity-based policy');
    if (resource === 'denied') return refused(caller.arn, demand, 'with an explicit deny in a resource-based policy');
    if (identity === 'allowed' || resource === 'allowed') return undefined;
    return refused(caller.arn, demand, `because no identity-based policy allows the ${demand.action} action`);
  };
  const decideService = (service: string, sourceArn: string, demand: Demand): AwsError | undefined => {
    const about = policyOf(demand).filter(
      ({ principal }) => principal?.Service.includes(service) || principal?.AWS.includes('*'),
    );
    const resource = outcome(about, demand, { ...EVERY_CALL, 'aws:SourceArn': sourceArn, ...demand.context });
    if (resource === 'allowed') return undefined;
    if (resource === 'denied') return refused(service, demand, 'with an explicit deny in a resource-based policy');
    return refused(service, demand, `because no resource-based policy allows the ${demand.action} action`);
  };

  return {
    ...sessions,
    authorize(caller, demands) {
      const { roleArn } = caller;
      if (roleArn === undefined) return;
      const bound = roles.get(roleArn)?.statements.flatMap(({ within }) => within ?? []) ?? [];
      for (const demand of demands) {
        const within = bound.map((holds) => holds(demand.leadingKeys)).join();
        once(caller.arn, demand, () => decide(caller, roleArn, demand), within);
      }
    },
    authorizeService({ service, sourceArn }, demand) {
      once(`${service}\n${sourceArn}`, demand, () => decideService(service, sourceArn, demand));
    },
    unused: () => [...roles.values()].flatMap(unusedOf),
    putResourcePolicy(arn, document) {
      const parsed = ResourcePolicy.safeParse(document);
      if (!parsed.success)
        throw new AwsError(
          'MalformedPolicyDocument',
          `not supported on this machine: ${z.prettifyError(parsed.error)}`,
        );
      policies.set(arn, parsed.data.Statement.map(compiled));
      decided.clear();
    },
    removeResourcePolicy(arn) {
      policies.delete(arn);
      decided.clear();
    },
  };
}

interface RoleWithGrants {
  readonly name: string;
  readonly roleId: string;
  readonly statements: readonly Statement[];
}

/** The roles by ARN. */
function rolesIn(resources: readonly Resource[]): Map<string, RoleWithGrants> {
  const granted = new Map<string, Statement[]>();
  const roles = new Map<string, RoleWithGrants>();
  for (const resource of resources.filter(({ type }) => type === 'AWS::IAM::Role')) {
    const inline = propertiesOf(Role, resource).Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    const statements = inline.map(compiled);
    granted.set(resource.ref, statements);
    roles.set(resource.arn, { name: resource.name, roleId: roleIdOf(resource), statements });
  }
  for (const resource of resources.filter(({ type }) => type === 'AWS::IAM::Policy')) {
    const { PolicyDocument, Roles } = propertiesOf(Policy, resource);
    for (const name of Roles) {
      const statements = granted.get(name);
      if (!statements)
        throw new RangeError(`${resource.stack}/${resource.logicalId}: ${name} is no role of a template`);
      statements.push(...PolicyDocument.Statement.map(compiled));
    }
  }
  return roles;
}

/** As templates see it: what a role's `RoleId` yields. */
function roleIdOf({ stack, logicalId }: Resource): string {
  return `AROA${createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, 16).toUpperCase()}`;
}

/** The policies of queues, topics, buckets and functions, by ARN. */
function resourcePoliciesIn(resources: readonly Resource[]): Map<string, Statement[]> {
  const policies = new Map<string, Statement[]>();
  const add = (of: Resource, names: readonly string[], statements: readonly z.infer<typeof ResourceStatement>[]) => {
    for (const name of names) {
      const arn = resources.find((each) => each.ref === name || each.arn === name)?.arn;
      if (!arn) throw new RangeError(`${of.stack}/${of.logicalId} (${of.type}): ${name} is no resource of a template`);
      policies.set(arn, [...(policies.get(arn) ?? []), ...statements.map(compiled)]);
    }
  };
  const read: Record<string, (resource: Resource) => void> = {
    'AWS::SQS::QueuePolicy': (resource) => {
      const { Queues, PolicyDocument } = propertiesOf(QueuePolicy, resource);
      add(resource, Queues, PolicyDocument.Statement);
    },
    'AWS::SNS::TopicPolicy': (resource) => {
      const { Topics, PolicyDocument } = propertiesOf(TopicPolicy, resource);
      add(resource, Topics, PolicyDocument.Statement);
    },
    'AWS::S3::BucketPolicy': (resource) => {
      const { Bucket, PolicyDocument } = propertiesOf(BucketPolicy, resource);
      add(resource, [Bucket], PolicyDocument.Statement);
    },
    'AWS::Lambda::Permission': (resource) => {
      const { Action, FunctionName, Principal: service, SourceArn, SourceAccount } = propertiesOf(Permission, resource);
      const Condition = {
        ...(SourceArn && { ArnLike: { 'aws:SourceArn': [SourceArn] } }),
        ...(SourceAccount && { StringEquals: { 'aws:SourceAccount': [SourceAccount] } }),
      };
      const Principal = { AWS: [], Service: [service] };
      add(resource, [FunctionName], [{ Effect: 'Allow', Action: [Action], Resource: ['*'], Condition, Principal }]);
    },
  };
  for (const resource of resources) read[resource.type]?.(resource);
  return policies;
}

type Sessions = Pick<Iam, 'callerOf' | 'assume'>;
function sessionsOf(roles: ReadonlyMap<string, RoleWithGrants>): Sessions {
  const sessions = new Map<string, { caller: Caller; credentials: Credentials }>();
  const callers = new Map<string, Caller>([[ACCOUNT_KEY, { arn: ROOT, senderId: ACCOUNT }]]);
  return {
    callerOf: (accessKeyId) => callers.get(accessKeyId),
    assume(roleArn, sessionName) {
      const key = `${roleArn}\n${sessionName}`;
      const known = sessions.get(key);
      if (known) return known;
      const role = roles.get(roleArn);
      if (!role) throw new RangeError(`${roleArn} is no role of a template`);
      const caller = {
        roleArn,
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role.name}/${sessionName}`,
        senderId: `${role.roleId}:${sessionName}`,
      };
      const credentials = {
        accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: randomBytes(48).toString('base64'),
      };
      callers.set(credentials.accessKeyId, caller);
      sessions.set(key, { caller, credentials });
      return { caller, credentials };
    },
  };
}

function unusedOf({ name, statements }: RoleWithGrants): readonly UnusedGrant[] {
  return statements
    .filter(({ allows }) => allows)
    .flatMap(({ grants }) => grants.filter(({ used }) => !used))
    .map(({ action, resource }) => ({ role: name, action, resource }));
}

/** What the statements say of a demand; grants by which it is allowed count as used. */
function outcome(statements: readonly Statement[], demand: Demand, context: Readonly<Record<string, string>>): Outcome {
  const covering = (allows: boolean) =>
    statements
      .filter(({ allows: own, holds }) => own === allows && holds(context))
      .filter(({ within }) => within?.(demand.leadingKeys) ?? true)
      .flatMap(({ grants }) => grants.filter(({ covers }) => covers(demand)));
  if (covering(false).length > 0) return 'denied';
  const allowing = covering(true);
  for (const grant of allowing) grant.used = true;
  return allowing.length > 0 ? 'allowed' : 'nothing said';
}

function compiled(
  statement: z.infer<typeof IdentityStatement> & { readonly Principal?: z.infer<typeof Principal> },
): Statement {
  const { Effect, Action, Resource, Condition: given, Principal: principal } = statement;
  const { 'ForAllValues:StringLike': bound, ...condition } = WithKeys.parse(given);
  const grants = Action.flatMap((action) => {
    const isAction = like(action.toLowerCase());
    return Resource.map((resource): Grant => {
      const isResource = like(resource);
      const covers = (demand: Demand) => isAction(demand.action.toLowerCase()) && isResource(demand.resource);
      return { action, resource, covers, used: false };
    });
  });
  const tests = Object.entries(condition).flatMap(([operator, keys]) =>
    Object.entries(keys ?? {}).map(([key, values]) => ({ key, tests: values.map(TESTS[operatorIn(operator)]) })),
  );
  const holds = (context: Readonly<Record<string, string>>) =>
    tests.every(({ key, tests: any }) => {
      const value = context[key];
      return value !== undefined && any.some((test) => test(value));
    });
  if (!bound) return { allows: Effect === 'Allow', grants, holds, principal };
  const partitions = bound['dynamodb:LeadingKeys'].map(like);
  const within = (keys: readonly string[] | undefined) =>
    keys?.every((key) => partitions.some((isLike) => isLike(key))) ?? false;
  return { allows: Effect === 'Allow', grants, holds, within, principal };
}

const TESTS: Readonly<Record<Operator, (wanted: string) => (value: string) => boolean>> = {
  StringEquals: (wanted) => (value) => value === wanted,
  StringLike: like,
  ArnEquals: like, // AWS: both ARN operators do the same.
  ArnLike: like,
  Bool: (wanted) => (value) => value === wanted.toLowerCase(),
};
function operatorIn(name: string): Operator {
  return Condition.keyof().parse(name);
}

/** A test for text with the wildcards `*` and `?`. */
function like(wanted: string): (value: string) => boolean {
  if (!/[*?]/.test(wanted)) return (value) => value === wanted;
  const source = wanted
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const pattern = new RegExp(`^${source}$`, 's');
  return (value) => pattern.test(value);
}

function refused(who: string, { action, resource }: Demand, why: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: ${who} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  );
}
