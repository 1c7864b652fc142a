import { pointsText } from '#shared/domain/performance/points.ts';
import type { PointSums } from '#shared/domain/review/inputs.ts';
import type { Statement } from '#shared/domain/review/reconcile.ts';
import type { Review } from '#shared/domain/review/review.ts';

/**
 * A review as JSON: points as decimal text, shares in basis points, names in every language.
 * @param inputs the hash of what it was made of
 */
export function reviewBody({ provisional, departments, points, statements, ...review }: Review, inputs: string) {
  return {
    ...review,
    inputs,
    ...(provisional && { provisional: { ...provisional, points: pointsText(provisional.points) } }),
    departments: departments.map(({ pending, posted, voided, ...row }) => ({
      ...row,
      points: pointTexts({ pending, posted, voided }),
    })),
    points: pointTexts(points),
    reconciliation: {
      agrees: statements.every(({ difference }) => difference === 0),
      statements: statements.map(statementBody),
    },
  };
}

function pointTexts({ pending, posted, voided }: PointSums) {
  return { pending: pointsText(pending), posted: pointsText(posted), voided: pointsText(voided) };
}

function statementBody({ expected, found, difference, ...what }: Statement) {
  const figure = (value: number) => (what.about.startsWith('points.') ? pointsText(value) : value);
  return {
    ...what,
    expected: figure(expected),
    found: figure(found),
    difference: figure(difference),
    agrees: difference === 0,
  };
}
