import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ACCOUNT_KEY, AwsError, REGION } from './cloud.ts';

const BINARY = fileURLToPath(new URL('../../node_modules/@dynoxide/linux-x64/dynoxide', import.meta.url));
const START_SECONDS = 20;
/** How long one that should run already may take to answer; it may have been started just before us. */
const ANSWER_SECONDS = 4;
/** How long a call waits for an engine that is being started again. */
const CALL_SECONDS = 30;
/** Deaths within a minute after which nobody tries again. */
const MOST_DEATHS = 5;
/**
 * The SDK's token of a transaction, first or last in a call. At each transaction the engine looks through all tokens of
 * ten minutes, which takes longer than the rest of it after some thousand, and it forgets them when it ends; who repeats
 * a transaction here learns from its conditions that it was carried out.
 */
const TOKEN = /"ClientRequestToken":\s*"[^"\\]*",|,"ClientRequestToken":\s*"[^"\\]*"/;
/** Stream records that are removed at once: the engine waits meanwhile. */
const TRIM_BATCH = 500;
/**
 * Starts the engine and ends it with us: a child that reads from a pipe to us learns of our end, `kill -9` included, and
 * would otherwise leave an engine behind that holds the file. $0 is the file for the engine's process id.
 */
const GUARD = `exec 3<&0
"$@" 3<&- & engine=$!
echo $engine > "$0"
{ read -r _ <&3; kill -9 $engine; } & guard=$!
wait $engine; code=$?
kill $guard
exit $code`;

/** The DynamoDB engine behind the tables. */
export interface Engine {
  readonly endpoint: string;
  /**
   * Hands one call on, but for a transaction's token. A call that finds no engine, or loses it, waits until it runs
   * again and is made again, as an SDK does after an answer that got lost.
   * @throws AwsError InternalServerError when the engine stays away for 30 s
   */
  call(target: string, body: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Removes stream records of a table up to a sequence number that are older than 24 hours; the engine itself keeps all. */
  trimStream(table: string, upTo: string): Promise<void>;
  /** Kills an engine that no longer answers, after 4 s; it is started again as after any death. */
  restartHung(): Promise<void>;
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** Where the engine's file is kept. */
  readonly folder: string;
  readonly say: (line: string) => void;
  /** The engine died {@link MOST_DEATHS} times within a minute, or does not start again: it stays away. */
  readonly onGivenUp: () => void;
}

/**
 * The engine that AWS_ENDPOINT_URL_DYNAMODB names, or else the embedded one: its own process on a free port, started
 * again on the same port when it dies by itself. INTERLOCK_ENGINE names another build of its binary.
 *
 * @throws RangeError on a platform without the embedded engine, when it does not start, and when none answers where one
 *   is said to be
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const agent = new Agent({ keepAlive: true });
  const endpoint = process.env.AWS_ENDPOINT_URL_DYNAMODB;
  if (!endpoint) return startEmbedded(options, agent);
  if (URL.parse(endpoint)?.protocol !== 'http:' || !(await answersWithin(ANSWER_SECONDS, endpoint)))
    throw new RangeError(
      `nothing answers at ${endpoint}, where AWS_ENDPOINT_URL_DYNAMODB says that DynamoDB Local runs: start it, or name an address such as http://127.0.0.1:8000`,
    );
  return {
    endpoint,
    call: caller(endpoint, agent, async () => {}),
    trimStream: async () => {}, // It trims by itself.
    restartHung: async () => {},
    stop: async () => agent.destroy(),
  };
}

async function startEmbedded({ folder, say, onGivenUp }: EngineOptions, agent: Agent): Promise<Engine> {
  const binary = process.env.INTERLOCK_ENGINE ?? BINARY;
  if (!existsSync(binary))
    throw new RangeError(
      `the embedded DynamoDB engine exists for linux-x64 only and is not at ${binary}; elsewhere AWS_ENDPOINT_URL_DYNAMODB must name a running DynamoDB Local`,
    );
  const file = join(folder, 'tables.db');
  const pidFile = join(folder, 'engine.pid');
  await killEngine(pidFile, file); // What an earlier start left behind.
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const deaths: number[] = [];
  let stopping = false;
  let pid = 0;
  let ended: Promise<unknown> = Promise.resolve();

  const start = async () => {
    const child = spawn('/bin/sh', ['-c', GUARD, pidFile, binary, 'serve', '--port', String(port), '--db-path', file], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true, // Ctrl-C at the terminal is for us; we end the engine when nothing needs it any more.
    });
    const exit = once(child, 'exit').catch(() => {});
    child.stdin?.on('error', () => {}); // Its guard ended first, or never began.
    try {
      if (!(await answersWithin(START_SECONDS, endpoint, () => child.exitCode !== null || child.signalCode !== null)))
        throw new Error(`it ended, or did not answer within ${START_SECONDS} s`);
      await keepStreamsFast(file);
    } catch (error) {
      await killEngine(pidFile, file);
      throw error;
    }
    pid = Number(readFileSync(pidFile, 'utf8'));
    ended = exit;
    void exit.then(died);
  };
  const died = async () => {
    await killEngine(pidFile, file); // Only its guard may have ended.
    if (stopping) return;
    say(`the database engine (process ${pid}) ended by itself; starting it again, nothing is lost`);
    ready = startAgain();
    ready.catch((error) => {
      if (stopping) return;
      say(`${error.message}: giving up`);
      onGivenUp();
    });
  };
  const startAgain = async (): Promise<void> => {
    deaths.push(Date.now());
    const recent = deaths.filter((at) => at > Date.now() - 60_000).length;
    if (recent >= MOST_DEATHS || stopping)
      throw new AwsError('InternalServerError', `the database engine ended ${recent} times within a minute`, 500);
    return start().catch((error: unknown) => {
      say(`the database engine did not start again (${String(error)})`);
      return startAgain();
    });
  };
  let ready = start();
  await ready.catch((error: unknown) => {
    throw new RangeError(
      `the database engine ${binary} does not start on ${file} (${String(error)}): it must be made for this machine, and the file be whole; another folder is chosen with --data DIR`,
    );
  });
  const call = caller(endpoint, agent, () => ready);
  return {
    endpoint,
    call: (target, body) => call(target, target.endsWith('.TransactWriteItems') ? body.replace(TOKEN, '') : body),
    trimStream: (table, upTo) => trimStream(file, table, upTo),
    async restartHung() {
      await ready.catch(() => {});
      if (!(await answersWithin(ANSWER_SECONDS, endpoint))) signal(pid, file, 'SIGKILL');
    },
    async stop() {
      stopping = true;
      await ready.then(
        () => signal(pid, file, 'SIGTERM'),
        () => {}, // It was given up.
      );
      const late = setTimeout(() => signal(pid, file, 'SIGKILL'), 5000);
      await ended;
      clearTimeout(late);
      rmSync(pidFile, { force: true });
      agent.destroy();
    },
  };
}

/** Calls an engine over kept connections, again and again while it is away. */
function caller(endpoint: string, agent: Agent, ready: () => Promise<void>): Engine['call'] {
  // Every engine wants to see a signature, and none looks into it.
  const authorization = `AWS4-HMAC-SHA256 Credential=${ACCOUNT_KEY}/20260101/${REGION}/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0`;
  const attempt = (target: string, body: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': Buffer.byteLength(body),
        'x-amz-target': target,
        'x-amz-date': '20260101T000000Z',
        authorization,
      };
      const call = request(endpoint, { method: 'POST', agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 500, text }));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.end(body);
    });
  return async (target, body) => {
    for (const deadline = Date.now() + CALL_SECONDS * 1000; ; await pause(20)) {
      await ready();
      try {
        return await attempt(target, body);
      } catch (error) {
        if (Date.now() > deadline)
          throw new AwsError('InternalServerError', `the database engine does not answer: ${String(error)}`, 500);
      }
    }
  };
}

