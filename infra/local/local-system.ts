import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import { assemblyOf } from './assembly.ts';
import { emptyDataFolder, openDataFolder } from './data-folder.ts';
import { type Behind, type Gateway, openGateway } from './gateway.ts';
import { type LocalCloud, startLocalCloud } from './local-cloud.ts';
import { answerLocal, type LocalRoute, localRoutes } from './local-routes.ts';
import { readAssembly } from './template.ts';
import { tokenIssuer } from './token-issuer.ts';

export interface LocalSystemOptions {
  readonly environment: string;
  /** Synthesized templates with their bundles. @default those of the environment, synthesized where needed */
  readonly assemblyFolder?: string;
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
  let running: Running;
  let turn: Promise<unknown> = Promise.resolve();
  /** A reset and the end, or two resets, one after the other. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const acted = turn.then(act);
    turn = acted.catch(() => {});
    return acted;
  };
  const reset = () =>
    inTurn(async () => {
      const elsewhere = process.env.AWS_ENDPOINT_URL_DYNAMODB;
      if (elsewhere) throw new RangeError(`the tables stand at ${elsewhere}, and are not emptied from here`);
      await end(gateway, running);
      emptyDataFolder(options.folder);
      running = await run(gateway, options, reset).catch((error: unknown) => {
        options.say(`it is empty, and does not start anew: ${String(error)}`);
        options.onGivenUp();
        throw error;
      });
      return { reset: true };
    });
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
    stop: () =>
      inTurn(async () => {
        await end(gateway, running);
        await gateway.close();
      }),
  };
}

interface Running {
  readonly cloud: LocalCloud;
  readonly store: DatabaseSync;
}

async function run(gateway: Gateway, options: LocalSystemOptions, reset: LocalRoute): Promise<Running> {
  const { environment, folder, audience, say, prepare, onGivenUp } = options;
  const { url } = gateway;
  const store = openDataFolder(folder);
  let cloud: LocalCloud | undefined;
  try {
    const assemblyFolder = options.assemblyFolder ?? assemblyOf(environment, say);
    const assembly = readAssembly(assemblyFolder, url);
    cloud = await startLocalCloud({ assembly, assemblyFolder, url, folder, store, say, onGivenUp });
    const http = await httpOf(cloud, options, audience, reset);
    gateway.lead({ ...cloud.behind, http: notYetHealthy(http) });
    await prepare(cloud);
    gateway.lead({ ...cloud.behind, http });
    return { cloud, store };
  } catch (error) {
    if (cloud) await end(gateway, { cloud, store });
    else store.close();
    throw error;
  }
}

/** Who asks whether the system is up hears no until it is filled. */
function notYetHealthy(http: Behind['http']): Behind['http'] {
  return async (request, response) => {
    if (request.url === '/health') response.writeHead(503, { 'retry-after': '1' }).end();
    else await http(request, response);
  };
}

/** The helpers under `/_local/`, and the HTTP API for everything else. */
async function httpOf(cloud: LocalCloud, { routes }: LocalSystemOptions, audience: string, reset: LocalRoute) {
  const issuer = await tokenIssuer(cloud.machine, audience);
  const helpers = { ...localRoutes(cloud, issuer), 'POST /reset': reset, ...routes?.(cloud) };
  return (request: IncomingMessage, response: ServerResponse) =>
    request.url?.startsWith('/_local/') ? answerLocal(helpers, request, response) : cloud.api.handle(request, response);
}

async function end(gateway: Gateway, { cloud, store }: Running): Promise<void> {
  await cloud.stop(); // Functions under way still call through the gateway.
  gateway.lead(undefined);
  store.close();
}
