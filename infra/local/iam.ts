import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import {
  ACCOUNT,
  ACCOUNT_KEY,
  AwsError,
  type Caller,
  type Credentials,
  type Demand,
  type Iam,
  type Resource,
  type UnusedGrant,
} from './cloud.ts';

/** Text that a policy compares; a variable in it would have to be filled in. */
const Text = z.string().refine((text) => !text.includes('${'), 'policy variables are not supported');
const Texts = z.preprocess((one) => (typeof one === 'string' ? [one] : one), z.array(Text));
const FromSource = z.strictObject({ 'aws:SourceArn': Texts });
const Condition = z.strictObject({
  StringEquals: z.strictObject({ 'kms:ViaService': Texts }).optional(),
  Bool: z.strictObject({ 'aws:SecureTransport': Texts }).optional(),
  ArnEquals: FromSource.optional(),
  ArnLike: FromSource.optional(),
  StringLike: z.strictObject({ 's3:prefix': Texts }).optional(),
  'ForAllValues:StringLike': z.strictObject({ 'dynamodb:LeadingKeys': Texts }).optional(),
});
const Given = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: Texts,
  Resource: Texts,
  Condition: Condition.default({}),
});
/** Whom a resource's policy is about: a service, or `*` for anybody. */
const Principal = z.union([
  z.strictObject({ Service: Text }).transform(({ Service }) => Service),
  z.strictObject({ AWS: z.literal('*') }).transform(({ AWS }) => AWS),
]);
const documentOf = <T extends z.ZodType>(statement: T) =>
  z.strictObject({ Version: z.literal('2012-10-17'), Statement: z.array(statement) });
const ResourcePolicy = documentOf(Given.extend({ Principal }));

/** Who may take a role on is decided by what the template puts it on. */
const Role = z.strictObject({ AssumeRolePolicyDocument: z.looseObject({}) });
const Policy = z.strictObject({
  PolicyDocument: documentOf(Given),
  PolicyName: z.string(),
  Roles: z.array(z.string()),
});
const Permission = z.strictObject({ Action: Text, FunctionName: Text, Principal: Text, SourceArn: Text });
const QueuePolicy = z.strictObject({ PolicyDocument: ResourcePolicy, Queues: z.array(z.string()) });
const BucketPolicy = z.strictObject({ PolicyDocument: ResourcePolicy, Bucket: z.string() });
/** What {@link iam} reads; no service does. */
export const IAM_TYPES: readonly string[] = [
  'AWS::IAM::Role',
  'AWS::IAM::Policy',
  'AWS::Lambda::Permission',
  'AWS::SQS::QueuePolicy',
  'AWS::S3::BucketPolicy',
];

/** What every call here has: nothing leaves the machine, so each counts as encrypted on its way. */
const EVERY_CALL = { 'aws:SecureTransport': 'true' };

type Context = Readonly<Record<string, string>>;
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
  readonly holds: (context: Context) => boolean;
  /** Where it is bound to partitions: whether the call names items, and all within them. */
  readonly within?: (leadingKeys: readonly string[] | undefined) => boolean;
  readonly principal?: string;
}
interface RoleWithGrants {
  readonly name: string;
  readonly roleId: string;
  readonly statements: Statement[];
}

/** With the policies of queues that are made while the machine runs. */
export interface LocalIam extends Iam {
  /** Replaces the policy of a resource. @throws AwsError MalformedPolicyDocument for what is not supported here */
  putResourcePolicy(arn: string, document: unknown): void;
  removeResourcePolicy(arn: string): void;
}

/**
 * IAM from the roles, policies and permissions of the templates: an explicit Deny first, then an Allow of the role or of
 * the resource, otherwise nothing.
 *
 * @throws RangeError naming the resource and what of its policy is not supported
 */
