import { context, isSpanContextValid, SpanStatusCode, trace, type Attributes, type Context, type Span, type SpanKind } from '@opentelemetry/api';
import { newSpanContext } from './trace-context.js';

/** Runs work inside a span, under the context given or the active one. The span ends with the work; an error marks it, without its words. */
export async function inSpan<Result>(
  name: string,
  options: { readonly kind?: SpanKind; readonly attributes?: Attributes; readonly parent?: Context },
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  const parent = options.parent ?? context.active();
  const started = trace.getTracer('tillid').startSpan(name, { ...(options.kind === undefined ? {} : { kind: options.kind }), attributes: options.attributes ?? {} }, parent);
  // The API alone starts no trace. An SDK does, and must: it exports nothing below a parent that was made up unsampled.
  const span = isSpanContextValid(started.spanContext()) ? started : trace.wrapSpanContext(newSpanContext());
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
    throw error;
  } finally {
    span.end();
  }
}
