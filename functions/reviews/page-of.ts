import type { Review } from '#shared/domain/review/review.ts';
import type { Language } from './negotiate.ts';
import type { Page, Section, Tile } from './page.ts';
import { receivedSection, reconciliationSection } from './proof-sections.ts';
import { categoriesSection, channelsSection, departmentsSection, levelsSection } from './share-sections.ts';
import { type Speech, speechOf } from './words.ts';
import { courseSection, deadlinesSection, findingsSection, pointsSection } from './work-sections.ts';

/**
 * A review in the words of a language. Nothing but the review and the hash goes in: the same inputs give the same page.
 * @param inputs the hash of what the review was made of
 */
export function pageOf(review: Review, inputs: string, language: Language): Page {
  const speech = speechOf(language);
  const month = speech.month(review.period);
  return {
    language,
    title: speech.say('review'),
    about: month,
    subtitle: speech.say('subtitle', { month }),
    notice: noticeOf(review, speech),
    tiles: tilesOf(review, speech),
    sections: sectionsOf(review, speech),
    footer: [
      speech.say('footerPolicy', { version: String(review.policyVersion) }),
      speech.say('footerInputs', { hash: inputs }),
    ],
  };
}

function sectionsOf(review: Review, speech: Speech): readonly Section[] {
  return [
    categoriesSection(review, speech),
    levelsSection(review, speech),
    channelsSection(review, speech),
    departmentsSection(review, speech),
    courseSection(review, speech),
    deadlinesSection(review, speech),
    pointsSection(review, speech),
    findingsSection(review, speech),
    receivedSection(review, speech),
    reconciliationSection(review, speech),
  ];
}

function noticeOf({ provisional }: Review, { say, count, points }: Speech): Page['notice'] {
  if (!provisional) return { kind: 'standing', title: say('standing'), lines: [say('standingText')] };
  const lines = [
    ...(provisional.running ? [say('provisionalRunning')] : []),
    ...(provisional.reports > 0 ? [say('provisionalReports', { count: count(provisional.reports) })] : []),
    ...(provisional.points > 0 ? [say('provisionalPoints', { points: points(provisional.points) })] : []),
  ];
  return { kind: 'provisional', title: say('provisional'), lines };
}

function tilesOf({ totals, alerts, inTime, points, received, levels }: Review, speech: Speech): readonly Tile[] {
  const { say, count, share, points: pointsText } = speech;
  const alertRate = inTime.find(({ what }) => what === 'alerts')?.rateBp;
  const levelCount = (level: string) => count(levels.find(({ id }) => id === level)?.count ?? 0);
  return [
    {
      label: say('disputes'),
      value: count(totals.opened),
      note: say('tileOpenedNote', { count: count(totals.filed) }),
    },
    { label: say('tileLevel1'), value: levelCount('1'), note: say('tileLevel1Note', { count: levelCount('2') }) },
    {
      label: say('resolved'),
      value: count(totals.resolved),
      note: say('tileResolvedNote', { count: count(totals.closed) }),
    },
    {
      label: say('tileAlerts'),
      value: alertRate === undefined ? '–' : share(alertRate),
      note: say('tileAlertsNote', { inTime: count(alerts.inTime), all: count(alerts.inTime + alerts.breached) }),
    },
    {
      label: say('tilePoints'),
      value: pointsText(points.posted),
      note: say('tilePointsNote', { points: pointsText(points.pending) }),
    },
    {
      label: say('tileReceived'),
      value: count(received.total.received),
      note: say('tileReceivedNote', { count: count(received.total.opened) }),
    },
  ];
}
