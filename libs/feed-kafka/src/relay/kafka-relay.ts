import { setTimeout as pauseFor } from 'node:timers/promises';
import { noTelemetry, type Telemetry } from '@tillid/eventsourcing';
import type { Logger } from '@tillid/runtime';
import type { KafkaClient } from '../kafka-client.js';
import { findPlace, RelayRefused } from './find-place.js';
import { AnotherRelay, publish, type WhatToPublish } from './publish.js';

export interface KafkaRelayOptions extends WhatToPublish {
  readonly client: KafkaClient;
  readonly topic: string;
  readonly logger: Logger;
  readonly telemetry?: Telemetry;
  /** Pause after a failure; doubles up to 32 times as long. Default 250 ms. */
  readonly retryPauseMs?: number;
}

/** For metrics and alarms; as of the last look, at most a second ago. */
export interface RelayLag {
  /** Events of the log that are not yet known to be in the topic. */
  readonly events: number;
  /** Last position known to be in the topic; 0 until the relay has found its place. */
  readonly published: number;
  /** Of the log. */
  readonly head: number;
  /** When the topic last took something, a head at least every second; 0 when never. */
  readonly lastPublishedMs: number;
}

export interface KafkaRelay {
  start(): void;
  /** Resolves when the batch in hand is acknowledged, or was given up: the next relay finds out which. */
  stop(): Promise<void>;
  lag(): RelayLag;
}

const lagEveryMs = 1000;

/**
 * The one producer of a source's topic: reads the service's own log and writes what comes, in order, until stopped.
 * Everything it knows is in the topic: whatever fails, it begins anew where the topic ends, with a new producer. One at
 * a time, by a lease, is for speed: two write some events twice, and consumers go by positions.
 */
export function kafkaRelay(options: KafkaRelayOptions): KafkaRelay {
  const { client, source, store, topic, clock, logger, telemetry = noTelemetry, retryPauseMs = 250 } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const lag = { published: 0, head: 0, lastPublishedMs: 0 };
  let running: Promise<void> = Promise.resolve();
  let failures = 0;

  const look = () => void store.head().then(({ position }) => (lag.head = position), () => undefined);

  async function session(): Promise<void> {
    const reading = await client.openReading(topic);
    const place = await findPlace(reading, source, store).finally(() => reading.close());
    lag.published = place.position;
    const writing = await client.openWriting(topic);
    try {
      await publish({ ...options, telemetry, writing, signal }, place, ({ position, events }) => {
        failures = 0;
        lag.published = position;
        lag.head = Math.max(lag.head, position);
        lag.lastPublishedMs = clock.nowMs();
        telemetry.count('relay.events', { source }, events);
      });
    } finally {
      await writing.close();
    }
  }

  async function run(): Promise<void> {
    const looking = setInterval(look, lagEveryMs);
    look();
    while (!signal.aborted) {
      try {
        await session();
      } catch (err) {
        if (signal.aborted) break;
        telemetry.count('relay.faults', { source });
        tell(err);
        const pauseMs = retryPauseMs * 2 ** Math.min(failures++, 5);
        await pauseFor(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
    clearInterval(looking);
  }

  function tell(err: unknown): void {
    // A stranger's history stays until somebody looks; everything else is expected to pass.
    if (err instanceof RelayRefused) logger.error({ err, topic }, 'the topic does not fit the log: nothing is published');
    else if (err instanceof AnotherRelay) logger.warn({ topic }, 'another relay has written to the topic: looking for the place again');
    else logger.warn({ err, topic }, 'publishing failed, and is begun anew');
  }

  return {
    start: () => void (running = run()),
    async stop() {
      stopping.abort();
      await running;
    },
    lag: () => ({ ...lag, events: Math.max(0, lag.head - lag.published) }),
  };
}
