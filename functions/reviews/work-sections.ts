import { type Review, TOTALS } from '#shared/domain/review/review.ts';
import type { Cell, Section } from './page.ts';
import { charted, nameOf, partTable } from './share-sections.ts';
import type { Speech } from './words.ts';

/** How far the month's disputes came. */
export function courseSection({ totals }: Review, speech: Speech): Section {
  const { say, count } = speech;
  const steps = TOTALS.map((name) => ({ label: say(name), value: totals[name], text: count(totals[name]) }));
  return {
    id: 'course',
    title: say('course'),
    text: say('courseText'),
    charts: charted(
      'courseChart',
      steps.map((step) => ({ ...step, tone: 'plain' as const })),
      speech,
    ),
    tables: [{ head: [say('step'), say('disputes')], words: 1, rows: steps.map(({ label, text }) => [label, text]) }],
    layout: 'beside',
  };
}

/** Alerts and what was done in time. */
export function deadlinesSection({ alerts, inTime, breaches }: Review, speech: Speech): Section {
  const { say, sayOf, count, share } = speech;
  const clocks = breaches.map(({ clock, count: missed }): Cell[] => [
    sayOf('clock', clock),
    { text: count(missed), kind: 'bad' },
  ]);
  return {
    id: 'deadlines',
    title: say('deadlines'),
    text: say('alertsText', {
      raised: count(alerts.raised),
      superseded: count(alerts.superseded),
      breached: count(alerts.breached),
    }),
    charts: [],
    tables: [
      {
        head: [say('step'), say('done'), say('inTime'), say('breached'), say('rate')],
        words: 1,
        rows: inTime.map(({ what, all, inTime: kept, missed, rateBp }) => [
          sayOf('inTime', what),
          count(all),
          count(kept),
          count(missed),
          rateBp === undefined ? '–' : share(rateBp),
        ]),
      },
      {
        head: [say('clock'), say('breached')],
        words: 1,
        rows: clocks.length > 0 ? clocks : [[say('noBreaches'), { text: count(0), kind: 'good' }]],
      },
    ],
    layout: 'full',
  };
}

/** What moved on the scorecards of the month, by department. */
export function pointsSection({ departments, points }: Review, speech: Speech): Section {
  const { say, points: text } = speech;
  const moved = departments.filter(({ pending, posted, voided }) => pending !== 0 || posted !== 0 || voided !== 0);
  const rows = moved.map((row) => ({
    label: nameOf(row, speech),
    posted: row.posted,
    pending: row.pending,
    text: `${text(row.posted)} · ${text(row.pending)}`,
  }));
  const description = rows
    .map((row) => `${row.label}: ${say('posted')} ${text(row.posted)}, ${say('pending')} ${text(row.pending)}`)
    .join('; ');
  const legend = [say('posted'), say('pending')] as const;
  const shown = rows.filter(({ posted, pending }) => posted !== 0 || pending !== 0);
  return {
    id: 'points',
    layout: 'full',
    title: say('points'),
    text: say('pointsText'),
    charts: shown.length > 0 ? [{ kind: 'points', title: say('pointsChart'), description, legend, rows: shown }] : [],
    tables: [
      {
        head: [say('department'), say('posted'), say('pending'), say('voided')],
        words: 1,
        rows: moved.map((row) => [nameOf(row, speech), text(row.posted), text(row.pending), text(row.voided)]),
        total: [say('total'), text(points.posted), text(points.pending), text(points.voided)],
      },
    ],
  };
}

/** What was found, and how satisfied customers are. */
export function findingsSection({ determinations, ratings }: Review, speech: Speech): Section {
  const { say, sayOf } = speech;
  const sum = (parts: Review['ratings']) => parts.reduce((total, { count }) => total + count, 0);
  return {
    id: 'findings',
    layout: 'full',
    title: say('findings'),
    charts: [],
    tables: [
      partTable(say('finding'), determinations, sum(determinations), (id) => sayOf('finding', id), speech),
      partTable(say('rating'), ratings, sum(ratings), (id) => sayOf('rating', id), speech),
    ],
  };
}
