import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { tapBus } from './bus-tap.ts';
import { overHttp, signed } from './http-system.ts';
import { storedInAws, storedOfCustomers } from './stored-in-aws.ts';
import type { System } from './system.ts';

const Outputs = z.record(z.string(), z.record(z.string(), z.string()));
const Token = z.object({ token: z.string() });
const Time = z.object({ now: z.iso.datetime() });
/** What a caller waits for happens within this time on the moved clock, whose seconds pass faster than real ones. */
const MOST_TRIES = 1_500;

/** The local system at `INTERLOCK_URL`; its clock is moved where a deployed one is waited for. */
export async function localSystem(): Promise<System> {
  const url = process.env.INTERLOCK_URL;
  if (!url) throw new Error('name the running system in INTERLOCK_URL');
  const helper = async (path: string, body?: object): Promise<unknown> => {
    const post = body && { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${url}/_local${path}`, post);
    if (!answer.ok) throw new Error(`/_local${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const outputs: Record<string, string> = Object.assign({}, ...Object.values(Outputs.parse(await helper('/outputs'))));
  const tap = await tapBus(outputs.BusName ?? '');
  const now = async () => new Date(Time.parse(await helper('/clock')).now);
  return {
    name: 'local',
    policy: 'policy-1',
    ...overHttp({
      url,
      clockMoves: true,
      tokenFor: async (claims) => Token.parse(await helper('/token', claims)).token,
    }),
    now,
    sign: async (body, secret, offsetSeconds = 0) =>
      signed(body, secret, new Date((await now()).getTime() + offsetSeconds * 1000)),
    async reach(instant) {
      if (Date.parse(instant) > (await now()).getTime()) await helper('/clock', { now: instant });
    },
    async eventually(what, found) {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const value = await found();
        if (value !== undefined) return value;
        await sleep(100);
        await helper('/clock', { advance: 'PT1S' });
      }
      throw new Error(`${what}: not within ${MOST_TRIES} s of the clock`);
    },
    async sendInHouse(MessageBody) {
      await new SQSClient().send(new SendMessageCommand({ QueueUrl: outputs.InHouseQueueUrl, MessageBody }));
    },
    async sendDeadLetter(door, MessageBody) {
      const QueueUrl = door === 'webhook' ? outputs.WebhookDeadLettersUrl : outputs.InHouseDeadLettersUrl;
      await new SQSClient().send(new SendMessageCommand({ QueueUrl, MessageBody }));
    },
    storedOutsideCustomers: async () => ({
      ...(await storedInAws(outputs)),
      events: JSON.stringify(await tap.heard()),
    }),
    storedOfCustomers: () => storedOfCustomers(outputs),
    events: () => tap.heard(),
    close: () => tap.remove(),
  };
}
