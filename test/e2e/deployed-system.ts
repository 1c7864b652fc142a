import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { tapBus } from './bus-tap.ts';
import { type HttpDoor, overHttp } from './http-system.ts';
import { storedInAws, storedOfCustomers } from './stored-in-aws.ts';
import type { Claims, System } from './system.ts';

/** What the stacks of an environment print, by stack and name. */
const Outputs = z.record(z.string(), z.record(z.string(), z.string()));
const Token = z.object({ token: z.string() });

/**
 * The environment `dev` where `AWS_ENDPOINT_URL` deployed it, or on AWS. Tokens come from the suite's issuer
 * (`INTERLOCK_ISSUER`), or from `INTERLOCK_TOKEN_COMMAND`, which finds the claims in `INTERLOCK_CLAIMS`.
 */
export async function deployedSystem(): Promise<System> {
  const all = outputs();
  const tap = await tapBus(all.BusName ?? '');
  return {
    name: 'deployed',
    policy: 'fast',
    ...overHttp(deployedDoor()),
    sendInHouse: (body) => sendTo(all.InHouseQueueUrl, body),
    sendDeadLetter: (door, body) =>
      sendTo(door === 'webhook' ? all.WebhookDeadLettersUrl : all.InHouseDeadLettersUrl, body),
    async storedOutsideCustomers() {
      return { ...(await storedInAws(all)), events: JSON.stringify(await tap.heard()) };
    },
    storedOfCustomers: () => storedOfCustomers(all),
    events: () => tap.heard(),
    close: () => tap.remove(),
  };
}

async function sendTo(QueueUrl: string | undefined, MessageBody: string): Promise<void> {
  await new SQSClient({ useQueueUrlAsEndpoint: false }).send(new SendMessageCommand({ QueueUrl, MessageBody }));
}

/** Where the HTTP API of `dev` answers. */
export function deployedDoor(): HttpDoor {
  const { ApiId = '', ApiUrl = '' } = outputs();
  const endpoint = process.env.AWS_ENDPOINT_URL;
  if (!endpoint) return { url: ApiUrl, tokenFor };
  return { url: endpoint, host: `${ApiId}.execute-api.localhost:${new URL(endpoint).port}`, tokenFor };
}

/** What the last deploy of `dev` printed, by name. */
function outputs(): Record<string, string> {
  const file = new URL('../../cdk.out/outputs-dev.json', import.meta.url);
  return Object.assign({}, ...Object.values(Outputs.parse(JSON.parse(readFileSync(file, 'utf8')))));
}

async function tokenFor(claims: Claims): Promise<string> {
  const command = process.env.INTERLOCK_TOKEN_COMMAND;
  if (command) {
    const env = { ...process.env, INTERLOCK_CLAIMS: JSON.stringify(claims) };
    return (await promisify(execFile)('sh', ['-c', command], { env })).stdout.trim();
  }
  const issuer = process.env.INTERLOCK_ISSUER;
  if (!issuer) throw new Error("name the tokens' issuer in INTERLOCK_ISSUER, or a command in INTERLOCK_TOKEN_COMMAND");
  const answer = await fetch(new URL('/token', issuer), { method: 'POST', body: JSON.stringify(claims) });
  return Token.parse(await answer.json()).token;
}
