import { hash, randomInt, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type Operations, operation, propertiesOf, wireOf } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, REGION, type Service } from './cloud.ts';

const Properties = z.strictObject({
  Description: z.string().optional(),
  GenerateSecretString: z.strictObject({
    PasswordLength: z.int().min(4).max(4096),
    ExcludePunctuation: z.literal(true),
  }),
});
const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const Text = z.string();
const Secret = z.object({ ARN: Text, Name: Text, VersionId: Text, SecretString: Text });
const SecretId = Text;
/** The token is the SDK's, for its own repeats of a call; the version that comes of it has its name. */
const Value = { ClientRequestToken: z.string().min(32).max(64), SecretString: z.string().max(65_536) };

/** Secrets Manager: the newest value of each secret. */
export function secrets({ store, clock }: Machine): Service {
  store.exec(`create table if not exists secrets (
    name text primary key, arn text not null unique, value text not null, version text not null,
    changed_at integer not null)`);
  const listed = 'select arn as ARN, name as Name';
  const whole = `${listed}, version as VersionId, value as SecretString from secrets where ? in (arn, name)`;
  const find = (arnOrName: string) => Secret.optional().parse(store.prepare(whole).get(arnOrName));
  const put = ({ ARN, Name, VersionId, SecretString }: z.infer<typeof Secret>) => {
    const insert = store.prepare('insert or replace into secrets values (?, ?, ?, ?, ?)');
    insert.run(Name, ARN, SecretString, VersionId, clock.now());
    return { ARN, Name, VersionId };
  };
  const known = (id: string) => {
    const secret = find(id);
    if (secret) return secret;
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  };
  const operations: Operations = {
    CreateSecret: operation(
      z.strictObject({ Name: z.string().regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/), ...Value }),
      ({ Name, ClientRequestToken: VersionId, SecretString }) => {
        const found = find(Name);
        if (found && found.VersionId !== VersionId)
          throw new AwsError('ResourceExistsException', `The secret ${Name} exists already.`);
        return put({ ARN: arnOf(Name), Name, VersionId, SecretString });
      },
    ),
    GetSecretValue: operation(z.strictObject({ SecretId }), (input) => known(input.SecretId)),
    PutSecretValue: operation(z.strictObject({ SecretId, ...Value }), (input) => {
      const { ClientRequestToken: VersionId, SecretString } = input;
      return put({ ...known(input.SecretId), VersionId, SecretString });
    }),
    ListSecrets: operation(z.strictObject({}), () => {
      return { SecretList: store.prepare(`${listed} from secrets order by name`).all() }; // All on one page.
    }),
  };
  return {
    wire: wireOf('secretsmanager', 'secretsmanager', operations, (name, { Name, SecretId }) => {
      if (name === 'ListSecrets') return '*';
      const id = String(Name ?? SecretId);
      return find(id)?.ARN ?? (id.startsWith('arn:') ? id : arnOf(id));
    }),
    carries: {
      'AWS::SecretsManager::Secret': { properties: ['GenerateSecretString'], withoutEffect: ['Description'] },
    },
    add(resource) {
      const { arn: ARN, name: Name } = resource;
      const { PasswordLength: length } = propertiesOf(Properties, resource).GenerateSecretString;
      if (find(ARN)) return; // What stands keeps its value.
      const signs = Array.from({ length }, () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)]);
      put({ ARN, Name, VersionId: randomUUID(), SecretString: signs.join('') });
    },
  };
}

/** The ARN of a secret that a call makes. Its end, which AWS draws at random, derives from the name. */
function arnOf(name: string): string {
  return `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-${hash('sha256', name).slice(0, 6)}`;
}
