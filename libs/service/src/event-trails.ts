import { ROOT_CONTEXT, trace, TraceFlags, type Attributes } from '@opentelemetry/api';

/** A batch holds events of as many commands as it likes; a trace of each would be work that nobody looks at. */
const trailsMax = 100;
const traceIdBytes = 16;

/**
 * A span of this name in the trace of each command, by its trace parent (trace id and span id, 24 bytes), so that one
 * log-in is one trace from its rpc to the signed tree. Called only while something records spans. Answers the way to
 * end them. A trace parent does not say whether its trace is sampled: with a sampler that drops some, no trails are made.
 */
export function startTrails(name: string, attributes: Attributes, traceParents: readonly Uint8Array[]): () => void {
  const sampler = process.env['OTEL_TRACES_SAMPLER'];
  if (sampler !== undefined && !sampler.endsWith('always_on')) return () => undefined;
  const parents = new Map<string, string>();
  for (const bytes of traceParents) {
    if (parents.size === trailsMax) break;
    const hex = Buffer.from(bytes).toString('hex');
    parents.set(hex.slice(0, 2 * traceIdBytes), hex.slice(2 * traceIdBytes));
  }
  const spans = [...parents].map(([traceId, spanId]) => {
    const parent = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
    return trace.getTracer('tillid').startSpan(name, { attributes }, parent);
  });
  return () => spans.forEach((span) => span.end());
}
