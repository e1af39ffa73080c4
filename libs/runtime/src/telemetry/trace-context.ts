import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { context, createContextKey, ROOT_CONTEXT, trace, TraceFlags, type Context, type ContextManager, type SpanContext } from '@opentelemetry/api';

const shape = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** A W3C `traceparent`, or undefined for anything else. */
export function parseTraceParent(header: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = shape.exec(header ?? '') ?? [];
  if (!traceId || !spanId || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags!, 16) & TraceFlags.SAMPLED, isRemote: true };
}

export function formatTraceParent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** The context a request's work runs in: its caller's trace, or none yet, so that its first span begins one. */
export function requestContext(traceParent: string | undefined): Context {
  const remote = parseTraceParent(traceParent);
  return remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
}

/** A trace of our own making, for when no SDK makes one: logs and events can be joined even if nothing is exported. */
export function newSpanContext(): SpanContext {
  return { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), traceFlags: TraceFlags.NONE };
}

/** Trace id and span id of the work at hand, 24 bytes, as events carry it. */
export function currentTraceParent(): Buffer | undefined {
  const current = trace.getSpanContext(context.active());
  return current && Buffer.from(current.traceId + current.spanId, 'hex');
}

export function currentTraceParentHeader(): string | undefined {
  const current = trace.getSpanContext(context.active());
  return current && formatTraceParent(current);
}

const correlationKey = createContextKey('tillid-correlation-id');

/** What one caller asked for, through every service it touches; passed on by our own services only. */
export function withCorrelationId(parent: Context, correlationId: string): Context {
  return parent.setValue(correlationKey, correlationId);
}

export function currentCorrelationId(): string | undefined {
  return context.active().getValue(correlationKey) as string | undefined;
}

/** Carries the active context across awaits when no SDK does; the API alone would lose it. */
export class AsyncContextManager implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }

  with<Arguments extends unknown[], Work extends (...values: Arguments) => ReturnType<Work>>(active: Context, work: Work, thisArg?: ThisParameterType<Work>, ...values: Arguments): ReturnType<Work> {
    return this.storage.run(active, () => work.apply(thisArg, values));
  }

  bind<Target>(active: Context, target: Target): Target {
    if (typeof target !== 'function') return target;
    const work = target as unknown as (...values: unknown[]) => unknown;
    return ((...values: unknown[]) => this.storage.run(active, () => work(...values))) as unknown as Target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.storage.disable();
    return this;
  }
}
