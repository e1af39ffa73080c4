import { Event } from '@tillid/contracts/event/v1/event';

/**
 * What this library tells about its work; libs/service wraps it in OpenTelemetry. Attributes are counts and names of
 * sources, consumers and event types: never a stream name, an id or a value.
 */
export interface Telemetry {
  /**
   * Runs the work inside a span of that name. `continues`: the trace parents of the events it is about, so that it also
   * shows in the trace of each one's own command; asked only by who records spans.
   */
  span<Result>(name: SpanName, attributes: Readonly<Record<string, string | number>>, work: () => Promise<Result>, continues?: () => readonly Uint8Array[]): Promise<Result>;
  count(name: CounterName, attributes: Readonly<Record<string, string | number>>, by?: number): void;
}

export type SpanName = 'handle' | 'handle.read' | 'handle.append' | 'relay.publish' | 'consumer.apply' | 'integrate';
export type CounterName = 'handle.conflicts' | 'handle.repeated' | 'handle.unknown_outcomes' | 'consumer.events' | 'consumer.unknown_types' | 'consumer.gaps' | 'consumer.parked' | 'consumer.faults' | 'consumer.relay_refused' | 'relay.events' | 'relay.faults';

/** Trace id and span id, 24 bytes, of the work that each event came from; none for those that have none. */
export function traceParentsOf(events: readonly Uint8Array[]): readonly Uint8Array[] {
  return events.flatMap((bytes) => {
    try {
      const { traceParent } = Event.decode(bytes);
      return traceParent.length === traceParentBytes ? [traceParent] : [];
    } catch {
      // What cannot be read is for those to say who must read it.
      return [];
    }
  });
}

const traceParentBytes = 24;

export const noTelemetry: Telemetry = {
  span: (_name, _attributes, work) => work(),
  count: () => undefined,
};
