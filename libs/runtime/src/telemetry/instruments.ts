import { metrics, type Counter, type Histogram } from '@opentelemetry/api';
import { metricNames } from './names.js';

export interface Instruments {
  readonly rpcDurationMs: Histogram;
  readonly appendDurationMs: Histogram;
  readonly appendedEvents: Counter;
  readonly throttled: Counter;
  readonly refusalsRecorded: Counter;
  /** Labels: attributeNames.lease, and attributeNames.change: taken, lost or given back. */
  readonly leaseChanges: Counter;
  /** Commits sent again. Labels: attributeNames.store and attributeNames.retry. */
  readonly appendRetries: Counter;
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
    leaseChanges: meter.createCounter(metricNames.leaseChanges),
    appendRetries: meter.createCounter(metricNames.appendRetries),
  };
  return made;
}