export function iam(resources: readonly Resource[]): LocalIam {
  const roles = rolesIn(resources);
  const policies = resourcePoliciesIn(resources);
  const decided = new Map<string, AwsError | undefined>();

  const once = (who: string, { action, resource, context }: Demand, decide: () => AwsError | undefined) => {
    const key = `${who}\n${action}\n${resource}\n${context ? JSON.stringify(context) : ''}`;
    if (!decided.has(key)) decided.set(key, decide());
    return decided.get(key);
  };
  const policyFor = (who: string, { resource }: Demand): Statement[] => {
    const policy = policies.get(resource) ?? policies.get(resource.split('/')[0] ?? '') ?? [];
    return policy.filter(({ principal }) => principal === who || principal === '*');
  };
  const decide = (caller: Caller, own: readonly Statement[], demand: Demand): AwsError | undefined => {
    const context = { ...EVERY_CALL, ...demand.context };
    const identity = outcome(own, demand, context);
    const resource = outcome(policyFor(caller.arn, demand), demand, context);
    if (identity === 'denied') return refused(caller.arn, demand, 'with an explicit deny in an identity-based policy');
    if (resource === 'denied') return refused(caller.arn, demand, 'with an explicit deny in a resource-based policy');
    if (identity === 'allowed' || resource === 'allowed') return undefined;
    return refused(caller.arn, demand, `because no identity-based policy allows the ${demand.action} action`);
  };
  const decideService = (service: string, sourceArn: string, demand: Demand): AwsError | undefined => {
    const context = { ...EVERY_CALL, 'aws:SourceArn': sourceArn, ...demand.context };
    const resource = outcome(policyFor(service, demand), demand, context);
    if (resource === 'allowed') return undefined;
    if (resource === 'denied') return refused(service, demand, 'with an explicit deny in a resource-based policy');
    return refused(service, demand, `because no resource-based policy allows the ${demand.action} action`);
  };

  return {
    ...sessionsOf(roles),
    authorize(caller, demands) {
      if (caller.roleArn === undefined) return;
      const own = roles.get(caller.roleArn)?.statements ?? [];
      const isBound = own.some(({ within }) => within);
      for (const demand of demands) {
        const deciding = () => decide(caller, own, demand);
        // Keys are without number: what depends on them is decided anew each time.
        throwIf(isBound && demand.leadingKeys ? deciding() : once(caller.arn, demand, deciding));
      }
    },
    authorizeService({ service, sourceArn }, demand) {
      throwIf(once(`${service}\n${sourceArn}`, demand, () => decideService(service, sourceArn, demand)));
    },
    unused: () => [...roles.values()].flatMap(unusedOf),
    putResourcePolicy(arn, document) {
      const { data, error } = ResourcePolicy.safeParse(document);
      if (error)
        throw new AwsError('MalformedPolicyDocument', `not supported on this machine: ${z.prettifyError(error)}`);
      policies.set(arn, data.Statement.map(compiled));
      decided.clear();
    },
    removeResourcePolicy(arn) {
      policies.delete(arn);
      decided.clear();
    },
  };
}

function throwIf(refusal: AwsError | undefined): void {
  if (refusal) throw new AwsError(refusal.code, refusal.message, refusal.status);
}

/** The roles by ARN. */
function rolesIn(resources: readonly Resource[]): Map<string, RoleWithGrants> {
  const roles = new Map<string, RoleWithGrants>();
  for (const resource of resources.filter(({ type }) => type === 'AWS::IAM::Role')) {
    propertiesOf(Role, resource);
    const id = createHash('sha256').update(`${resource.stack}/${resource.logicalId}`).digest('hex');
    const roleId = `AROA${id.slice(0, 16).toUpperCase()}`;
    roles.set(resource.arn, { name: resource.name, roleId, statements: [] });
  }
  for (const resource of resources.filter(({ type }) => type === 'AWS::IAM::Policy')) {
    const { PolicyDocument, Roles } = propertiesOf(Policy, resource);
    for (const name of Roles) {
      const role = [...roles.values()].find((each) => each.name === name);
      if (!role) throw new RangeError(`${resource.stack}/${resource.logicalId}: ${name} is no role of a template`);
      role.statements.push(...PolicyDocument.Statement.map(compiled));
    }
  }
  return roles;
}

