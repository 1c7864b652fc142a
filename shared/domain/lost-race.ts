import { WriteRefused } from './ports/tables.ts';

/** Tries in a row before the queue or the caller has to try again. */
const TRIES = 12;

/**
 * Carries out load, decide and write again for as long as somebody else was faster (architecture section 3.4).
 *
 * @param attempt loads afresh each time; a `WriteRefused` means that another decision came in between
 * @throws WriteRefused when it lost {@link TRIES} times in a row; nothing was written
 */
export async function untilCommitted<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof WriteRefused) || tries === TRIES) throw error;
    }
  }
}
