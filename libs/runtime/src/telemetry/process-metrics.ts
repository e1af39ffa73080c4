import { metrics } from '@opentelemetry/api';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { attributeNames, metricNames } from './names.js';

const windowMs = 10_000;
const resolutionMs = 10;
const millisecond = 1e6;

interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * What the process itself costs: memory, CPU, and how late its event loop is, as of the last ten seconds that are over,
 * so that every reader of the metrics sees the same. Call it once, after startTelemetry, where metrics are wanted.
 */
export function observeProcess(): { stop(): void } {
  const meter = metrics.getMeter('tillid');
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  let last: LoopDelay | undefined;
  histogram.enable();
  const timer = setInterval(() => {
    last = { p50: histogram.percentile(50), p99: histogram.percentile(99), max: histogram.max };
    histogram.reset();
  }, windowMs).unref();

  meter.createObservableGauge(metricNames.eventLoopDelay, { unit: 'ms' }).addCallback((result) => {
    const delays = last ?? { p50: histogram.percentile(50), p99: histogram.percentile(99), max: histogram.max };
    // The timer that measures is itself as late as it is coarse.
    for (const [of, value] of Object.entries(delays)) if (Number.isFinite(value)) result.observe(Math.max(0, value / millisecond - resolutionMs), { [attributeNames.of]: of });
  });
  meter.createObservableGauge(metricNames.processMemory, { unit: 'By' }).addCallback((result) => {
    const { rss, heapUsed, external } = process.memoryUsage();
    for (const [of, value] of Object.entries({ rss, heap: heapUsed, external })) result.observe(value, { [attributeNames.of]: of });
  });
  meter.createObservableCounter(metricNames.processCpu, { unit: 's' }).addCallback((result) => {
    const { user, system } = process.cpuUsage();
    for (const [of, value] of Object.entries({ user, system })) result.observe(value / 1e6, { [attributeNames.of]: of });
  });
  meter.createObservableGauge(metricNames.processUptime, { unit: 's' }).addCallback((result) => result.observe(process.uptime()));
  return {
    stop() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
