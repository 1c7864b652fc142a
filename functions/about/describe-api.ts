import { openApi } from '#shared/contracts/api/openapi.ts';
import type { Reply } from '#shared/contracts/api/request.ts';

/** Says that the API answers, and as which environment. */
export async function reportHealth(environment: string): Promise<Reply> {
  return { status: 200, body: { status: 'ok', environment } };
}

let document: Readonly<Record<string, unknown>> | undefined;

/** The API's description; the same for the life of the container, so it is made once, when somebody asks. */
export async function describeApi(): Promise<Reply> {
  document ??= openApi();
  return { status: 200, body: document, headers: { 'cache-control': 'public, max-age=300' } };
}
