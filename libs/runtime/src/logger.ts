import { trace } from '@opentelemetry/api';
import { pino, type Logger as PinoLogger } from 'pino';
import { currentCorrelationId } from './telemetry/trace-context.js';
import { redact } from './redaction.js';
import type { LogLevel } from './setting-schemas.js';

/** Fields first, then a fixed sentence: what happened is in the sentence, to whom never is. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
  flush(): void;
}

/** JSON lines with trace ids; everything goes through redaction. Written synchronously: a crash loses no line. */
export function createLogger(options: { readonly name: string; readonly level?: LogLevel; readonly write?: (line: string) => void }): Logger {
  const destination = options.write ? { write: options.write } : pino.destination({ fd: 1, sync: true });
  const logger = pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>,
      },
      // The error itself goes through `redact` as well, so pino's own serializer must not see it first.
      serializers: { err: (value: unknown) => value },
      mixin: () => {
        const span = trace.getActiveSpan()?.spanContext();
        const correlationId = currentCorrelationId();
        return { ...(span && { traceId: span.traceId, spanId: span.spanId }), ...(correlationId && { correlationId }) };
      },
    },
    destination,
  );
  return redacting(logger);
}

/** pino passes the fields of a child past its formatters. */
function redacting(logger: PinoLogger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => redacting(logger.child(redact(fields) as Record<string, unknown>)),
    flush: () => logger.flush(),
  };
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLogger, flush() {} };
