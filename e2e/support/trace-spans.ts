import { TraceCollector } from './trace-collector.js';

export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly (Omit<CollectedSpan, 'service' | 'attributes'> & { readonly attributes: readonly Attribute[] })[] }[];
  }[];
}

/** A collector that can be asked what it was sent: OTLP as JSON, and traces only. */
export class SpanCollector {
  private constructor(private readonly collector: TraceCollector) {}

  static async start(): Promise<SpanCollector> {
    return new SpanCollector(await TraceCollector.start());
  }

  get environment(): Readonly<Record<string, string>> {
    return { ...this.collector.environment, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_METRICS_EXPORTER: 'none' };
  }

  get spans(): readonly CollectedSpan[] {
    return this.collector.received.flatMap((body) => spansIn(JSON.parse(body.toString()) as OtlpTraces));
  }

  stop(): Promise<void> {
    return this.collector.stop();
  }
}

function spansIn({ resourceSpans }: OtlpTraces): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = plain(resource.attributes)['service.name'] ?? '';
    return scopeSpans.flatMap(({ spans }) => spans.map(({ attributes, ...span }) => ({ ...span, service, attributes: plain(attributes) })));
  });
}

function plain(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
}
