import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import { Health, Receipt as ReceiptReply, Reconciliation } from '#shared/contracts/api/replies.ts';
import { environmentNamed, environments } from '../../environments.ts';
import { type Calling, callUntilAnswered, Stopped } from './exchange.ts';
import { printable } from './words.ts';

/** Secrets by source. */
export type Secrets = ReadonlyMap<string, string>;
export type DayTally = z.infer<typeof Reconciliation>;
export type Receipt = z.infer<typeof ReceiptReply>;
/** What is read of the environment: `INTERLOCK_SOURCE_SECRETS`, `INTERLOCK_TOKEN`, `INTERLOCK_TOKEN_COMMAND`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a replay needs of a running system besides its door. */
export interface RunningSystem {
  /** Without a slash at its end. */
  readonly url: string;
  /** IANA name of the organisation's zone. */
  readonly zone: string;
  /** @throws Stopped when nobody tells them */
  secrets(): Promise<Secrets>;
  /** By how many milliseconds its clock is ahead of this machine's. */
  clockOffset(): Promise<number>;
  /** Arrivals of one day (I-7). */
  reconciliation(day: string): Promise<DayTally>;
  /** What became of a report; unknown to the system, or withheld from this token. */
  receipt(receiptId: string): Promise<Receipt | 'unknown' | 'withheld'>;
}

const SECRETS = 'INTERLOCK_SOURCE_SECRETS';
const SourceSecrets = z.object({ items: z.array(z.object({ source: z.string(), secret: z.string().min(1) })) });
const GivenSecrets = z.record(z.string(), z.string().min(1));
const LocalClock = z.object({ now: z.iso.datetime({ offset: true }) });
const LocalToken = z.object({ token: z.string().min(1) });
/** Who reads the reconciliation of a local system: an officer of the sample organisation. */
const OFFICER = { sub: 'E-602', roles: ['officer'], department: 'disputes', employee: 'E-602' };

/**
 * Waits until a system answers at this address and learns how to talk to it: from the environment's variables, else
 * from a local system's helpers under `/_local/`.
 *
 * @param connectMs how long the first answer is waited for, in milliseconds
 * @throws Stopped when nothing answers in time, or what answers is none of ours
 */
export async function connect(
  url: string,
  env: Environment,
  calling: Calling,
  connectMs: number,
): Promise<RunningSystem> {
  const base = url.replace(/\/+$/, '');
  const zone = zoneOf(await environmentAt(base, calling, connectMs));
  const get = (path: string, headers?: Record<string, string>) =>
    callUntilAnswered(async () => ({ url: `${base}${path}`, init: { headers } }), calling);
  let token: string | undefined;
  const getAsOfficer = async (path: string) => {
    token ??= await officerToken(base, env, calling);
    const answer = await get(path, { authorization: `Bearer ${token}` });
    if (answer.status !== 401) return answer;
    token = await officerToken(base, env, calling); // It was over.
    return get(path, { authorization: `Bearer ${token}` });
  };
  return {
    url: base,
    zone,
    async secrets() {
      const given = env[SECRETS];
      if (given !== undefined) return new Map(Object.entries(read(GivenSecrets, given, SECRETS)));
      const { status, text } = await get('/_local/sources');
      if (status !== 200) throw new Stopped(`no secrets: ${base} is not a local system; ${HOW_SECRETS}`);
      const { items } = read(SourceSecrets, text, `${base}/_local/sources`);
      return new Map(items.map(({ source, secret }) => [source, secret]));
    },
    async clockOffset() {
      const { status, text } = await get('/_local/clock');
      if (status !== 200) return 0;
      return Date.parse(read(LocalClock, text, `${base}/_local/clock`).now) - Date.now();
    },
    async reconciliation(day) {
      const { status, text } = await getAsOfficer(`/intake/reconciliation?day=${day}`);
      if (status !== 200)
        throw new Stopped(`the reconciliation cannot be read: ${status} ${printable(text.slice(0, 200))}`);
      return read(Reconciliation, text, 'the reconciliation');
    },
    async receipt(receiptId) {
      const { status, text } = await getAsOfficer(`/intake/receipts/${encodeURIComponent(receiptId)}`);
      if (status !== 200) return status === 404 ? 'unknown' : 'withheld';
      return read(ReceiptReply, text, 'the receipt');
    },
  };
}

