import { hash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { ACCOUNT, ACCOUNT_KEY, AwsError, type Caller, type Demand, type Iam, type Resource } from './cloud.ts';

/** Text that a policy compares; a variable in it would have to be filled in. */
const Text = z.string().refine((text) => !text.includes('${'), 'policy variables are not supported');
const textsOf = (text: z.ZodType<string>) =>
  z.preprocess((one) => (typeof one === 'string' ? [one] : one), z.array(text));
const Texts = textsOf(Text);
/** All values are compared with wildcards: an operator that knows none may have none. */
const Exact = textsOf(Text.regex(/^[^*?]*$/, 'wildcards are not supported'));
const FromSource = z.strictObject({ 'aws:SourceArn': Texts }).optional(); // AWS: both ARN operators do the same.
const Condition = z.strictObject({
  StringEquals: z.strictObject({ 'kms:ViaService': Exact }).optional(),
  Bool: z.strictObject({ 'aws:SecureTransport': Exact }).optional(),
  ArnEquals: FromSource,
  ArnLike: FromSource,
  StringLike: z.strictObject({ 's3:prefix': Texts }).optional(),
  'ForAllValues:StringLike': z.strictObject({ 'dynamodb:LeadingKeys': Texts }).optional(),
});
const Statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: Texts,
  Resource: Texts,
  Condition: Condition.default({}),
});
type Statement = z.infer<typeof Statement> & { readonly Principal?: string };
/** Whom a resource's policy is about: a service, or `*` for anybody. */
const Principal = z
  .union([z.strictObject({ Service: Text }), z.strictObject({ AWS: z.literal('*') })])
  .transform((one) => ('Service' in one ? one.Service : one.AWS));
const documentOf = <T extends Statement>(statement: z.ZodType<T>) =>
  z
    .strictObject({ Version: z.literal('2012-10-17'), Statement: z.array(statement) })
    .transform((document): readonly Statement[] => document.Statement);
const ResourcePolicy = documentOf(Statement.extend({ Principal }));
const Names = z.array(z.string());

/** What each type gives statements to, by name or ARN; no service reads these types. */
const READERS: Readonly<Record<string, z.ZodType<{ to: readonly string[]; statements: readonly Statement[] }>>> = {
  // Who may take a role on is decided by what the template puts it on.
  'AWS::IAM::Role': z
    .strictObject({ AssumeRolePolicyDocument: z.looseObject({}) })
    .transform(() => ({ to: [], statements: [] })),
  'AWS::IAM::Policy': z
    .strictObject({ PolicyDocument: documentOf(Statement), PolicyName: z.string(), Roles: Names })
    .transform(({ Roles, PolicyDocument }) => ({ to: Roles, statements: PolicyDocument })),
  'AWS::SQS::QueuePolicy': z
    .strictObject({ PolicyDocument: ResourcePolicy, Queues: Names })
    .transform(({ Queues, PolicyDocument }) => ({ to: Queues, statements: PolicyDocument })),
  'AWS::S3::BucketPolicy': z
    .strictObject({ PolicyDocument: ResourcePolicy, Bucket: z.string() })
    .transform(({ Bucket, PolicyDocument }) => ({ to: [Bucket], statements: PolicyDocument })),
  'AWS::Lambda::Permission': z
    .strictObject({ Action: Texts, FunctionName: z.string(), Principal: Text, SourceArn: Texts })
    .transform(({ Action, FunctionName, Principal, SourceArn }) => {
      const Condition = { ArnLike: { 'aws:SourceArn': SourceArn } };
      return { to: [FunctionName], statements: [{ Effect: 'Allow', Action, Resource: ['*'], Condition, Principal }] };
    }),
};
export const IAM_TYPES: readonly string[] = Object.keys(READERS);

/** What every call here has: nothing leaves the machine, so each counts as encrypted on its way. */
const EVERY_CALL = { 'aws:SecureTransport': 'true' };

type Context = Readonly<Record<string, string | undefined>>;
type Grant = ReturnType<typeof grantsOf>[number];

/**
 * IAM from the roles, policies and permissions of the templates: an explicit Deny first, then an Allow of the role or of
 * the resource, otherwise nothing.
 *
 * @throws RangeError naming the resource and what of its policy is not supported
 */
