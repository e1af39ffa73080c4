import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Clock } from '@tillid/kernel';
import { noTelemetry, traceParentsOf, type Telemetry } from '../telemetry.js';
import { CannotApply, type Consumer, type SourceEvent } from './consumer.js';
import type { ProgressBook, SourceProgress } from './progress-book.js';
import type { Checkpoint } from '../checkpoint.js';
import type { FeedBatch, Standing } from './take-in.js';

/** A running consumer of one source: what libs/service starts after the servers and stops before the stores. */
export interface Follower {
  start(): void;
  /** Resolves when the batch in hand is done. */
  stop(): Promise<void>;
  progress(): readonly SourceProgress[];
}

export interface FollowerParts {
  readonly source: string;
  readonly consumer: Consumer;
  readonly book: ProgressBook;
  readonly clock: Clock;
  readonly telemetry?: Telemetry;
  /** Told about every failure that is tried again and every parking, for logs and alarms. */
  readonly onTrouble?: (trouble: Trouble) => void;
  /** Told once its line in the book says so. */
  readonly onParked?: (parked: Parked) => void;
  /** Pause after a failure; doubles up to 32 times as long. Default 250 ms. */
  readonly retryPauseMs?: number;
}

export interface Trouble {
  readonly kind: 'parked' | 'retrying' | 'gap';
  readonly source: string;
  readonly consumer: string;
  readonly reason: string;
  readonly error?: unknown;
}

/** What a source sent that parked it, and what had been taken in until then. */
export interface Evidence {
  readonly standing: Standing;
  readonly batch: FeedBatch;
}

export interface Parked {
  readonly source: string;
  readonly consumer: string;
  readonly reason: string;
  /** Given when it is the source itself that sent what is wrong. */
  readonly evidence?: Evidence | undefined;
}

/** Why a session ended: parked for good, or to be begun again from what is stored. */
export type SessionEnd = { readonly kind: 'park'; readonly reason: string; readonly evidence?: Evidence } | { readonly kind: 'again' };

/** What a session may do; made by `follower`, used by the two ways to read a source. */
export interface Session {
  readonly signal: AbortSignal;
  /** Applies and notes it. Throws what the consumer throws. */
  apply(events: readonly SourceEvent[], next: Checkpoint, transport?: string): Promise<void>;
  heard(headPosition: number): void;
  /** The connection works: the next failure is the first again. */
  settled(): void;
  gap(): void;
}

/** Runs sessions one after the other until stopped or parked. Recovery is the ordinary path: read the standing, go on. */
export function follower(parts: FollowerParts, session: (standing: Checkpoint, tools: Session) => Promise<SessionEnd>): Follower {
  const { source, consumer, book, clock, telemetry = noTelemetry, onTrouble = () => undefined, onParked, retryPauseMs = 250 } = parts;
  const names = { source, consumer: consumer.name };
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let failures = 0;
  const line = book.line(consumer.name, source);

  const tools: Session = {
    signal: stopping.signal,
    async apply(events, next, transport = 'own') {
      const work = () => consumer.apply(source, events, next);
      const { unknownTypes } = await telemetry.span('consumer.apply', { ...names, transport, events: events.length }, work, () => traceParentsOf(events.map(({ bytes }) => bytes)));
      failures = 0;
      line.unknownTypes += unknownTypes;
      telemetry.count('consumer.events', names, events.length);
      if (unknownTypes > 0) telemetry.count('consumer.unknown_types', names, unknownTypes);
      book.moved(consumer.name, source, next.position);
    },
    settled() {
      failures = 0;
    },
    heard(headPosition) {
      line.headPosition = Math.max(line.headPosition, headPosition);
      line.lastHeardMs = clock.nowMs();
    },
    gap() {
      line.gaps++;
      telemetry.count('consumer.gaps', names);
      onTrouble({ kind: 'gap', ...names, reason: 'source.gap' });
    },
  };

  async function once(): Promise<SessionEnd> {
    try {
      const standing = await consumer.standing(source);
      book.moved(consumer.name, source, standing.position);
      return await session(standing, tools);
    } catch (error) {
      if (stopping.signal.aborted) return { kind: 'again' };
      if (error instanceof CannotApply) {
        book.moved(consumer.name, source, error.position - 1);
        onTrouble({ kind: 'parked', ...names, reason: error.reason, error });
        return { kind: 'park', reason: error.reason };
      }
      failures++;
      telemetry.count('consumer.faults', names);
      onTrouble({ kind: 'retrying', ...names, reason: 'consumer.fault', error });
      await pauseFor(retryPauseMs * 2 ** Math.min(failures - 1, 5), undefined, { signal: stopping.signal }).catch(() => undefined);
      return { kind: 'again' };
    }
  }

  async function run(): Promise<void> {
    // Another replica may have parked it, and told us so; a start looks again.
    line.parked = false;
    line.parkedReason = '';
    while (!stopping.signal.aborted) {
      const end = await once();
      if (end.kind === 'again') continue;
      // Nothing after this is applied, until someone has looked and the service starts again.
      line.parked = true;
      line.parkedReason = end.reason;
      telemetry.count('consumer.parked', names);
      onParked?.({ ...names, reason: end.reason, evidence: end.evidence });
      return;
    }
  }

  return {
    start: () => void (running = run()),
    async stop() {
      stopping.abort();
      await running;
    },
    progress: () => [{ ...line }],
  };
}
