import { metrics, type Counter, type Histogram } from '@opentelemetry/api';
import { attributeNames, metricNames } from './names.js';

export interface Instruments {
  readonly rpcDurationMs: Histogram;
  readonly appendDurationMs: Histogram;
  readonly appendedEvents: Counter;
  readonly throttled: Counter;
  readonly refusalsRecorded: Counter;
}

let made: Instruments | undefined;

/** Made at first use: the metrics API has no stand-in that a later SDK could fill, so never at load time. */
export function instruments(): Instruments {
  const meter = metrics.getMeter('tillid');
  made ??= {
    rpcDurationMs: meter.createHistogram(metricNames.rpcDurationMs, { unit: 'ms' }),
    appendDurationMs: meter.createHistogram(metricNames.appendDurationMs, { unit: 'ms' }),
    appendedEvents: meter.createCounter(metricNames.appendedEvents),
    throttled: meter.createCounter(metricNames.throttled),
    refusalsRecorded: meter.createCounter(metricNames.refusalsRecorded),
  };
  return made;
}

export interface ConsumerReading {
  readonly source: string;
  readonly consumer: string;
  readonly lag: number;
  readonly parked: boolean;
}

/** Lag and parked state are asked for when metrics are collected, not kept. */
export function observeConsumers(read: () => readonly ConsumerReading[]): void {
  const meter = metrics.getMeter('tillid');
  const lag = meter.createObservableGauge(metricNames.consumerLag);
  const parked = meter.createObservableGauge(metricNames.consumersParked);
  meter.addBatchObservableCallback(
    (result) => {
      for (const reading of read()) {
        const labels = { [attributeNames.source]: reading.source, [attributeNames.consumer]: reading.consumer };
        result.observe(lag, reading.lag, labels);
        result.observe(parked, reading.parked ? 1 : 0, labels);
      }
    },
    [lag, parked],
  );
}
