import { GetSecretValueCommand, paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SourceSecretsV1 } from '#shared/contracts/items/source-secrets.ts';
import { ACCOUNT_KEY, REGION } from '../../local/cloud.ts';

/** A client's configuration for the services of this machine, as the account itself. */
export function localClient(url: string) {
  const credentials = { accessKeyId: ACCOUNT_KEY, secretAccessKey: ACCOUNT_KEY };
  return { endpoint: url, region: REGION, credentials };
}

/** Each source that has a secret, with the newest of them, by the sources' ids. */
export async function sourcesWithSecrets(url: string): Promise<readonly { source: string; secret: string }[]> {
  const client = new SecretsManagerClient(localClient(url));
  const found: { source: string; secret: string }[] = [];
  for await (const { SecretList = [] } of paginateListSecrets({ client }, {})) {
    for (const { Name = '' } of SecretList) {
      const source = /\/sources\/([^/]+)$/.exec(Name)?.[1];
      if (source === undefined) continue;
      const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: Name }));
      const [newest] = SourceSecretsV1.parse(JSON.parse(SecretString)).secrets;
      if (newest) found.push({ source, secret: newest.secret });
    }
  }
  client.destroy();
  return found.sort((a, b) => (a.source < b.source ? -1 : 1));
}
