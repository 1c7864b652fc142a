// In:  GET /health and GET /openapi.json, from anyone.
// Out: whether the API answers, and its description; it reads and writes nothing.

import * as z from 'zod';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { describeApi, reportHealth } from './describe-api.ts';

const env = readEnv(z.object({ ENVIRONMENT: z.string().min(1) }));

export const handler = apiHandler('about/describe-api', {
  'GET /health': () => reportHealth(env.ENVIRONMENT),
  'GET /openapi.json': describeApi,
});
