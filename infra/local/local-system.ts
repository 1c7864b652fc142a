import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import { assemblyOf } from './assembly.ts';
import { emptyDataFolder, openDataFolder } from './data-folder.ts';
import { type Gateway, openGateway } from './gateway.ts';
import { type LocalCloud, startLocalCloud } from './local-cloud.ts';
import { answerLocal, type LocalRoute, localRoutes } from './local-routes.ts';
import { readAssembly } from './template.ts';
import { tokenIssuer } from './token-issuer.ts';

export interface LocalSystemOptions {
  readonly environment: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Where everything is kept. */
  readonly folder: string;
  /** For whom tokens are issued. */
  readonly audience: string;
  readonly say: (line: string) => void;
  /** Fills a system whose templates stand, at each start and after each reset; everything answers already. */
  readonly prepare: (cloud: LocalCloud) => Promise<void>;
  /** Helpers under `/_local/` that know what runs here. */
  readonly routes?: (cloud: LocalCloud) => Readonly<Record<string, LocalRoute>>;
  readonly onGivenUp: () => void;
}

/** The synthesized templates, running on this machine. */
export interface LocalSystem {
  readonly url: string;
  /** What runs at this moment; another one after a reset. */
  readonly cloud: LocalCloud;
  /** Ends everything and lets what is under way finish. */
  stop(): Promise<void>;
}

/** @throws RangeError for a taken port, a folder in use or of another version, and what the templates ask for in vain */
export async function startLocalSystem(options: LocalSystemOptions): Promise<LocalSystem> {
  const gateway = await openGateway(options.port);
  const reset = async () => {
    await end(gateway, running);
    emptyDataFolder(options.folder);
    running = await run(gateway, options, reset);
    return { reset: true };
  };
  let running: Running;
  try {
    running = await run(gateway, options, reset);
  } catch (error) {
    await gateway.close();
    throw error;
  }
  return {
    url: gateway.url,
    get cloud() {
      return running.cloud;
    },
    async stop() {
      await end(gateway, running);
      await gateway.close();
    },
  };
}

interface Running {
  readonly cloud: LocalCloud;
  readonly store: DatabaseSync;
}

async function run(gateway: Gateway, options: LocalSystemOptions, reset: LocalRoute): Promise<Running> {
  const { environment, folder, audience, say, prepare, onGivenUp } = options;
  const { url } = gateway;
  const assemblyFolder = assemblyOf(environment, `${url}/_local/issuer`, say);
  const store = openDataFolder(folder);
  let cloud: LocalCloud | undefined;
  try {
    const assembly = readAssembly(assemblyFolder, url);
    cloud = await startLocalCloud({ assembly, assemblyFolder, url, folder, store, say, onGivenUp });
    gateway.behind = { ...cloud.behind, http: await httpOf(cloud, options, audience, reset) };
    await prepare(cloud);
    return { cloud, store };
  } catch (error) {
    if (cloud) await end(gateway, { cloud, store });
    else store.close();
    throw error;
  }
}

/** The helpers under `/_local/`, and the HTTP API for everything else. */
async function httpOf(cloud: LocalCloud, { routes }: LocalSystemOptions, audience: string, reset: LocalRoute) {
  const issuer = await tokenIssuer(cloud.machine, audience);
  const helpers = { ...localRoutes(cloud, issuer), 'POST /reset': reset, ...routes?.(cloud) };
  return (request: IncomingMessage, response: ServerResponse) =>
    request.url?.startsWith('/_local/')
      ? answerLocal(helpers, cloud, issuer, { request, response })
      : cloud.api.handle(request, response);
}

async function end(gateway: Gateway, { cloud, store }: Running): Promise<void> {
  await cloud.stop(); // Functions under way still call through the gateway.
  gateway.behind = undefined;
  store.close();
}
