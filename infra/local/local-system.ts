import { aboutFolder, emptyDataFolder } from './data-folder.ts';
import { type Behind, openGateway } from './gateway.ts';
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from './local-cloud.ts';
import { answerLocal, type LocalRoute, localRoutes } from './local-routes.ts';
import { tokenIssuer } from './token-issuer.ts';

export interface LocalSystemOptions extends LocalCloudOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** For whom tokens are issued. */
  readonly audience: string;
  /** Fills a system whose templates stand, at each start and after each reset; everything answers already. */
  readonly prepare: (cloud: LocalCloud) => Promise<void>;
  /** Helpers under `/_local/` that know what runs here. */
  readonly routes?: (cloud: LocalCloud) => Readonly<Record<string, LocalRoute>>;
}

export type LocalSystem = Awaited<ReturnType<typeof startLocalSystem>>;

/**
 * Starts the synthesized templates on this machine.
 * @throws RangeError for a taken port, a folder in use or of another version, and what the templates ask for in vain
 */
export async function startLocalSystem(options: LocalSystemOptions) {
  const gateway = await openGateway(options.port);
  let cloud: LocalCloud;
  let turn: Promise<unknown> = Promise.resolve();
  /** A reset and the end, or two resets, one after the other. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const acted = turn.then(act);
    turn = acted.catch(() => {});
    return acted;
  };
  const end = async () => {
    await cloud.stop(); // Functions under way still call through the gateway.
    gateway.lead(undefined);
  };
  const run = async () => {
    cloud = await startLocalCloud(gateway.url, options);
    try {
      const http = await httpOf(cloud, options, reset);
      gateway.lead({ ...cloud.behind, http: notYetHealthy(http) });
      await options.prepare(cloud);
      gateway.lead({ ...cloud.behind, http });
    } catch (error) {
      await end();
      throw error;
    }
  };
  const reset = () =>
    inTurn(async () => {
      const elsewhere = process.env.AWS_ENDPOINT_URL_DYNAMODB;
      if (elsewhere) throw new RangeError(`the tables stand at ${elsewhere}, and are not emptied from here`);
      await end();
      emptyDataFolder(options.folder);
      await run().catch((error: unknown) => {
        options.say(`it is empty, and does not start anew: ${String(error)}`);
        options.onGivenUp();
        throw error;
      });
      return { reset: true };
    });
  const stop = async () => {
    await end();
    await gateway.close();
  };
  await run().catch(async (error: unknown) => {
    await gateway.close();
    throw aboutFolder(options.folder, error);
  });
  return {
    url: gateway.url,
    /** What runs at this moment; another one after a reset. */
    get cloud() {
      return cloud;
    },
    /** Ends everything and lets what is under way finish. */
    stop: () => inTurn(stop),
  };
}

/** Who asks whether the system is up hears no until it is filled. */
function notYetHealthy(http: Behind['http']): Behind['http'] {
  return async (request, response) => {
    if (request.url === '/health') response.writeHead(503, { 'retry-after': '1' }).end();
    else await http(request, response);
  };
}

/** The helpers under `/_local/`, and the HTTP API for everything else. */
async function httpOf(cloud: LocalCloud, { routes, audience }: LocalSystemOptions, reset: LocalRoute) {
  const issuer = await tokenIssuer(cloud.machine, audience);
  const helpers = { ...localRoutes(cloud, issuer), 'POST /reset': reset, ...routes?.(cloud) };
  const http: Behind['http'] = (request, response) =>
    request.url?.startsWith('/_local/') ? answerLocal(helpers, request, response) : cloud.api.handle(request, response);
  return http;
}
