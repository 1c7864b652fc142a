import { createHash, randomInt, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type Operations, operation, operationOf, propertiesOf } from './checked.ts';
import { ACCOUNT, AwsError, type Machine, REGION, type Service } from './cloud.ts';
import { inTransaction } from './transaction.ts';

const DAY = 86_400_000;

const Generated = z.strictObject({
  PasswordLength: z.int().min(4).max(4096).default(32),
  ExcludeCharacters: z.string().default(''),
  ExcludeLowercase: z.boolean().default(false),
  ExcludeUppercase: z.boolean().default(false),
  ExcludeNumbers: z.boolean().default(false),
  ExcludePunctuation: z.boolean().default(false),
  IncludeSpace: z.boolean().default(false),
});
const Properties = z
  .strictObject({
    Name: z.string().optional(),
    Description: z.string().optional(),
    SecretString: z.string().optional(),
    GenerateSecretString: Generated.optional(),
    KmsKeyId: z.unknown().optional(),
  })
  .refine((given) => given.SecretString === undefined || given.GenerateSecretString === undefined, {
    message: 'a secret is either given or generated',
    path: ['SecretString'],
  });

const Name = z.string().regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/);
const SecretId = z.string().min(1);
const Value = {
  ClientRequestToken: z.string().min(32).max(64).optional(),
  SecretString: z.string().max(65_536).optional(),
  SecretBinary: z.base64().optional(),
};
type Value = z.infer<z.ZodObject<typeof Value>>;

const Secret = z.object({
  name: z.string(),
  arn: z.string(),
  description: z.string().nullable(),
  created_at: z.number(),
  changed_at: z.number(),
  /** When it goes for good; null for one that stays. */
  deleted_at: z.number().nullable(),
});
type Secret = z.infer<typeof Secret>;
const Version = z.object({
  id: z.string(),
  stage: z.enum(['AWSCURRENT', 'AWSPREVIOUS']),
  text: z.string().nullable(),
  /** In base64. */
  bytes: z.string().nullable(),
  created_at: z.number(),
});

/** Secrets Manager: the current and the previous value of each secret. */
export function secrets(machine: Machine): Service {
  const kept = keptSecrets(machine);
  const operations = operationsOn(kept, machine);
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
      answer: ({ operation: name, input }) => ({ json: operationOf(operations, name)(input) }),
    },
    carries: {
      'AWS::SecretsManager::Secret': {
        properties: ['Name', 'Description', 'SecretString', 'GenerateSecretString'],
        withoutEffect: ['KmsKeyId'], // Nothing is encrypted at rest here.
      },
    },
    add(resource) {
      const { Description, SecretString, GenerateSecretString } = propertiesOf(Properties, resource);
      if (kept.find(resource.arn)) return; // What stands keeps its value.
      const text = SecretString ?? (GenerateSecretString && generated(GenerateSecretString));
      kept.create({ name: resource.name, arn: resource.arn, description: Description }, { SecretString: text });
    },
  };
}

