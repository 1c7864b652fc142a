import { randomBytes } from 'node:crypto';
import { ConditionalCheckFailedException, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient, GetCommand, PutCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import type { ReferenceShelf } from './load-reference.ts';

/**
 * The reference table of a deployed environment.
 * @param config region, endpoint and credentials; those at hand unless given
 */
export function deployedShelf(tableName: string, config: DynamoDBClientConfig): ReferenceShelf {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(config), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return {
    async read(key) {
      const { Item } = await client.send(new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }));
      return Item;
    },
    add: (item) => putIf(client, { TableName: tableName, Item: item, ConditionExpression: 'attribute_not_exists(pk)' }),
    replace: (item, digest) =>
      putIf(client, {
        TableName: tableName,
        Item: item,
        ConditionExpression: 'digest = :before',
        ExpressionAttributeValues: { ':before': digest },
      }),
  };
}

async function putIf(client: DynamoDBDocumentClient, put: PutCommandInput): Promise<boolean> {
  try {
    await client.send(new PutCommand(put));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/**
 * Gives the secret a random value where it has none: AWS generates one with the stack, emulators leave it empty.
 * @returns whether it was empty
 */
export async function fillEmptySecret(secretId: string, region?: string): Promise<boolean> {
  const client = new SecretsManagerClient({ region });
  if (await currentValue(client, secretId)) return false;
  const SecretString = randomBytes(48).toString('base64url');
  await client.send(new PutSecretValueCommand({ SecretId: secretId, SecretString }));
  return true;
}

async function currentValue(client: SecretsManagerClient, SecretId: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined; // It is there, but has no version yet.
    throw error;
  }
}
