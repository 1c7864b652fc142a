import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Invocation, Machine } from './cloud.ts';
import type { Asked, Call, Failure, Said, Told, WorkerData } from './function-worker.ts';

/** What importing a bundle may take, beside the first call's own timeout. */
const INIT_MS = 10_000;
/** An environment that nobody called for so long is ended, and its memory is free again. */
const IDLE_MS = 5 * 60_000;

const source = readFileSync(join(import.meta.dirname, 'function-worker.ts'), 'utf8');
/** The thread's entry without its types: a thread that strips them itself starts 40 ms later. */
const ENTRY = stripTypeScriptTypes(source);

/** What an environment runs, and whom it tells what. */
export interface Environs {
  readonly data: WorkerData;
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  /** Answers what a function asks of AWS. */
  readonly aws: Machine['call'];
  /** It can take the next call. */
  readonly free: (environment: Environment) => void;
  /** It takes no more calls. */
  readonly gone: (environment: Environment) => void;
  /** A line that the function wrote, or what failed. */
  readonly log: (line: string | Failure, requestId: string | undefined) => void;
}

/** A call, and who waits for what comes of it. */
export interface Waiting {
  readonly call: Call;
  readonly settle: (outcome: Invocation) => void;
}

/** One execution environment: a thread that carries out one call at a time, and is given up when a call breaks it. */
export class Environment {
  readonly #environs: Environs;
  readonly #worker: Worker;
  #current: Waiting | undefined;
  /** Of the call under way, or until it has been idle for too long. */
  #timer: NodeJS.Timeout | undefined;
  #initMs = INIT_MS;
  #ending = false;
  #crash: Failure | undefined;
  /** The beginning of a line that is not written to its end. */
  #line = '';

  constructor(environs: Environs) {
    this.#environs = environs;
    this.#worker = new Worker(ENTRY, {
      eval: true,
      workerData: environs.data,
      env: environs.env,
      execArgv: ['--enable-source-maps'],
      resourceLimits: { maxOldGenerationSizeMb: environs.memoryMb },
    });
    this.#worker.on('message', (said: Said) => this.#listen(said));
    this.#worker.on('error', ({ name, message, stack = '' }: Error) => {
      this.#crash = { errorType: name, errorMessage: message, stackTrace: stack.split('\n') };
    });
    this.#worker.on('exit', (code) => {
      this.#ending = true;
      if (this.#line !== '') this.#log(this.#line);
      if (this.#current)
        this.#fail(this.#crash ?? this.#failure('Runtime.ExitError', `Runtime exited with status ${code}`));
      environs.gone(this);
    });
  }

  carryOut(waiting: Waiting): void {
    this.#current = waiting;
    this.#tell({ kind: 'call', ...waiting.call });
    this.#limit();
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    this.#ending = true;
    await this.#worker.terminate();
  }

  #limit(): void {
    clearTimeout(this.#timer);
    const { timeoutMs } = this.#environs.data;
    this.#timer = setTimeout(() => {
      void this.end();
      const took = `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
      this.#fail(this.#failure('Sandbox.Timedout', took));
    }, this.#initMs + timeoutMs);
  }

  #listen(said: Said): void {
    if (said.written) {
      const lines = (this.#line + said.written).split('\n');
      this.#line = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#log(line);
    }
    if (said.kind === 'asked') void this.#ask(said);
    if (said.kind === 'answer') this.#settle({ ok: true, result: JSON.parse(said.json) });
    if (said.kind === 'failure') this.#fail(said);
    if (said.kind !== 'ready') return;
    this.#initMs = 0;
    if (this.#current) this.#limit();
  }

  #tell(told: Told): void {
    this.#worker.postMessage(told);
  }

  #log(line: string | Failure): void {
    this.#environs.log(line, this.#current?.call.requestId);
  }

  async #ask({ id, method, url, headers: given, body: sent }: Asked): Promise<void> {
    const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
    const body = typeof sent === 'string' ? sent : Buffer.from(sent);
    const reply = await this.#environs.aws({ method, url, headers, body }).catch((error: unknown) => {
      return { status: 500, headers: {}, body: JSON.stringify({ __type: 'InternalFailure', message: String(error) }) };
    });
    this.#tell({ kind: 'answered', id, ...reply });
  }

  #failure(errorType: string, message: string): Failure {
    return { errorType, errorMessage: `RequestId: ${this.#current?.call.requestId} Error: ${message}` };
  }

  #fail({ errorType, errorMessage, stackTrace }: Failure): void {
    this.#log({ errorType, errorMessage, stackTrace });
    this.#settle({ ok: false, errorType, errorMessage });
  }

  #settle(outcome: Invocation): void {
    clearTimeout(this.#timer);
    const settled = this.#current;
    this.#current = undefined;
    settled?.settle(outcome);
    if (this.#ending) return;
    this.#timer = setTimeout(() => {
      this.#environs.gone(this);
      void this.end();
    }, IDLE_MS).unref();
    this.#environs.free(this);
  }
}
