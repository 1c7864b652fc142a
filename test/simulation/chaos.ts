import { AsyncLocalStorage } from 'node:async_hooks';
import { WriteRefused } from '#shared/domain/ports/tables.ts';
import type { Random } from './random.ts';

/** How rough the world is: probabilities from 0 to 1 unless it says otherwise. */
export interface Chaos {
  /** Of an effect to fail, before, in the middle of, or after it took place; half of these end the whole invocation. */
  readonly fault: number;
  /** Of a transaction to meet another one that holds its items. */
  readonly conflict: number;
  /** Of a message, event or stream record to come again although it was handled. */
  readonly repeat: number;
  /** Of a message that was handled to come once more within {@link Chaos.lateSeconds}, long after all around it. */
  readonly lateRepeat: number;
  /** Up to how many seconds later. */
  readonly lateSeconds: number;
  /** Whether queues and consumers take turns at random, or first in, first out. */
  readonly shuffled: boolean;
  /** Invocations at the same time, at most. */
  readonly concurrency: number;
  /** Messages in one batch, at most. */
  readonly batch: number;
  /** Of a second to pass before an effect. */
  readonly drift: number;
}

/** One thing after the other, each once. */
export const CALM: Chaos = {
  fault: 0,
  conflict: 0,
  repeat: 0,
  lateRepeat: 0,
  lateSeconds: 0,
  shuffled: false,
  concurrency: 1,
  batch: 1,
  drift: 0,
};
/** Everything that AWS does not promise goes wrong, and often. */
export const ROUGH: Chaos = {
  fault: 0.08,
  conflict: 0.06,
  repeat: 0.15,
  lateRepeat: 0.15,
  lateSeconds: 604_800,
  shuffled: true,
  concurrency: 4,
  batch: 10,
  drift: 0.02,
};

/** What was done to the system on purpose, as opposed to its own mistakes. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/** One run of a function, from its start to its answer or death. */
interface Invocation {
  dead: boolean;
  injected: boolean;
}

/** How an invocation ended. `injected` says that something was done to it on purpose. */
export type Ended<T> =
  | { readonly ended: 'answered'; readonly answer: T; readonly injected: boolean }
  | { readonly ended: 'failed'; readonly error: unknown; readonly injected: boolean };

/** Where effects fail and invocations die. */
export interface Faults {
  /** Runs a function as one invocation: after its death it can have no effect any more, whatever it catches. */
  invoke<T>(run: () => Promise<T>): Promise<Ended<T>>;
  /** A read: takes its turn. */
  read<T>(read: () => Promise<T>): Promise<T>;
  /** A transaction. */
  write(write: () => Promise<void>): Promise<void>;
  /** Something sent piece by piece, which may stop half way. */
  send<T>(pieces: readonly T[], send: (pieces: readonly T[]) => void): Promise<void>;
  /** How many faults were injected so far. */
  readonly injected: number;
}

/**
 * Effects outside of an invocation (setting up, looking at the end) never fail.
 *
 * @param secondPasses moves the world's clock on by one second
 */
export function faults(chaos: Chaos, random: Random, secondPasses: () => void): Faults {
  const running = new AsyncLocalStorage<Invocation>();
  let injected = 0;

  /** Lets others go first, so that invocations race. */
  async function turn(): Promise<Invocation | undefined> {
    const others = chaos.concurrency > 1 ? random.int(0, 5) : 0;
    for (let i = 0; i < others; i += 1) await undefined;
    const invocation = running.getStore();
    if (invocation?.dead) throw new InjectedFault('this invocation has ended');
    if (invocation && random.chance(chaos.drift)) secondPasses();
    return invocation;
  }

  function strike(invocation: Invocation | undefined, probability: number): boolean {
    if (!invocation || !random.chance(probability)) return false;
    injected += 1;
    invocation.injected = true;
    return true;
  }

  function fail(invocation: Invocation | undefined, when: string): never {
    if (invocation && random.chance(0.5)) invocation.dead = true;
    throw new InjectedFault(`${invocation?.dead ? 'the invocation ended' : 'a call failed'} ${when} its effect`);
  }

  return {
    async invoke(run) {
      const invocation: Invocation = { dead: false, injected: false };
      try {
        const answer = await running.run(invocation, run);
        if (invocation.dead) throw new InjectedFault('the invocation ended before its answer');
        return { ended: 'answered', answer, injected: invocation.injected };
      } catch (error) {
        return { ended: 'failed', error, injected: invocation.injected };
      }
    },
    async read(read) {
      await turn();
      return await read();
    },
    async write(write) {
      const invocation = await turn();
      if (strike(invocation, chaos.conflict)) throw new WriteRefused([]);
      if (strike(invocation, chaos.fault / 2)) fail(invocation, 'before');
      await write();
      if (strike(invocation, chaos.fault / 2)) fail(invocation, 'after');
    },
    async send(pieces, send) {
      const invocation = await turn();
      if (!strike(invocation, chaos.fault)) return send(pieces);
      const sent = random.int(0, pieces.length);
      send(random.shuffled(pieces).slice(0, sent));
      fail(invocation, sent === 0 ? 'before' : sent === pieces.length ? 'after' : 'in the middle of');
    },
    get injected() {
      return injected;
    },
  };
}
