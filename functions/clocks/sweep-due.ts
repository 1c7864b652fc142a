import { type Instant, plusSeconds, secondsBetween } from '#shared/domain/calendar/civil-date.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Due, DueKind, DueStore } from '#shared/domain/ports/due-store.ts';
import type { MessageQueue, QueuedMessage } from '#shared/domain/ports/message-queue.ts';

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
 * @throws AggregateError when a part of the index or a queue failed, or a kind has no queue; all others were sent
 */
export async function sweepDue(ports: SweepPorts): Promise<number> {
  const now = ports.clock.now();
  const sweeps = await Promise.allSettled(
    ports.due.partitions.map((partition) => sweepPartition(partition, now, ports)),
  );
  const errors = sweeps.flatMap((sweep) => (sweep.status === 'rejected' ? [sweep.reason] : []));
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} of ${sweeps.length} parts were not swept`);
  return sweeps.reduce((sum, sweep) => sum + (sweep.status === 'fulfilled' ? sweep.value : 0), 0);
}

async function sweepPartition(partition: string, now: Instant, { due, queues }: SweepPorts): Promise<number> {
  const unsendable = new Set<DueKind>();
  let sent = 0;
  for await (const page of due.dueUntil(partition, plusSeconds(now, READ_AHEAD_SECONDS))) {
    for (const [kind, deadlines] of Map.groupBy(page, ({ kind }) => kind)) {
      await queues[kind]?.sendMany(deadlines.map((deadline) => messageOf(deadline, now)));
      if (queues[kind]) sent += deadlines.length;
      else unsendable.add(kind);
    }
  }
  if (unsendable.size > 0)
    throw new RangeError(`no queue is named for deadlines of kind ${[...unsendable].join(', ')}`);
  return sent;
}

function messageOf(deadline: Due, now: Instant): QueuedMessage {
  return { body: deadline, delaySeconds: Math.max(0, secondsBetween(now, deadline.dueAt) + 1) };
}
