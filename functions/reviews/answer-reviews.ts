import type { EndpointsOf, RequestOf } from '#shared/contracts/api/endpoints.ts';
import { notFound, problem, type Reply } from '#shared/contracts/api/request.ts';
import { actorId } from '#shared/domain/access/roles.ts';
import type { ReviewRun } from '#shared/domain/ports/review-store.ts';
import { reviewOf } from '#shared/domain/review/review.ts';
import { formFor, languageFor } from './negotiate.ts';
import { pageOf } from './page-of.ts';
import { renderHtml } from './render-html.ts';
import { renderMarkdown } from './render-markdown.ts';
import { reviewBody } from './review-body.ts';
import { type RunPorts, runReview } from './run-review.ts';

/** What answers each route of reviews. */
export function reviewAnswers(ports: RunPorts): EndpointsOf<'reviews/answer-reviews'> {
  return {
    'GET /reviews/{period}': (request) => readReview(request, ports),
    'POST /reviews/{period}/runs': (request) => runNow(request, ports),
  };
}

/** A month's review, of its latest revision unless one is named, in the form and language that the caller likes best. */
async function readReview(
  { params: { period }, query: { revision }, accept, acceptLanguage }: RequestOf<'GET /reviews/{period}'>,
  { reviews }: RunPorts,
): Promise<Reply> {
  const run = await (revision === undefined ? reviews.latest(period) : reviews.revision(period, revision));
  if (!run)
    return notFound('There is no such review; a month is reviewed on the first of the next, or when it is run.');
  const form = formFor(accept);
  if (!form) return problem(406, { detail: 'A review comes as application/json, text/html or text/markdown.' });
  const review = reviewOf(await reviews.inputs(run));
  const headers = { vary: 'Accept, Accept-Language', 'interlock-revision': String(run.revision) };
  if (form === 'application/json') return { status: 200, body: reviewBody(review, run.inputs), headers };
  const language = languageFor(acceptLanguage);
  const page = pageOf(review, run.inputs, language);
  return {
    status: 200,
    body: form === 'text/html' ? renderHtml(page) : renderMarkdown(page),
    headers: { ...headers, 'content-type': `${form}; charset=utf-8`, 'content-language': language },
  };
}

/** Runs a month now: a new revision, or the latest one where nothing has changed. */
async function runNow(
  { params: { period }, actor }: RequestOf<'POST /reviews/{period}/runs'>,
  ports: RunPorts,
): Promise<Reply> {
  const ran = await runReview(period, actorId(actor), ports);
  if (ran === 'not-begun') return refused('has not begun');
  if (ran === 'no-policy') return refused('is before the first policy');
  return { status: 200, body: { ...runBody(ran.run), fresh: ran.fresh } };
}

function refused(message: string): Reply {
  return problem(422, { detail: `This month ${message}.`, rule: 'R-3', errors: [{ path: 'period', message }] });
}

function runBody({ period, revision, inputs, provisional, ranAt, ranBy }: ReviewRun) {
  return { period, revision, inputs, provisional, ranAt, ranBy };
}
