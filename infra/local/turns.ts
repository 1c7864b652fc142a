import { setTimeout as wait } from 'node:timers/promises';

/** A caller that was answered may call again at once: so long a pause is no end of it. */
const NEXT_CALL_MS = 5;
/** What waits for its turn waits no longer. */
const LONGEST_WAIT_MS = 250;

/**
 * Whose turn it is on a small machine: what queues, streams and schedules call gives way to calls that somebody waits
 * for, but goes on in any case after a quarter of a second.
 */
export class Turns {
  #answering = 0;
  #answeredAt = 0;

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

  /** Carries out a call that nobody waits for. */
  async afterwards<T>(call: () => Promise<T>): Promise<T> {
    const latest = performance.now() + LONGEST_WAIT_MS;
    while (this.#isBusy() && performance.now() < latest) await wait(NEXT_CALL_MS);
    return call();
  }

  #isBusy(): boolean {
    return this.#answering > 0 || performance.now() - this.#answeredAt < NEXT_CALL_MS;
  }
}
