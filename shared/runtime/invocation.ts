import type { Context } from 'aws-lambda';
import { asError, logger } from './logger.ts';
import { publishMetrics } from './metrics.ts';

/** A Lambda handler; tests and other callers may leave the context out. */
export type Handler<E, R> = (event: E, context?: Context) => Promise<R>;

/** Around every invocation that is not HTTP: the request's id in each log line, an uncaught error logged, metrics written. */
export function observed<E, R>(handle: (event: E) => Promise<R>): Handler<E, R> {
  return async (event, context) => {
    if (context) logger.addContext(context);
    try {
      return await handle(event);
    } catch (error) {
      logger.error('The function failed', asError(error));
      throw error;
    } finally {
      publishMetrics();
      logger.resetKeys();
    }
  };
}
