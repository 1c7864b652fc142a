import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { transformSync } from 'esbuild';
import type { Invocation, Machine } from './cloud.ts';
import type { Asked, Call, Failure, Said, Told, WorkerData } from './function-worker.ts';

/** What importing a bundle may take, beside the first call's own timeout. */
const INIT_MS = 10_000;

/** The thread's entry without its types: a thread that strips them itself starts 40 ms later. */
const entry = () => {
  entryText ??= transformSync(readFileSync(join(import.meta.dirname, 'function-worker.ts'), 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node24',
  }).code;
  return entryText;
};
let entryText: string | undefined;

/** What an environment runs. */
export interface Environs {
  readonly data: WorkerData;
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  /** Answers what a function asks of AWS. */
  readonly aws: Machine['call'];
}

/** What an environment tells its function. */
export interface Heard {
  readonly ready: () => void;
  /** It can take the next call. */
  readonly free: () => void;
  readonly gone: () => void;
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
  idleSince = performance.now();
  readonly #worker: Worker;
  readonly #heard: Heard;
  readonly #aws: Environs['aws'];
  #current: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isReady = false;
  #ending = false;
  #crash: Failure | undefined;
  /** The beginning of a line that is not written to its end. */
  #line = '';

  constructor({ data, env, memoryMb, aws }: Environs, heard: Heard) {
    this.#heard = heard;
    this.#aws = aws;
    this.#worker = new Worker(entry(), {
      eval: true,
      workerData: data,
      env,
      execArgv: ['--enable-source-maps'],
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    this.#worker.on('message', (said: Said) => this.#listen(said));
    this.#worker.on('error', ({ name, message, stack = '' }: Error) => {
      this.#crash = { errorType: name, errorMessage: message, stackTrace: stack.split('\n') };
    });
    this.#worker.on('exit', (code) => this.#gone(code));
  }

  carryOut(waiting: Waiting): void {
    this.#current = waiting;
    this.#tell({ kind: 'call', ...waiting.call });
    const { timeoutMs } = waiting.call;
    this.#limit(this.#isReady ? timeoutMs : INIT_MS + timeoutMs, waiting.call);
  }

  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  async end(): Promise<void> {
    this.#ending = true;
    await this.#worker.terminate();
  }

  #limit(ms: number, { requestId, timeoutMs }: Call): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
      this.#fail({ errorType: 'Sandbox.Timedout', errorMessage });
      void this.end();
    }, ms);
  }

  #listen(said: Said): void {
    if (said.written) this.#logLines(said.written);
    switch (said.kind) {
      case 'wrote':
        return;
      case 'ready':
        this.#isReady = true;
        this.#heard.ready();
        if (this.#current) this.#limit(this.#current.call.timeoutMs, this.#current.call);
        return;
      case 'asked':
        void this.#ask(said);
        return;
      case 'answer':
        this.#settle({ ok: true, result: JSON.parse(said.json) });
        this.#rest();
        return;
      case 'failure':
        this.#fail(said);
        this.#rest();
        return;
      case 'broken':
        this.#fail(said);
        void this.end();
    }
  }

  #tell(told: Told): void {
    this.#worker.postMessage(told);
  }

  async #ask({ id, method, url, headers: given, body: sent }: Asked): Promise<void> {
    const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
    try {
      const reply = await this.#aws({
        method,
        url,
        headers,
        body: typeof sent === 'string' ? sent : Buffer.from(sent),
      });
      this.#tell({ kind: 'answered', id, ...reply });
    } catch (error) {
      const body = JSON.stringify({ __type: 'InternalFailure', message: String(error) });
      this.#tell({ kind: 'answered', id, status: 500, headers: {}, body });
    }
  }

  #rest(): void {
    if (this.#ending) return;
    this.idleSince = performance.now();
    this.#heard.free();
  }

  #gone(code: number): void {
    if (this.#line !== '') this.#heard.log(this.#line, undefined);
    const errorMessage = `RequestId: ${this.#current?.call.requestId} Error: Runtime exited with status ${code}`;
    if (this.#current) this.#fail(this.#crash ?? { errorType: 'Runtime.ExitError', errorMessage });
    this.#heard.gone();
  }

  #fail({ errorType, errorMessage, stackTrace }: Failure): void {
    this.#heard.log({ errorType, errorMessage, stackTrace }, this.#current?.call.requestId);
    this.#settle({ ok: false, errorType, errorMessage });
  }

  #settle(outcome: Invocation): void {
    clearTimeout(this.#timer);
    const settled = this.#current;
    this.#current = undefined;
    settled?.settle(outcome);
  }

  #logLines(written: string): void {
    const lines = (this.#line + written).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) if (line !== '') this.#heard.log(line, this.#current?.call.requestId);
  }
}