/**
 * The engine looks for a table's highest sequence number at every write, through all of its stream records: an index
 * keeps that fast, written as the engine writes it. A second connection is safe, its journal is a WAL.
 */
async function keepStreamsFast(file: string): Promise<void> {
  await onDatabase(file, (database) =>
    database.exec(
      'create index if not exists stream_records_by_sequence on _stream_records (table_name, CAST(sequence_number AS INTEGER))',
    ),
  );
}

/** The newest record stays: the engine counts on from it. */
async function trimStream(file: string, table: string, upTo: string): Promise<void> {
  await onDatabase(file, async (database) => {
    const remove = database.prepare(
      `delete from _stream_records where created_at < ? and id in (
       select id from _stream_records where table_name = ? and CAST(sequence_number AS INTEGER) <= min(?, (
         select max(CAST(sequence_number AS INTEGER)) - 1 from _stream_records where table_name = ?))
       order by CAST(sequence_number AS INTEGER) limit ${TRIM_BATCH})`,
    );
    const yesterday = Math.floor(Date.now() / 1000) - 86_400; // In the engine's own time, which nobody moves.
    while (remove.run(yesterday, table, BigInt(upTo), table).changes === TRIM_BATCH) await pause(50);
  });
}

async function onDatabase(file: string, use: (database: DatabaseSync) => unknown): Promise<void> {
  const database = new DatabaseSync(file, { timeout: 5000 });
  try {
    await use(database);
  } finally {
    database.close();
  }
}

/** Kills the engine of the pid file, and waits for its end. */
async function killEngine(pidFile: string, file: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  for (const deadline = Date.now() + 5000; signal(pid, file, 'SIGKILL') && Date.now() < deadline; ) await pause(10);
  rmSync(pidFile, { force: true });
}

/** Signals a process if it is one that holds this file: it may have ended, and its number be another's. */
function signal(pid: number, file: string, name: NodeJS.Signals): boolean {
  if (!commandOf(pid).includes(file)) return false;
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** A process's arguments; none for one that ended. */
function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** A port of 127.0.0.1 that nobody uses at this moment. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** Whether anything at all answers over HTTP before then; given up earlier by who knows that nothing will. */
async function answersWithin(seconds: number, endpoint: string, hasEnded = () => false): Promise<boolean> {
  for (const deadline = AbortSignal.timeout(seconds * 1000); !deadline.aborted && !hasEnded(); await pause(10))
    if (await fetch(endpoint, { signal: deadline }).catch(() => undefined)) return true;
  return false;
}
