import { createHash, randomInt, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type Operations, operation, operationOf, propertiesOf } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, REGION, type Service } from './cloud.ts';

const Properties = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  GenerateSecretString: z.strictObject({
    PasswordLength: z.int().min(4).max(4096).default(32),
    ExcludePunctuation: z.literal(true),
  }),
});
const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const Text = z.string();
const Secret = z.object({ name: Text, arn: Text, value: Text, version: Text, changed_at: z.number() });
type Secret = z.infer<typeof Secret>;

/** Secrets Manager: the newest value of each secret. */
export function secrets(machine: Machine): Service {
  const kept = keptSecrets(machine);
  const operations = operationsOn(kept);
  return {
    wire: {
      kind: 'json',
      signingName: 'secretsmanager',
      targets: ['secretsmanager'],
      demands(name, input) {
        operationOf(operations, name);
        const action = `secretsmanager:${name}`;
        if (name === 'ListSecrets') return [{ action, resource: '*' }];
        const id = String(name === 'CreateSecret' ? input.Name : input.SecretId);
        return [{ action, resource: kept.find(id)?.arn ?? (id.startsWith('arn:') ? id : arnOf(id)) }];
      },
      answer: ({ operation: name, input, caller }) => ({ json: operationOf(operations, name)(input, caller) }),
    },
    carries: {
      'AWS::SecretsManager::Secret': { properties: ['Name', 'GenerateSecretString'], withoutEffect: ['Description'] },
    },
    add(resource) {
      const { PasswordLength: length } = propertiesOf(Properties, resource).GenerateSecretString;
      const { name, arn } = resource;
      if (kept.find(arn)) return; // What stands keeps its value.
      const signs = Array.from({ length }, () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)]);
      kept.put({ name, arn, value: signs.join(''), version: randomUUID() });
    },
  };
}

function operationsOn(kept: ReturnType<typeof keptSecrets>): Operations {
  const SecretId = z.string();
  // The token is the SDK's, for its own repeats of a call; the version that comes of it has its name.
  const Value = { ClientRequestToken: z.string().min(32).max(64), SecretString: z.string().max(65_536) };
  return {
    CreateSecret: operation(
      z.strictObject({ Name: z.string().regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/), ...Value }),
      ({ Name: name, ClientRequestToken: version, SecretString: value }) => {
        const found = kept.find(name);
        if (found && found.version !== version)
          throw new AwsError('ResourceExistsException', `The secret ${name} exists already.`);
        return versionShown(kept.put({ name, arn: arnOf(name), value, version }));
      },
    ),
    GetSecretValue: operation(z.strictObject({ SecretId }), ({ SecretId: id }) => {
      const secret = kept.known(id);
      return { ...versionShown(secret), SecretString: secret.value, CreatedDate: secret.changed_at / 1000 };
    }),
    PutSecretValue: operation(
      z.strictObject({ SecretId, ...Value }),
      ({ SecretId: id, ClientRequestToken: version, SecretString: value }) =>
        versionShown(kept.put({ ...kept.known(id), value, version })),
    ),
    DescribeSecret: operation(z.strictObject({ SecretId }), ({ SecretId: id }) => {
      const secret = kept.known(id);
      return { ...shown(secret), VersionIdsToStages: { [secret.version]: ['AWSCURRENT'] } };
    }),
    ListSecrets: operation(z.strictObject({}), () => ({ SecretList: kept.all().map(shown) })), // All on one page.
  };
}

function keptSecrets({ store, clock }: Machine) {
  store.exec(`create table if not exists secrets (
    name text primary key, arn text not null unique, value text not null, version text not null,
    changed_at integer not null)`);
  /** By ARN or by name. */
  const find = (id: string): Secret | undefined => {
    const row = store.prepare('select * from secrets where ? in (arn, name)').get(id);
    return row && Secret.parse(row);
  };
  return {
    find,
    known(id: string): Secret {
      const secret = find(id);
      if (secret) return secret;
      throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    },
    all: (): Secret[] => z.array(Secret).parse(store.prepare('select * from secrets order by name').all()),
    put({ name, arn, value, version }: Omit<Secret, 'changed_at'>): Secret {
      const now = clock.now();
      store.prepare('insert or replace into secrets values (?, ?, ?, ?, ?)').run(name, arn, value, version, now);
      return { name, arn, value, version, changed_at: now };
    },
  };
}

function versionShown({ arn, name, version }: Secret) {
  return { ARN: arn, Name: name, VersionId: version, VersionStages: ['AWSCURRENT'] };
}

function shown({ arn, name, changed_at: at }: Secret) {
  return { ARN: arn, Name: name, LastChangedDate: at / 1000 };
}

/** The ARN of a secret that a call makes. Its end, which AWS draws at random, derives from the name. */
function arnOf(name: string): string {
  const end = createHash('sha256').update(name).digest('hex').slice(0, 6);
  return `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-${end}`;
}
