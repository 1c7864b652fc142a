import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import * as z from 'zod';
import { environmentNamed, environments } from '../environments.ts';

/** Where an operator's command finds the stores of an environment. */
export interface OperatedEnvironment {
  /** As a person calls it: `prod`, or the address of a local system. */
  readonly name: string;
  /** What its stacks say of themselves: `ScorecardsTable`, `FilesBucket`. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Of every client of the AWS SDK. */
  readonly client: {
    readonly region?: string;
    readonly endpoint?: string;
    readonly forcePathStyle?: boolean;
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** IANA name of the organisation's zone. */
  readonly timeZone: string;
}

/** Where `npm start` listens unless it is told otherwise. */
export const LOCAL_SYSTEM = 'http://127.0.0.1:4400';
/** The region and the account's key of a local system, which asks for no secret. */
const LOCAL = { region: 'us-east-1', key: 'local' };
const LocalOutputs = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * A deployed environment by its name, with the credentials at hand; without a name, the local system at an address.
 *
 * @throws RangeError for an environment that is unknown, is not deployed, or does not answer, saying what to do
 */
export async function openEnvironment({ env, url }: { env?: string; url?: string }): Promise<OperatedEnvironment> {
  if (env !== undefined && url !== undefined) throw new RangeError('give either --env or --url, not both');
  try {
    return await (env === undefined || env === 'local' ? localSystem(url ?? LOCAL_SYSTEM) : deployedEnvironment(env));
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const [why] = String(error).split('\n');
    throw new RangeError(`${env ?? url ?? 'the local system'} does not say where its stores are: ${why}`);
  }
}

/**
 * What a command needs of the environment's outputs.
 * @throws RangeError naming those that are missing
 */
export function outputsOf<const N extends string>(
  { name, outputs }: OperatedEnvironment,
  ...names: readonly N[]
): Readonly<Record<N, string>> {
  const missing = names.filter((each) => outputs[each] === undefined);
  if (missing.length > 0) throw new RangeError(`${name} does not say its ${missing.join(', ')}; deploy it once more`);
  return z.record(z.enum(names), z.string()).parse(Object.fromEntries(names.map((each) => [each, outputs[each]])));
}

async function localSystem(url: string): Promise<OperatedEnvironment> {
  const endpoint = url.replace(/\/+$/, '');
  const answer = await fetch(`${endpoint}/_local/outputs`).catch(() => undefined);
  if (!answer?.ok) throw new RangeError(`no local system answers at ${endpoint}; start one, or name --env or --url`);
  const { data: stacks } = LocalOutputs.safeParse(await answer.json().catch(() => undefined));
  if (!stacks) throw new RangeError(`what answers at ${endpoint} is no local system; name another with --url`);
  const credentials = { accessKeyId: LOCAL.key, secretAccessKey: LOCAL.key };
  return {
    name: endpoint,
    outputs: Object.assign({}, ...Object.values(stacks)),
    client: { region: LOCAL.region, endpoint, forcePathStyle: true, credentials },
    timeZone: environments.local.timeZone,
  };
}

async function deployedEnvironment(name: string): Promise<OperatedEnvironment> {
  const config: { region?: string; timeZone: string } = environments[environmentNamed(name)];
  const { region, timeZone } = config;
  const cloudFormation = new CloudFormationClient({ region });
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({}));
  const own = Stacks.filter(({ StackName }) => StackName?.startsWith(`interlock-${name}-`));
  if (own.length === 0) throw new RangeError(`${name} is not deployed where these credentials lead`);
  const outputs = own.flatMap(({ Outputs = [] }) =>
    Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
  const emulator = process.env.AWS_ENDPOINT_URL !== undefined;
  return { name, outputs: Object.fromEntries(outputs), client: { region, forcePathStyle: emulator }, timeZone };
}