const HOW_SECRETS = `give them in ${SECRETS}, as {"source": "secret"}`;
const HOW_TOKEN =
  'give one with the role officer in INTERLOCK_TOKEN, or a command that prints one in INTERLOCK_TOKEN_COMMAND';

/**
 * @param whole whether the rows stand and fall together: where each stands for itself, one source with a secret is enough
 * @throws Stopped unless the sources of the file have secrets
 */
export function demandSecrets(sources: readonly string[], secrets: Secrets, whole: boolean): void {
  const missing = sources.filter((source) => !secrets.has(source));
  if (missing.length === 0 || (!whole && missing.length < sources.length)) return;
  const known = [...secrets.keys()].join(', ') || 'no source';
  throw new Stopped(
    `no secret for source ${missing.join(', ')}; there are secrets for ${known}. For a deployed system, ${HOW_SECRETS}`,
  );
}

async function officerToken(base: string, env: Environment, calling: Calling): Promise<string> {
  if (env.INTERLOCK_TOKEN) return asToken(env.INTERLOCK_TOKEN, 'INTERLOCK_TOKEN is');
  if (env.INTERLOCK_TOKEN_COMMAND) return tokenPrintedBy(env.INTERLOCK_TOKEN_COMMAND, env);
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(OFFICER) };
  const { status, text } = await callUntilAnswered(async () => ({ url: `${base}/_local/token`, init }), calling);
  if (status !== 200) throw new Stopped(`no token for the reconciliation: ${base} is not a local system; ${HOW_TOKEN}`);
  return read(LocalToken, text, `${base}/_local/token`).token;
}

async function tokenPrintedBy(command: string, env: Environment): Promise<string> {
  const claims = { ...env, INTERLOCK_CLAIMS: JSON.stringify(OFFICER) };
  const printed = await promisify(execFile)('sh', ['-c', command], { env: claims }).catch((error: unknown) => {
    throw new Stopped(`INTERLOCK_TOKEN_COMMAND failed: ${failureOf(error)}`);
  });
  return asToken(printed.stdout, 'INTERLOCK_TOKEN_COMMAND prints');
}

/** What execFile rejects with: the exit code, or the code of an error that kept it from running, or a signal. */
const FailedCommand = z.object({
  code: z.union([z.string(), z.number()]).nullish(),
  signal: z.string().nullish(),
  stderr: z.string().default(''),
});

function failureOf(error: unknown): string {
  const { code, signal, stderr } = FailedCommand.parse(error);
  const how = typeof code === 'number' ? `exit code ${code}` : (code ?? `ended by ${signal}`);
  const last = stderr.trimEnd().split('\n').at(-1);
  return last ? `${how}: ${printable(last.slice(0, 500))}` : how;
}

/** What a header can carry. */
function asToken(text: string, what: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new Stopped(`${what} no token: one word of ASCII characters is expected`);
}

/** Whose environment answers. Once it did, calls wait longer: it may be started again. */
async function environmentAt(base: string, calling: Calling, connectMs: number): Promise<string> {
  try {
    const first = { ...calling, patience: { ...calling.patience, totalMs: connectMs } };
    const { text } = await callUntilAnswered(async () => ({ url: `${base}/health`, init: {} }), first);
    return read(Health, text, `${base}/health`).environment;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    throw new Stopped(`no system at ${base}: ${error.message}. Is it started (npm start), or is it elsewhere (--url)?`);
  }
}

/** Days are the organisation's; an environment of a later release has the zone of all known ones. */
function zoneOf(environment: string): string {
  const known = Object.keys(environments).includes(environment) ? environmentNamed(environment) : 'prod';
  return environments[known].timeZone;
}

function read<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Stopped(`${what} is not JSON`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new Stopped(`${what} is not what was expected: ${z.prettifyError(parsed.error)}`);
}
