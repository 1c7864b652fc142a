import { type Instant, plusSeconds, secondsBetween } from '#shared/domain/calendar/civil-date.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Due, DueKind, DueStore } from '#shared/domain/ports/due-store.ts';
import type { MessageQueue } from '#shared/domain/ports/message-queue.ts';

/**
 * How far a sweep reads ahead, in seconds: past the next sweep, which comes every minute, and a missed one after it.
 * Below the longest delay of a queue, 900 s.
 */
const READ_AHEAD_SECONDS = 180;

/** What a sweep reads and whom it tells: each kind of deadline has the queue of the step that owns it. */
export interface SweepPorts {
  readonly due: DueStore;
  readonly clock: Clock;
  readonly queues: Readonly<Partial<Record<DueKind, MessageQueue>>>;
}

/**
 * Has everything that falls due within the next three minutes, and everything overdue, looked at again one second after
 * its deadline (an act at the deadline's second is in time). What is overdue goes out with every sweep until it is
 * settled, so no lost message leaves a clock standing (C-11); consumers look at the state and repeat nothing.
 *
 * @returns how many deadlines it sent
 * @throws RangeError for a kind without a queue, after everything else has been sent
 */
export async function sweepDue({ due, clock, queues }: SweepPorts): Promise<number> {
  const now = clock.now();
  let sent = 0;
  const unknown = new Set<DueKind>();
  for await (const page of due.dueUntil(plusSeconds(now, READ_AHEAD_SECONDS))) {
    for (const [kind, deadlines] of Map.groupBy(page, ({ kind }) => kind)) {
      const queue = queues[kind];
      if (!queue) {
        unknown.add(kind);
        continue;
      }
      await queue.sendMany(deadlines.map((deadline) => messageOf(deadline, now)));
      sent += deadlines.length;
    }
  }
  if (unknown.size > 0) throw new RangeError(`no queue is named for deadlines of kind ${[...unknown].join(', ')}`);
  return sent;
}

function messageOf(deadline: Due, now: Instant): { body: Due; delaySeconds: number } {
  return { body: deadline, delaySeconds: Math.max(0, secondsBetween(now, deadline.dueAt) + 1) };
}
