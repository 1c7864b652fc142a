import type { Arrived } from '#shared/domain/intake/reconciliation.ts';
import type { Statement } from '#shared/domain/review/reconcile.ts';
import type { Review } from '#shared/domain/review/review.ts';
import type { Cell, Section } from './page.ts';
import { nameOf } from './share-sections.ts';
import type { Speech } from './words.ts';

/** The figures of I-7 in the order in which they are read. */
const FIGURES = ['received', 'opened', 'joined', 'duplicate', 'rejected', 'deadLettered', 'inFlight'] as const;

/** What came in during the month (I-7). */
export function receivedSection({ received, totals }: Review, speech: Speech): Section {
  const { say, sayOf, count } = speech;
  const figures = (tally: Arrived) => FIGURES.map((figure) => count(tally[figure]));
  const days = received.days.map(({ day, received: value }) => ({ label: String(Number(day.slice(8))), value }));
  const description = days
    .filter(({ value }) => value > 0)
    .map(({ label, value }) => `${label}: ${count(value)}`)
    .join('; ');
  const anything = received.total.received > 0;
  return {
    id: 'received',
    layout: 'full',
    title: say('received'),
    text: say(anything ? 'receivedText' : totals.opened > 0 ? 'receivedLater' : 'receivedNothing'),
    charts: anything ? [{ kind: 'days', title: say('receivedChart'), description, days }] : [],
    tables: [
      {
        head: [say('source'), ...FIGURES.map((figure) => sayOf('tally', figure))],
        words: 1,
        rows: received.sources.map((tally) => [sayOf('source', tally.source), ...figures(tally)]),
        total: [say('total'), ...figures(received.total)],
      },
    ],
  };
}

/** Each figure against the one that was counted independently. */
export function reconciliationSection({ statements, departments }: Review, speech: Speech): Section {
  const { say } = speech;
  const rows = statements.map((statement): Cell[] => {
    const figure = statement.about.startsWith('points.') ? speech.points : speech.count;
    return [
      comparedIn(statement, speech),
      ofIn(statement, departments, speech),
      figure(statement.expected),
      figure(statement.found),
      statement.difference === 0
        ? { text: say('agrees'), kind: 'good' }
        : { text: figure(statement.difference), kind: 'bad' },
    ];
  });
  return {
    id: 'reconciliation',
    layout: 'full',
    title: say('reconciliation'),
    text: say('reconciliationText'),
    charts: [],
    tables: [{ head: [say('compared'), say('of'), say('expected'), say('found'), say('difference')], words: 2, rows }],
  };
}

function comparedIn({ about, month }: Statement, { say, month: monthText }: Speech): string {
  return say(`statement.${about}`, month === undefined ? {} : { month: monthText(month) });
}

function ofIn({ about, of }: Statement, departments: Review['departments'], speech: Speech): string {
  if (!about.startsWith('points.')) return speech.sayOf('source', of);
  return nameOf(departments.find(({ id }) => id === of) ?? { id: of }, speech);
}