export function iam(resources: readonly Resource[]) {
  const roles = resources.filter(({ type }) => type === 'AWS::IAM::Role');
  const granted = grantsIn(resources);
  const refusals = new Map<string, string | undefined>();

  /** Why a call is refused; a service has no grants of its own, and acts for a source. */
  const refusal = (who: string, demand: Demand, own: readonly Grant[] | undefined, source?: string) => {
    const { action, resource } = demand;
    const context = { ...EVERY_CALL, 'aws:SourceArn': source, ...demand.context };
    const policy = granted.get(resource) ?? granted.get(resource.split('/')[0] ?? '') ?? [];
    const forCaller = policy.filter(({ principal }) => principal === who || principal === '*');
    const covering = [...(own ?? []), ...forCaller].filter(({ covers }) => covers(demand, context));
    const refused = (why: string) =>
      `User: ${who} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
    const denying = covering.find(({ allows }) => !allows);
    if (denying)
      return refused(`with an explicit deny in ${denying.principal ? 'a resource' : 'an identity'}-based policy`);
    if (covering.length === 0)
      return refused(`because no ${own ? 'identity' : 'resource'}-based policy allows the ${action} action`);
    for (const grant of covering) grant.used = true;
    return undefined;
  };
  const once = (who: string, { action, resource, context }: Demand, decide: () => string | undefined) => {
    const key = `${who}\n${action}\n${resource}\n${context ? JSON.stringify(context) : ''}`;
    if (!refusals.has(key)) refusals.set(key, decide());
    return refusals.get(key);
  };
  const check = (who: string, demand: Demand, own?: readonly Grant[], source?: string) => {
    const decide = () => refusal(who, demand, own, source);
    // Keys are without number: what depends on them is decided anew each time.
    const isKeyed = demand.leadingKeys && own?.some(({ isBound }) => isBound);
    const why = isKeyed ? decide() : once(`${who}\n${source}`, demand, decide);
    if (why !== undefined) throw new AwsError('AccessDeniedException', why);
  };

  const ofTemplates: Iam = {
    ...sessionsOf(roles),
    authorize({ arn, roleArn }, demands) {
      if (roleArn === undefined) return;
      for (const demand of demands) check(arn, demand, granted.get(roleArn) ?? []);
    },
    authorizeService: ({ service, sourceArn }, demand) => check(service, demand, undefined, sourceArn),
    unused: () =>
      roles.flatMap(({ arn, name: role }) => {
        const unused = granted.get(arn)?.filter(({ allows, used }) => allows && !used) ?? [];
        return unused.map(({ action, resource }) => ({ role, action, resource }));
      }),
  };
  return {
    ...ofTemplates,
    /**
     * Replaces the policy of a resource: queues are made while the machine runs.
     * @throws AwsError MalformedPolicyDocument for what is not supported here
     */
    putResourcePolicy(arn: string, document: unknown) {
      const { data, error } = ResourcePolicy.safeParse(document);
      if (error)
        throw new AwsError('MalformedPolicyDocument', `not supported on this machine: ${z.prettifyError(error)}`);
      granted.set(arn, data.flatMap(grantsOf));
      refusals.clear();
    },
    removeResourcePolicy(arn: string) {
      granted.delete(arn);
      refusals.clear();
    },
  };
}

/** The grants of the roles, and those in the policies of queues, buckets and functions, by ARN. */
function grantsIn(resources: readonly Resource[]): Map<string, readonly Grant[]> {
  const granted = new Map<string, readonly Grant[]>();
  for (const resource of resources) {
    const schema = READERS[resource.type];
    if (!schema) continue;
    const { to, statements } = propertiesOf(schema, resource);
    for (const name of to) {
      const arn = resources.find((each) => each.ref === name || each.arn === name)?.arn;
      if (!arn)
        throw new RangeError(
          `${resource.stack}/${resource.logicalId} (${resource.type}): ${name} is no resource of a template`,
        );
      granted.set(arn, [...(granted.get(arn) ?? []), ...statements.flatMap(grantsOf)]);
    }
  }
  return granted;
}

function sessionsOf(roles: readonly Resource[]): Pick<Iam, 'callerOf' | 'assume'> {
  const sessions = new Map<string, ReturnType<Iam['assume']>>();
  const callers = new Map<string, Caller>([[ACCOUNT_KEY, { arn: `arn:aws:iam::${ACCOUNT}:root`, senderId: ACCOUNT }]]);
  return {
    callerOf: (accessKeyId) => callers.get(accessKeyId),
    assume(roleArn, sessionName) {
      const key = `${roleArn}\n${sessionName}`;
      const known = sessions.get(key);
      if (known) return known;
      const role = roles.find((each) => each.arn === roleArn);
      if (!role) throw new RangeError(`${roleArn} is no role of a template`);
      const id = hash('sha256', `${role.stack}/${role.logicalId}`).slice(0, 16).toUpperCase();
      const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/${role.name}/${sessionName}`;
      const session = {
        caller: { roleArn, arn, senderId: `AROA${id}:${sessionName}` },
        credentials: {
          accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
          secretAccessKey: randomBytes(30).toString('base64'),
          sessionToken: randomBytes(48).toString('base64'),
        },
      };
      callers.set(session.credentials.accessKeyId, session.caller);
      sessions.set(key, session);
      return session;
    },
  };
}

/** Each action of a statement on each resource, and whether a call was ever allowed by it. */
function grantsOf({ Effect, Action, Resource, Condition, Principal: principal }: Statement) {
  const { 'ForAllValues:StringLike': bound, ...single } = Condition;
  const tests = Object.values(single).flatMap((keys) =>
    Object.entries(keys).map(([key, wanted]) => {
      const isWanted = like(...wanted);
      return (context: Context) => isWanted(context[key] ?? '');
    }),
  );
  const isWithin = bound && like(...bound['dynamodb:LeadingKeys']);
  const holds = ({ leadingKeys }: Demand, context: Context) =>
    tests.every((test) => test(context)) && (!isWithin || (leadingKeys?.every(isWithin) ?? false));
  return Action.flatMap((action) => {
    const isAction = like(action.toLowerCase());
    return Resource.map((resource) => {
      const isResource = like(resource);
      const covers = (demand: Demand, context: Context) =>
        isAction(demand.action.toLowerCase()) && isResource(demand.resource) && holds(demand, context);
      return {
        allows: Effect === 'Allow',
        action,
        resource,
        principal,
        isBound: bound !== undefined,
        covers,
        used: false,
      };
    });
  });
}

/** A test for a text that is one of these, with the wildcards `*` and `?`. */
function like(...wanted: readonly string[]): (value: string) => boolean {
  const exact = new Set(wanted);
  const patterns = wanted
    .filter((one) => /[*?]/.test(one))
    .map((one) =>
      one
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.'),
    )
    .map((source) => new RegExp(`^${source}$`, 's'));
  return (value) => exact.has(value) || patterns.some((pattern) => pattern.test(value));
}
