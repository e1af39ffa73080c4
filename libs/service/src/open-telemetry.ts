import { metrics, type Counter } from '@opentelemetry/api';
import type { Telemetry } from '@tillid/eventsourcing';
import { attributeNames, inSpan, instruments, metricPrefix } from '@tillid/runtime';
import { startTrails } from './event-trails.js';

/** libs/eventsourcing's view of telemetry, on OpenTelemetry. Its span and counter names are part of the one list (telemetry/names). */
export function openTelemetryOf(): Telemetry {
  const counters = new Map<string, Counter>();
  return {
    span: (name, attributes, work, continues) =>
      inSpan(name, { attributes: labelled(attributes) }, async (span) => {
        const startedMs = performance.now();
        const endTrails = continues && span.isRecording() ? startTrails(name, labelled(attributes), continues()) : () => undefined;
        const result = await work().finally(endTrails);
        if (name === 'handle.append') {
          instruments().appendDurationMs.record(performance.now() - startedMs, { [attributeNames.source]: String(attributes['source']) });
          instruments().appendedEvents.add(Number(attributes['events'] ?? 0), { [attributeNames.source]: String(attributes['source']) });
        }
        return result;
      }),
    count: (name, attributes, by = 1) => {
      let counter = counters.get(name);
      if (!counter) counters.set(name, (counter = metrics.getMeter('tillid').createCounter(metricPrefix + name)));
      counter.add(by, labelled(attributes));
    },
  };
}

function labelled(attributes: Readonly<Record<string, string | number>>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`tillid.${name}`, value]));
}
