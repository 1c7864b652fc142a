import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { Accepted, ProblemReply } from '#shared/contracts/api/replies.ts';
import { type Answer, type Calling, callUntilAnswered, Stopped } from './exchange.ts';
import type { Row } from './file-lines.ts';
import { demandSecrets, type RunningSystem } from './running-system.ts';
import { printable } from './words.ts';

/** What the door said of one row. */
export type Taken =
  | { readonly outcome: 'accepted'; readonly duplicate: boolean; readonly receiptId: string }
  | { readonly outcome: 'rejected' | 'too-large' | 'unknown-source'; readonly reason: string };

/** The door of a running system, and how this side signs. */
export interface Door {
  /** Sends one row until it is answered. @throws Stopped when no further row can be sent either */
  send(row: Row): Promise<{ readonly taken: Taken; readonly milliseconds: number }>;
  /** The system's time, in milliseconds since 1970. */
  now(): Promise<number>;
}

export interface DoorUse {
  /** Every source of the file. */
  readonly sources: Iterable<string>;
  /** Begins every message id of this replay. */
  readonly runId: string;
  /** Whether each row names a source of its own: one that is unknown is then the matter of its rows alone. */
  readonly rowsStandAlone: boolean;
}

/** Clocks of local systems are moved by hand: the offset is asked for again after this. */
const OFFSET_KEPT_MS = 10_000;

/**
 * Signs by Standard Webhooks with the secret of the row's source and the system's time (I-3). A row keeps its message
 * id over all tries, so that the system sees one message.
 *
 * @throws Stopped without the secrets that are needed
 */
export async function openDoor(
  system: RunningSystem,
  { sources, runId, rowsStandAlone }: DoorUse,
  calling: Calling,
): Promise<Door> {
  const used = [...sources];
  let keys = await readKeys();
  let offset = { ms: await system.clockOffset(), readAt: performance.now() };
  let renewing: Promise<void> | undefined;

  async function readKeys(): Promise<ReadonlyMap<string, Webhook>> {
    const secrets = await system.secrets();
    demandSecrets(used, secrets, !rowsStandAlone);
    const held = used.flatMap((source) => [[source, secrets.get(source)] as const]);
    return new Map(
      held.flatMap(([source, secret]) => (secret === undefined ? [] : [[source, signer(source, secret)]])),
    );
  }
  async function now(): Promise<number> {
    if (performance.now() - offset.readAt > OFFSET_KEPT_MS) {
      offset = { ...offset, readAt: performance.now() }; // The others go on with the old one meanwhile.
      offset = { ms: await system.clockOffset(), readAt: performance.now() };
    }
    return Date.now() + offset.ms;
  }
  /** After a 401: once for all rows that met it at the same time. */
  function renew(): Promise<void> {
    renewing ??= (async () => {
      keys = await readKeys();
      offset = { ms: await system.clockOffset(), readAt: performance.now() };
    })().finally(() => {
      renewing = undefined;
    });
    return renewing;
  }
  const post = ({ index, source, body }: Row): Promise<Answer> =>
    callUntilAnswered(async () => {
      const id = `replay_${runId}_${index + 1}`;
      const at = new Date(await now());
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': keys.get(source)?.sign(id, at, body) ?? '',
      };
      const url = `${system.url}/intake/${encodeURIComponent(source)}`;
      return { url, init: { method: 'POST', headers, body } };
    }, calling);

  /** A door keeps secrets for a while: after a rotation it may refuse what is signed with the newest one. */
  async function untilTrusted(row: Row): Promise<Answer> {
    const { distrustMs, firstWaitMs, longestWaitMs } = calling.patience;
    const until = performance.now() + distrustMs;
    let answer = await post(row);
    for (let wait = firstWaitMs; answer.status === 401; wait = Math.min(wait * 2, longestWaitMs)) {
      await renew();
      answer = await post(row);
      if (answer.status !== 401 || performance.now() >= until) break;
      calling.waiting(`the signature of ${row.source} is not accepted; a door learns a new secret within a minute`);
      await sleep(wait, undefined, { signal: calling.signal });
    }
    return answer;
  }

  return {
    now,
    async send(row) {
      if (!keys.has(row.source)) return { taken: withoutSecret(row), milliseconds: 0 };
      const answer = await untilTrusted(row);
      const { milliseconds } = answer;
      if (rowsStandAlone && isUnknownSource(answer)) return { taken: unknownSource(row), milliseconds };
      return { taken: takenOf(answer, row, system.url, calling), milliseconds };
    },
  };
}

function signer(source: string, secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    throw new Stopped(`the secret of source ${source} is no Standard Webhooks secret: base64, with or without whsec_`);
  }
}

/** Whether it is the door itself that does not know the source, and not a wrong address. */
function isUnknownSource({ status, text }: Answer): boolean {
  return status === 404 && ProblemReply.safeParse(jsonOf(text)).success;
}

function unknownSource({ source }: Row): Taken {
  return { outcome: 'unknown-source', reason: `404 the system knows no source ${source}, or it is switched off` };
}

function withoutSecret({ source }: Row): Taken {
  return { outcome: 'unknown-source', reason: `there is no secret for source ${source}; it was not sent` };
}

/** @throws Stopped for every answer that the next row would meet too */
function takenOf({ status, text }: Answer, { line, source }: Row, url: string, { patience }: Calling): Taken {
  const where = `line ${line}, source ${source}`;
  switch (status) {
    case 202: {
      const accepted = Accepted.safeParse(jsonOf(text));
      if (!accepted.success) throw new Stopped(`${where}: ${url} answers 202, but not as the door of this system does`);
      const { receiptId, duplicate } = accepted.data;
      return { outcome: 'accepted', duplicate, receiptId };
    }
    case 409:
    case 422:
      return { outcome: 'rejected', reason: `${status} ${reasonOf(text)}` };
    case 413:
      return { outcome: 'too-large', reason: `413 ${reasonOf(text)}` };
    case 401:
      throw new Stopped(
        `${where}: the system does not accept the signature, also after reading the secrets and its time again ` +
          `for ${Math.round(patience.distrustMs / 1_000)} s. ` +
          `Is the secret of ${source} still valid, and is this machine's clock right?`,
      );
    case 404:
      throw new Stopped(`${where}: ${url} knows no source ${source} (404). Is the address right?`);
    default:
      throw new Stopped(`${where}: ${url} answers ${status} ${reasonOf(text)}`);
  }
}

/** Detail and faults of a problem, or the start of what came instead. */
function reasonOf(text: string): string {
  const problem = ProblemReply.safeParse(jsonOf(text));
  if (!problem.success) return printable(text.slice(0, 200));
  const faults = (problem.data.errors ?? []).slice(0, 5).map(({ path, message }) => `${path}: ${message}`);
  return printable([problem.data.detail, ...faults].join(' '));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