function operationsOn(kept: KeptSecrets, { clock }: Machine): Operations {
  const supports = <T>(schema: z.ZodType<T>, run: (input: T) => object) =>
    operation(schema, run, 'InvalidParameterException');
  return {
    CreateSecret: supports(
      z.strictObject({ Name, Description: z.string().optional(), ...Value }),
      ({ Name: name, Description: description, ...value }) =>
        kept.create({ name, arn: arnOf(name), description }, value),
    ),
    GetSecretValue: supports(
      z.strictObject({ SecretId, VersionId: z.string().optional(), VersionStage: z.string().optional() }),
      ({ SecretId: id, VersionId, VersionStage }) => kept.value(kept.standing(id), VersionId, VersionStage),
    ),
    PutSecretValue: supports(z.strictObject({ SecretId, ...Value }), ({ SecretId: id, ...value }) => {
      if (value.SecretString === undefined && value.SecretBinary === undefined)
        throw new AwsError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
      return kept.put(kept.standing(id), value);
    }),
    UpdateSecret: supports(
      z.strictObject({ SecretId, Description: z.string().optional(), ...Value }),
      ({ SecretId: id, Description, ...value }) => {
        if (Description !== undefined) kept.describe(kept.standing(id), Description);
        return kept.put(kept.standing(id), value);
      },
    ),
    DescribeSecret: supports(z.strictObject({ SecretId }), ({ SecretId: id }) => kept.described(kept.known(id))),
    ListSecrets: supports(
      z.strictObject({
        MaxResults: z.int().min(1).max(100).default(100),
        NextToken: z.string().default(''),
        IncludePlannedDeletion: z.boolean().default(false),
      }),
      (page) => kept.list(page.NextToken, page.MaxResults, page.IncludePlannedDeletion),
    ),
    DeleteSecret: supports(
      z.strictObject({
        SecretId,
        RecoveryWindowInDays: z.int().min(7).max(30).default(30),
        ForceDeleteWithoutRecovery: z.boolean().default(false),
      }),
      ({ SecretId: id, RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: now }) =>
        kept.delete(kept.standing(id), now ? clock.now() : clock.now() + days * DAY),
    ),
  };
}

/** The rows behind the secrets. */
function secretRecords({ store, clock }: Machine) {
  store.exec(`
    create table if not exists secrets (
      name text primary key, arn text not null unique, description text,
      created_at integer not null, changed_at integer not null, deleted_at integer);
    create table if not exists secret_versions (
      arn text not null, id text not null, stage text not null, text text, bytes text,
      created_at integer not null, primary key (arn, id))`);
  const erase = (arn: string) => {
    store.prepare('delete from secret_versions where arn = ?').run(arn);
    store.prepare('delete from secrets where arn = ?').run(arn);
  };
  /** By ARN, or by name; undefined for one that went for good. */
  const find = (id: string): Secret | undefined => {
    const row = store.prepare('select * from secrets where arn = ? or name = ?').get(id, id);
    const secret = row && Secret.parse(row);
    if (secret?.deleted_at == null || secret.deleted_at > clock.now()) return secret;
    erase(secret.arn);
    return undefined;
  };
  const versionsOf = ({ arn }: Secret) =>
    z.array(Version).parse(store.prepare('select * from secret_versions where arn = ?').all(arn));
  const known = (id: string): Secret => {
    const secret = find(id);
    if (secret) return secret;
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  };
  return { erase, find, versionsOf, known };
}

type KeptSecrets = ReturnType<typeof keptSecrets>;

