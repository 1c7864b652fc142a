import { z } from 'zod';
import { idBehind, resourcesOf, type SynthesizedEnvironment } from './system-under-test.ts';

const Several = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const Statement = z.object({
  Effect: z.literal('Allow'),
  Action: Several,
  Resource: z.unknown().transform((one) => (Array.isArray(one) ? one : [one]).map((each) => JSON.stringify(each))),
  Condition: z
    .object({ 'ForAllValues:StringLike': z.object({ 'dynamodb:LeadingKeys': Several }).optional() })
    .optional(),
});
const Policy = z.object({ PolicyDocument: z.object({ Statement: z.array(Statement) }), Roles: z.array(z.unknown()) });
const FunctionProperties = z.object({
  Role: z.unknown(),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});

/** One function, and everything that its role allows. */
export interface Grantee {
  /** The stack and the construct: `disputes/OpenDispute`. */
  readonly name: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Each resource as JSON, so that a test can look for a name in it. */
  readonly grants: readonly {
    readonly action: string;
    readonly resources: readonly string[];
    /** The partitions of a table that it reaches; undefined for all. */
    readonly partitions?: readonly string[];
  }[];
}

/** Every function of an environment with what it may do. */
export function granteesOf(environment: SynthesizedEnvironment): readonly Grantee[] {
  const policies = resourcesOf(environment, 'AWS::IAM::Policy').map(({ stack, Properties }) => ({
    stack,
    ...Policy.parse(Properties),
  }));
  return resourcesOf(environment, 'AWS::Lambda::Function').map(({ stack, id, Properties }) => {
    const { Role, Environment } = FunctionProperties.parse(Properties);
    const grants = policies
      .filter((policy) => policy.stack === stack && policy.Roles.map(idBehind).includes(idBehind(Role)))
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .flatMap(({ Action, Resource, Condition }) => {
        const partitions = Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'];
        return Action.map((action) => ({ action, resources: Resource, partitions }));
      });
    return {
      name: `${stack}/${id.replace(/(Consumer)?Function[0-9A-F]{8}$/, '')}`,
      variables: Environment.Variables,
      grants,
    };
  });
}

export type Store = 'Cases' | 'Scorecards' | 'Improvement' | 'Reference' | 'Customers';

/** What a function may do with a table, in alphabetical order. */
export function actionsOn(store: Store, { grants }: Grantee): readonly string[] {
  const actions = grants
    .filter(({ resources }) => resources.some((resource) => resource.includes(`${store}Table`)))
    .map(({ action }) => action);
  return [...new Set(actions)].sort();
}

/** The actions on a table that reach some of its partitions alone, with these. */
export function withinOf(store: Store, { grants }: Grantee): Readonly<Record<string, readonly string[]>> {
  const narrow = grants.filter(({ resources }) => resources.some((resource) => resource.includes(`${store}Table`)));
  return Object.fromEntries(narrow.flatMap(({ action, partitions }) => (partitions ? [[action, partitions]] : [])));
}
