import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';
import { UnreadableMessage } from './unreadable-message.ts';

/** Errors whose messages quote what they stumbled over, which may be a complaint's text. */
const QUOTING = new Set(['SyntaxError', 'ZodError', 'URIError']);

/** Powertools' fields, but of an error only what cannot hold personal data (T-2): no free attributes, no quoted input. */
class QuietFormatter extends LogFormatter {
  override formatAttributes(attributes: UnformattedAttributes, additional: LogAttributes): LogItem {
    const { logLevel, message, timestamp, serviceName, lambdaContext, xRayTraceId } = attributes;
    const base = {
      level: logLevel,
      message,
      timestamp: this.formatTimestamp(timestamp),
      service: serviceName,
      cold_start: lambdaContext?.coldStart,
      function_name: lambdaContext?.functionName,
      function_request_id: lambdaContext?.awsRequestId,
      xray_trace_id: xRayTraceId,
    };
    return new LogItem({ attributes: base }).addAttributes(additional);
  }

  override formatError(error: Error): LogAttributes {
    const { name, message, stack = '', cause } = error;
    return {
      name,
      message: QUOTING.has(name) ? 'left out: it quotes its input' : message,
      location: this.getCodeLocation(stack),
      stack: stack.split('\n').filter((line) => line.startsWith('    at ')),
      ...(error instanceof UnreadableMessage && { faults: error.faults }),
      ...(cause instanceof Error && { cause: this.formatError(cause) }),
    };
  }
}

/**
 * The one logger. Texts are constant; ids become keys as soon as they are known and go with the message that they
 * belong to. Service and level come from `POWERTOOLS_SERVICE_NAME` and `POWERTOOLS_LOG_LEVEL`.
 */
export const logger = new Logger({ logFormatter: new QuietFormatter() });

/** Whatever was thrown, as an error that can be logged. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('something was thrown that is no error');
}