function keptSecrets(machine: Machine) {
  const { store, clock } = machine;
  const { erase, find, versionsOf, known } = secretRecords(machine);
  const put = (secret: Secret, value: Value) => {
    const { ClientRequestToken: id = randomUUID(), SecretString, SecretBinary } = value;
    const answer = { ARN: secret.arn, Name: secret.name };
    if (SecretString === undefined && SecretBinary === undefined) return answer;
    const before = versionsOf(secret).find((version) => version.id === id);
    if (before && (before.text ?? undefined) === SecretString && (before.bytes ?? undefined) === SecretBinary)
      return { ...answer, VersionId: id, VersionStages: [before.stage] };
    if (before)
      throw new AwsError('ResourceExistsException', `A version ${id} of the secret ${secret.name} exists already.`);
    inTransaction(store, () => {
      store.prepare("delete from secret_versions where arn = ? and stage = 'AWSPREVIOUS'").run(secret.arn);
      store.prepare("update secret_versions set stage = 'AWSPREVIOUS' where arn = ?").run(secret.arn);
      store
        .prepare("insert into secret_versions values (?, ?, 'AWSCURRENT', ?, ?, ?)")
        .run(secret.arn, id, SecretString ?? null, SecretBinary ?? null, clock.now());
      store.prepare('update secrets set changed_at = ? where arn = ?').run(clock.now(), secret.arn);
    });
    return { ...answer, VersionId: id, VersionStages: ['AWSCURRENT'] };
  };
  return {
    find,
    known,
    put,
    /** @throws AwsError for one that is unknown or waits for its deletion */
    standing(id: string): Secret {
      const secret = known(id);
      if (secret.deleted_at === null) return secret;
      throw new AwsError('InvalidRequestException', 'The secret was marked for deletion.');
    },
    create({ name, arn, description }: { name: string; arn: string; description?: string }, value: Value) {
      if (find(name)) throw new AwsError('ResourceExistsException', `The secret ${name} exists already.`);
      const now = clock.now();
      store.prepare('insert into secrets values (?, ?, ?, ?, ?, null)').run(name, arn, description ?? null, now, now);
      return put(known(arn), value);
    },
    value(secret: Secret, id: string | undefined, stage = id === undefined ? 'AWSCURRENT' : undefined) {
      const found = versionsOf(secret).find(
        (version) => (id === undefined || version.id === id) && (stage === undefined || version.stage === stage),
      );
      if (!found)
        throw new AwsError(
          'ResourceNotFoundException',
          `Secrets Manager can't find the specified secret value for ${stage ? `staging label: ${stage}` : `VersionId: ${id}`}`,
        );
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: found.id,
        SecretString: found.text ?? undefined,
        SecretBinary: found.bytes ?? undefined,
        VersionStages: [found.stage],
        CreatedDate: found.created_at / 1000,
      };
    },
    describe({ arn }: Secret, description: string) {
      store
        .prepare('update secrets set description = ?, changed_at = ? where arn = ?')
        .run(description, clock.now(), arn);
    },
    described: (secret: Secret) => ({
      ...shown(secret),
      VersionIdsToStages: Object.fromEntries(versionsOf(secret).map(({ id, stage }) => [id, [stage]])),
    }),
    list(after: string, most: number, withDeleted: boolean) {
      const names = store.prepare('select name from secrets where name > ? order by name').all(after);
      const all = names.flatMap(({ name }) => find(String(name)) ?? []);
      const listed = all.filter(({ deleted_at: at }) => withDeleted || at === null);
      const page = listed.slice(0, most);
      return { SecretList: page.map(shown), NextToken: listed.length > most ? page.at(-1)?.name : undefined };
    },
    delete({ arn, name }: Secret, at: number) {
      if (at <= clock.now()) erase(arn);
      else store.prepare('update secrets set deleted_at = ? where arn = ?').run(at, arn);
      return { ARN: arn, Name: name, DeletionDate: at / 1000 };
    },
  };
}

function shown(secret: Secret) {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description ?? undefined,
    CreatedDate: secret.created_at / 1000,
    LastChangedDate: secret.changed_at / 1000,
    DeletedDate: secret.deleted_at === null ? undefined : secret.deleted_at / 1000,
  };
}

/** The ARN of a secret that a call makes. Its end, which AWS draws at random, derives from the name. */
function arnOf(name: string): string {
  const end = createHash('sha256').update(name).digest('hex').slice(0, 6);
  return `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-${end}`;
}

const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** Has a sign of every type that is not excluded, as on AWS. */
function generated(wish: z.infer<typeof Generated>): string {
  const types = [
    wish.ExcludeLowercase ? '' : LOWERCASE,
    wish.ExcludeUppercase ? '' : LOWERCASE.toUpperCase(),
    wish.ExcludeNumbers ? '' : '0123456789',
    wish.ExcludePunctuation ? '' : PUNCTUATION,
    wish.IncludeSpace ? ' ' : '',
  ]
    .map((type) => [...type].filter((sign) => !wish.ExcludeCharacters.includes(sign)))
    .filter((type) => type.length > 0);
  const all = types.flat();
  if (all.length === 0) throw new RangeError('a generated secret needs signs that are not excluded');
  for (;;) {
    const text = Array.from({ length: wish.PasswordLength }, () => all[randomInt(all.length)]).join('');
    if (types.every((type) => type.some((sign) => text.includes(sign)))) return text;
  }
}
