/**
 * What this library tells about its work; libs/service wraps it in OpenTelemetry. Attributes are counts and names of
 * sources, consumers and event types: never a stream name, an id or a value.
 */
export interface Telemetry {
  /** Runs the work inside a span of that name. `continues`: the events it is about, as their trace parents; asked only by who records spans. */
  span<Result>(name: SpanName, attributes: Readonly<Record<string, string | number>>, work: () => Promise<Result>, continues?: () => readonly Uint8Array[]): Promise<Result>;
  count(name: CounterName, attributes: Readonly<Record<string, string | number>>, by?: number): void;
}

export type SpanName = 'handle' | 'handle.read' | 'handle.append' | 'consumer.apply' | 'relay.publish';
export type CounterName = 'handle.conflicts' | 'handle.repeated' | 'handle.unknown_outcomes' | 'consumer.events' | 'consumer.unknown_types' | 'consumer.gaps' | 'consumer.parked' | 'consumer.faults' | 'consumer.relay_refused' | 'relay.events' | 'relay.faults';

export const noTelemetry: Telemetry = {
  span: (_name, _attributes, work) => work(),
  count: () => undefined,
};
