import { metrics, type Attributes, type BatchObservableCallback, type MetricOptions, type Observable, type ObservableGauge } from '@opentelemetry/api';
import { attributeNames, metricNames } from './names.js';

/*
 * What is asked for when metrics are collected, and not kept: each function is given the way to ask, once, by whoever
 * starts the thing. Labels are names of sources, consumers, leases and witnesses, which are few; never of anyone or anything counted.
 */

export interface ConsumerReading {
  readonly source: string;
  readonly consumer: string;
  readonly lag: number;
  readonly parked: boolean;
  /** Since a verified head of that source last reached it; undefined before the first. */
  readonly silentMs?: number | undefined;
}

export function observeConsumers(read: () => readonly ConsumerReading[]): void {
  const lag = gauge(metricNames.consumerLag);
  const parked = gauge(metricNames.consumersParked);
  const silence = gauge(metricNames.consumerSilence, 's');
  whenCollected([lag, parked, silence], (observe) => {
    for (const reading of read()) {
      const labels = { [attributeNames.source]: reading.source, [attributeNames.consumer]: reading.consumer };
      observe(lag, reading.lag, labels);
      observe(parked, reading.parked ? 1 : 0, labels);
      if (reading.silentMs !== undefined) observe(silence, reading.silentMs / 1000, labels);
    }
  });
}

export interface RelayMetrics {
  readonly source: string;
  /** Events of the log that are not yet known to be in the topic. */
  readonly lag: number;
  /** Since the topic last took something; undefined before the first. */
  readonly silentMs: number | undefined;
}

/** Undefined while this replica is not the one that relays. */
export function observeRelay(read: () => RelayMetrics | undefined): void {
  const lag = gauge(metricNames.relayLag);
  const silence = gauge(metricNames.relaySilence, 's');
  whenCollected([lag, silence], (observe) => {
    const reading = read();
    if (!reading) return;
    const labels = { [attributeNames.source]: reading.source };
    observe(lag, reading.lag, labels);
    if (reading.silentMs !== undefined) observe(silence, reading.silentMs / 1000, labels);
  });
}

export interface LeaseReading {
  /** "relay", "timers", "integration". */
  readonly lease: string;
  readonly held: boolean;
}

/** Who holds which, by replica; each taking and losing is counted by `instruments().leaseChanges`. */
export function observeLeases(read: () => readonly LeaseReading[]): void {
  const held = gauge(metricNames.leaseHeld);
  whenCollected([held], (observe) => {
    for (const { lease, held: isHeld } of read()) observe(held, isHeld ? 1 : 0, { [attributeNames.lease]: lease });
  });
}

export interface CheckpointReading {
  readonly signedAtMs: number;
  /** Entries of the ledger that the signed tree does not have yet: an old checkpoint is nothing wrong while there are none. */
  readonly behind: number;
  readonly size: number;
}

/** Of audit's log. Undefined where it is not known. */
export function observeCheckpoint(read: () => CheckpointReading | undefined, nowMs: () => number = Date.now): void {
  const [age, behind, size] = [gauge(metricNames.checkpointAge, 's'), gauge(metricNames.checkpointBehind), gauge(metricNames.checkpointSize)];
  whenCollected([age, behind, size], (observe) => {
    const reading = read();
    if (!reading) return;
    observe(age, Math.max(0, nowMs() - reading.signedAtMs) / 1000);
    observe(behind, Math.max(0, reading.behind));
    observe(size, reading.size);
  });
}

export interface WitnessReading {
  readonly witness: string;
  readonly silent: boolean;
  /** Entries of the signed tree that it has not cosigned. */
  readonly behind: number;
}

/** Of audit's log: who has seen it. Undefined where no witness is asked. */
export function observeWitnesses(read: () => { readonly unwitnessed: number; readonly witnesses: readonly WitnessReading[] } | undefined): void {
  const [unwitnessed, silent, behind] = [gauge(metricNames.checkpointUnwitnessed), gauge(metricNames.witnessSilent), gauge(metricNames.witnessBehind)];
  whenCollected([unwitnessed, silent, behind], (observe) => {
    const reading = read();
    if (!reading) return;
    observe(unwitnessed, reading.unwitnessed);
    for (const each of reading.witnesses) {
      const labels = { [attributeNames.witness]: each.witness };
      observe(silent, each.silent ? 1 : 0, labels);
      observe(behind, each.behind, labels);
    }
  });
}

/** Of audit's record: 1 for a source whose own signatures say that it rewrote its past. */
export function observeRewrittenPasts(read: () => readonly { readonly source: string; readonly rewrote: boolean }[]): void {
  const rewrote = gauge(metricNames.sourceRewrotePast);
  whenCollected([rewrote], (observe) => {
    for (const each of read()) observe(rewrote, each.rewrote ? 1 : 0, { [attributeNames.source]: each.source });
  });
}

/** Of audit's record: events about somebody of whom nobody has said who it is. Undefined where it is not known. */
export function observeUnlinkedEvents(read: () => number | undefined): void {
  const unlinked = gauge(metricNames.ownLogUnlinked);
  whenCollected([unlinked], (observe) => {
    const count = read();
    if (count !== undefined) observe(unlinked, count);
  });
}

/** Until the certificate in use ends: renewed long before, or nobody renews it. */
export function observeCertificate(validUntilMs: () => number, nowMs: () => number = Date.now): void {
  const remaining = gauge(metricNames.certificateRemaining, 's');
  whenCollected([remaining], (observe) => observe(remaining, (validUntilMs() - nowMs()) / 1000));
}

function gauge(name: string, unit?: string): ObservableGauge {
  const options: MetricOptions = unit === undefined ? {} : { unit };
  return metrics.getMeter('tillid').createObservableGauge(name, options);
}

function whenCollected(gauges: Observable[], read: (observe: (gauge: Observable, value: number, labels?: Attributes) => void) => void): void {
  const callback: BatchObservableCallback = (result) => read((each, value, labels) => result.observe(each, value, labels));
  metrics.getMeter('tillid').addBatchObservableCallback(callback, gauges);
}
