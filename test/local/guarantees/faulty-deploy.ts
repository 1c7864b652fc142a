import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import * as z from 'zod';
import { prepareInterlock } from '#infra/cli/start/prepare-interlock.ts';
import { sourcesWithSecrets } from '#infra/cli/start/source-secrets.ts';
import { environments } from '#infra/environments.ts';
import { assemblyOf } from '#infra/local/assembly.ts';
import { type LocalSystem, startLocalSystem } from '#infra/local/local-system.ts';

const TEMPLATE = 'interlock-local-performance.template.json';
const Resources = z.record(z.string(), z.looseObject({ Type: z.string(), Properties: z.looseObject({}) }));
const Template = z.looseObject({ Resources });
export type Resources = z.infer<typeof Resources>;

/** A local system whose performance stack has a fault, until it is mended by a start from the right templates. */
export class FaultyDeploy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'interlock-'));
  readonly #assembly = assemblyOf('local', () => {});
  #system: LocalSystem | undefined;

  /** @param fault changes the resources of the performance stack */
  async start(fault: (resources: Resources) => void): Promise<void> {
    const copy = join(this.#folder, 'assembly');
    mkdirSync(copy);
    for (const name of readdirSync(this.#assembly)) {
      if (name.startsWith('asset.')) symlinkSync(join(this.#assembly, name), join(copy, name));
      else cpSync(join(this.#assembly, name), join(copy, name), { recursive: true });
    }
    const template = this.#template();
    fault(template.Resources);
    writeFileSync(join(copy, TEMPLATE), JSON.stringify(template));
    this.#system = await this.#started(copy);
  }

  async mend(): Promise<void> {
    await this.system.stop();
    this.#system = await this.#started(this.#assembly);
  }

  async remove(): Promise<void> {
    await this.#system?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get system(): LocalSystem {
    if (!this.#system) throw new Error('not started yet');
    return this.#system;
  }

  /** The name that a resource of the stack got, by the beginning of its logical id. */
  nameOf(beginning: string): string {
    const id = Object.keys(this.#template().Resources).find((each) => each.startsWith(beginning));
    return `interlock-local-performance-${id}`;
  }

  /** A grave report comes by telephone; the answer's status. */
  async report(): Promise<number> {
    const { url } = this.system;
    const secret = (await sourcesWithSecrets(url)).find(({ source }) => source === 'phone')?.secret ?? '';
    const at = new Date();
    const body = JSON.stringify({ externalId: 'call-1', occurredAt: at.toISOString(), type: 'late-delivery' });
    const headers = {
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('msg_1', at, body),
    };
    return (await fetch(`${url}/intake/phone`, { method: 'POST', headers, body })).status;
  }

  /** How many alerts are open. */
  async alerts(): Promise<number> {
    const { url } = this.system;
    const body = JSON.stringify({ sub: 'me', roles: ['performance'] });
    const asked = await fetch(`${url}/_local/token`, { method: 'POST', body });
    const { token } = z.object({ token: z.string() }).parse(await asked.json());
    const answer = await fetch(`${url}/alerts?state=open`, { headers: { authorization: `Bearer ${token}` } });
    return z.object({ items: z.array(z.unknown()) }).parse(await answer.json()).items.length;
  }

  #template(): z.infer<typeof Template> {
    return Template.parse(JSON.parse(readFileSync(join(this.#assembly, TEMPLATE), 'utf8')));
  }

  #started(assemblyFolder: string): Promise<LocalSystem> {
    const { audience } = environments.local.oidc;
    const folder = join(this.#folder, 'data');
    return startLocalSystem({
      environment: 'local',
      assemblyFolder,
      port: 0,
      folder,
      audience,
      say: () => {},
      prepare: (cloud) => prepareInterlock(cloud, { folder, empty: true, audience }),
      onGivenUp: () => {},
    });
  }
}

/** Whether it holds within 60 s. */
export async function eventually(holds: () => Promise<boolean>): Promise<boolean> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) if (await holds()) return true;
  return false;
}
