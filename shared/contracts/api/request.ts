import type { Actor } from '../../domain/access/roles.ts';
import type { Responsibility, Status } from '../../domain/dispute/dispute.ts';
import type { Fault, Refusal } from '../../domain/refusal.ts';

/** One call of a route, parsed and allowed by the access matrix: all that a use case learns of HTTP. */
export interface ApiRequest<P = unknown, Q = unknown, B = unknown> {
  readonly actor: Actor;
  /** The path's parameters. */
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly idempotencyKey?: string;
  /** The version that the caller read; {@link NO_VERSION} for an entity tag that is none of ours. */
  readonly ifMatch?: number;
  /** What `If-Match: *` or `If-None-Match: *` demands of the resource, whatever its version. */
  readonly expects?: 'present' | 'absent';
  /** What the caller's `Accept` and `Accept-Language` say, for routes that answer in several forms. */
  readonly accept?: string;
  readonly acceptLanguage?: string;
  readonly correlationId: string;
  readonly requestId: string;
}

/** `If-Match` named a tag that no version of ours ever has: the answer is 412. */
export const NO_VERSION = -1;

/** What a use case answers; the runtime makes HTTP of it. */
export interface Reply<B = unknown> {
  readonly status: number;
  /** JSON; a string goes out as it is, under the content type that `headers` names. */
  readonly body?: B;
  /** The resource's version; goes out as `ETag: "7"`. */
  readonly etag?: number;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error's body: RFC 9457, with the members that `interface.md` adds. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The rule that asks for it: `D-4`. */
  readonly rule?: string;
  readonly errors?: readonly Fault[];
  readonly [extension: string]: unknown;
}

export const PROBLEM_TYPE = 'application/problem+json';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  406: 'Not Acceptable',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/**
 * An error as an answer. `type` is `about:blank` and the title the status's own, as RFC 9457 has it where no page
 * explains the problem.
 *
 * @param about `detail` is for the caller and holds nothing that they may not see; other members are extensions
 */
export function problem(
  status: number,
  about: { title?: string; detail: string; rule?: string; errors?: readonly Fault[]; [extension: string]: unknown },
): Reply<Problem> {
  const { title = TITLES[status] ?? 'Error', detail, ...members } = about;
  return {
    status,
    body: { type: 'about:blank', title, status, detail, ...members },
    headers: { 'content-type': PROBLEM_TYPE },
  };
}

/** What is not there, or is somebody else's: the two are not told apart (T-1). */
export function notFound(what = 'There is no such resource.'): Reply<Problem> {
  return problem(404, { detail: what });
}

/**
 * A domain's refusal as an answer: 409 for the state with both tracks and what would fit, 403 for the person, 422 for
 * the input (section 5, D-4).
 *
 * @param dispute whose tracks a 409 names
 */
export function fromRefusal(
  refusal: Refusal,
  dispute?: { readonly status: Status; readonly responsibility: Responsibility },
): Reply<Problem> {
  const { rule, detail } = refusal;
  switch (refusal.refused) {
    case 'state': {
      const tracks = dispute && { status: dispute.status, responsibility: dispute.responsibility };
      return problem(409, { detail, rule, ...(tracks && { tracks }), allowed: refusal.allowed });
    }
    case 'person':
      return problem(403, { detail, rule });
    case 'input':
      return problem(422, { detail, rule, errors: refusal.faults });
  }
}