/** The policies of queues, buckets and functions, by ARN. */
function resourcePoliciesIn(resources: readonly Resource[]): Map<string, Statement[]> {
  const policies = new Map<string, Statement[]>();
  const add = (of: Resource, name: string, statements: readonly Statement[]) => {
    const arn = resources.find((each) => each.ref === name || each.arn === name)?.arn;
    if (!arn) throw new RangeError(`${of.stack}/${of.logicalId} (${of.type}): ${name} is no resource of a template`);
    policies.set(arn, [...(policies.get(arn) ?? []), ...statements]);
  };
  const read: Record<string, (resource: Resource) => void> = {
    'AWS::SQS::QueuePolicy': (resource) => {
      const { Queues, PolicyDocument } = propertiesOf(QueuePolicy, resource);
      for (const queue of Queues) add(resource, queue, PolicyDocument.Statement.map(compiled));
    },
    'AWS::S3::BucketPolicy': (resource) => {
      const { Bucket, PolicyDocument } = propertiesOf(BucketPolicy, resource);
      add(resource, Bucket, PolicyDocument.Statement.map(compiled));
    },
    'AWS::Lambda::Permission': (resource) => {
      const { Action, FunctionName, Principal: service, SourceArn } = propertiesOf(Permission, resource);
      const Condition = { ArnLike: { 'aws:SourceArn': [SourceArn] } };
      const statement = { Action: [Action], Resource: ['*'], Condition, Principal: service };
      add(resource, FunctionName, [compiled({ Effect: 'Allow', ...statement })]);
    },
  };
  for (const resource of resources) read[resource.type]?.(resource);
  return policies;
}

function sessionsOf(roles: ReadonlyMap<string, RoleWithGrants>): Pick<Iam, 'callerOf' | 'assume'> {
  const sessions = new Map<string, { caller: Caller; credentials: Credentials }>();
  const callers = new Map<string, Caller>([[ACCOUNT_KEY, { arn: `arn:aws:iam::${ACCOUNT}:root`, senderId: ACCOUNT }]]);
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
function outcome(statements: readonly Statement[], demand: Demand, context: Context) {
  const covering = (allows: boolean) =>
    statements
      .filter((one) => one.allows === allows && one.holds(context) && (one.within?.(demand.leadingKeys) ?? true))
      .flatMap(({ grants }) => grants.filter(({ covers }) => covers(demand)));
  if (covering(false).length > 0) return 'denied';
  const allowing = covering(true);
  for (const grant of allowing) grant.used = true;
  return allowing.length > 0 ? 'allowed' : 'nothing said';
}

function compiled(given: z.infer<typeof Given> & { readonly Principal?: string }): Statement {
  const grants = given.Action.flatMap((action) => {
    const isAction = like(action.toLowerCase());
    return given.Resource.map((resource): Grant => {
      const isResource = like(resource);
      const covers = (demand: Demand) => isAction(demand.action.toLowerCase()) && isResource(demand.resource);
      return { action, resource, covers, used: false };
    });
  });
  const { 'ForAllValues:StringLike': bound, ArnEquals, ArnLike, StringLike, ...exact } = given.Condition;
  const tests = [
    ...testsOf(exact, (wanted) => (value) => value === wanted),
    ...testsOf({ ArnEquals, ArnLike, StringLike }, like), // AWS: both ARN operators do the same.
  ];
  const partitions = bound?.['dynamodb:LeadingKeys'].map(like);
  return {
    allows: given.Effect === 'Allow',
    grants,
    holds: (context) => tests.every((test) => test(context)),
    within: partitions && ((keys) => keys?.every((key) => partitions.some((isLike) => isLike(key))) ?? false),
    principal: given.Principal,
  };
}

type Compared = Readonly<Record<string, Readonly<Record<string, readonly string[]>> | undefined>>;
/** Each key of a condition must have one of its values. */
function testsOf(condition: Compared, testFor: (wanted: string) => (value: string) => boolean) {
  return Object.values(condition).flatMap((keys = {}) =>
    Object.entries(keys).map(([key, wanted]) => {
      const any = wanted.map(testFor);
      return (context: Context) => any.some((test) => test(context[key] ?? ''));
    }),
  );
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
