import { setTimeout as wait } from 'node:timers/promises';

/** A caller that was answered may call again at once: so long a pause is no end of it. */
const NEXT_CALL_MS = 5;
/** What waits for its turn waits no longer. */
const LONGEST_WAIT_MS = 1000;

/**
 * Whose turn it is on a small machine: what queues, streams and schedules call gives way to calls that somebody waits
 * for, but goes on in any case after a second, one call of each function then.
 */
export class Turns {
  #answering = 0;
  #answeredAt = 0;
  /** Of each function, the calls that go on though nobody waits for them, and when the last one ended. */
  readonly #background = new Map<string, { going: number; endedAt: number }>();

  /** Carries out a call that somebody waits for. */
  async first<T>(call: () => Promise<T>): Promise<T> {
    this.#answering += 1;
    try {
      return await call();
    } finally {
      this.#answering -= 1;
      this.#answeredAt = performance.now();
    }
  }

  /** Carries out a call of a function that nobody waits for. */
  async afterwards<T>(functionArn: string, call: () => Promise<T>): Promise<T> {
    const arrivedAt = performance.now();
    const own = this.#background.get(functionArn) ?? { going: 0, endedAt: 0 };
    this.#background.set(functionArn, own);
    const hasWaited = () => own.going === 0 && performance.now() > Math.max(arrivedAt, own.endedAt) + LONGEST_WAIT_MS;
    while (this.#isBusy() && !hasWaited()) await wait(NEXT_CALL_MS);
    own.going += 1;
    try {
      return await call();
    } finally {
      own.going -= 1;
      own.endedAt = performance.now();
    }
  }

  #isBusy(): boolean {
    return this.#answering > 0 || performance.now() - this.#answeredAt < NEXT_CALL_MS;
  }
}
