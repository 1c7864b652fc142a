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
  readonly #answers = new Going();
  /** By function, the calls that nobody waits for. */
  readonly #background = new Map<string, Going>();

  /** Carries out a call that somebody waits for. */
  first<T>(call: () => Promise<T>): Promise<T> {
    return this.#answers.carryOut(call);
  }

  /** Carries out a call of a function that nobody waits for. */
  async afterwards<T>(functionArn: string, call: () => Promise<T>): Promise<T> {
    const arrivedAt = performance.now();
    const own = this.#background.get(functionArn) ?? new Going();
    this.#background.set(functionArn, own);
    const hasWaited = () => own.now === 0 && performance.now() > Math.max(arrivedAt, own.endedAt) + LONGEST_WAIT_MS;
    const isBusy = () => this.#answers.now > 0 || performance.now() - this.#answers.endedAt < NEXT_CALL_MS;
    while (isBusy() && !hasWaited()) await wait(NEXT_CALL_MS);
    return own.carryOut(call);
  }
}

/** How many calls go on, and when the last one ended. */
class Going {
  now = 0;
  endedAt = 0;

  async carryOut<T>(call: () => Promise<T>): Promise<T> {
    this.now += 1;
    try {
      return await call();
    } finally {
      this.now -= 1;
      this.endedAt = performance.now();
    }
  }
}
