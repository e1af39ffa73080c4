import { setTimeout as pauseFor } from 'node:timers/promises';
import { Refused } from '@tillid/kernel';
import type { CommandContext } from './command-context.js';
import { encodeWrites, type DecidedWrite } from './encode-writes.js';
import { MalformedEvent } from './event-codec.js';
import type { EventLog, StreamCommand, Write } from './event-log.js';
import { StoreFault, type AppendOutcome, type EventStore, type StoredCommit } from './event-store.js';
import { FoldCache, type Fold } from './fold-cache.js';
import { sameFingerprint } from './lost-tail.js';
import { formatPosition, type DomainEvent, type RecordedEvent } from './recorded-event.js';
import { noTelemetry, type Telemetry } from './telemetry.js';

/** What a command wrote, now or the first time it arrived. A reply is made from this alone. */
export interface Handled<E extends DomainEvent> {
  /** Empty when there was nothing to do. */
  readonly events: readonly RecordedEvent<E>[];
  readonly positions: readonly number[];
  /** "consent/0@17": the last event written; with none, the last event the decision rests on. */
  readonly position: string;
  /** The command had arrived before; the events are those of then. */
  readonly repeated: boolean;
  /** One per value reserved, in the order of the events. */
  readonly generations: readonly number[];
}

/** Retries after a lost race; then the caller is told. */
const maxRetries = 5;
const pageSize = 10_000;

/**
 * One command: read, fold, decide, append, all streams of it in one commit.
 *
 * The streams are read before `find` is asked, so a command that `find` does not know is not in what was read either:
 * a retry that overtakes its first arrival gets the first answer, never a refusal caused by itself.
 */
export function handle<E extends DomainEvent, C1, S1, E1 extends E>(log: EventLog<E>, context: CommandContext, writes: readonly [StreamCommand<C1, S1, E1>]): Promise<Handled<E1>>;
export function handle<E extends DomainEvent, C1, S1, E1 extends E, C2, S2, E2 extends E>(
  log: EventLog<E>,
  context: CommandContext,
  writes: readonly [StreamCommand<C1, S1, E1>, StreamCommand<C2, S2, E2>],
): Promise<Handled<E1 | E2>>;
export function handle<E extends DomainEvent, C1, S1, E1 extends E, C2, S2, E2 extends E, C3, S3, E3 extends E>(
  log: EventLog<E>,
  context: CommandContext,
  writes: readonly [StreamCommand<C1, S1, E1>, StreamCommand<C2, S2, E2>, StreamCommand<C3, S3, E3>],
): Promise<Handled<E1 | E2 | E3>>;
export function handle<E extends DomainEvent>(log: EventLog<E>, context: CommandContext, writes: readonly Write<E>[]): Promise<Handled<E>>;
export async function handle<E extends DomainEvent>(log: EventLog<E>, context: CommandContext, writes: readonly Write<E>[]): Promise<Handled<E>> {
  const telemetry = log.telemetry ?? noTelemetry;
  const cache = log.cache ?? cacheOf(log.store);
  return telemetry.span('handle', { source: log.source, streams: writes.length }, async () => {
    try {
      return await decideAndAppend(log, context, writes, cache, telemetry);
    } catch (error) {
      if (error instanceof Refused) throw error;
      // What was cached may be ahead of, or behind, what is stored.
      cache.clear();
      if (!(error instanceof StoreFault)) throw error;
      telemetry.count('handle.unknown_outcomes', { source: log.source });
      throw because(new Refused('store.unknown_outcome', 'unknown_outcome'), error);
    }
  });
}

async function decideAndAppend<E extends DomainEvent>(
  log: EventLog<E>,
  context: CommandContext,
  writes: readonly Write<E>[],
  cache: FoldCache,
  telemetry: Telemetry,
): Promise<Handled<E>> {
  for (let attempt = 0; ; attempt++) {
    const folds = await telemetry.span('handle.read', { source: log.source }, () => Promise.all(writes.map((each) => readFold(log, each, cache))));
    const known = await log.store.find(context.commandId);
    if (known) return repeat(log, context, known, telemetry);

    const decided = writes.map((each, index) => decide(each, folds[index]!)).filter(({ events }) => events.length > 0);
    if (decided.length === 0) {
      const position = Math.max(0, ...folds.map((fold) => fold.position));
      return { events: [], positions: [], position: formatPosition(log.source, position), repeated: false, generations: [] };
    }

    const { commit, events } = encodeWrites(log, context, decided);
    const outcome = await telemetry.span('handle.append', { source: log.source, events: events.length }, () => log.store.append(commit));
    if (outcome.kind === 'appended') {
      if (outcome.repeated) return repeat(log, context, outcome.commit, telemetry);
      const placed = events.map((event, index) => ({ ...event, position: outcome.commit.firstPosition + index }));
      rememberFolds(decided, placed, cache);
      return handled(log.source, placed, outcome.commit, false);
    }
    if (outcome.kind !== 'conflict') throw refusalFor(outcome, log.onReserved);
    telemetry.count('handle.conflicts', { source: log.source });
    if (attempt === maxRetries || log.clock.nowMs() >= (context.deadlineMs ?? Infinity)) throw new Refused('store.conflict', 'conflict');
    // Two that collided must not meet again at once; each round spreads them wider. The first round costs nothing.
    if (attempt > 0) await pauseFor(Math.random() * 2 ** attempt);
  }
}

async function readFold<State, E extends DomainEvent>(log: EventLog<E>, { stream, decider }: StreamCommand<unknown, State, E>, cache: FoldCache): Promise<Fold<State>> {
  let fold: Fold<State> = cache.get(decider, stream) ?? { state: decider.initial, revision: 0, position: 0 };
  for (;;) {
    const page = await log.store.readStream(stream, fold.revision, pageSize);
    for (const { revision, position, bytes } of page) {
      const recorded = log.codec.decode(bytes, position);
      // Deciding on half a stream could break every rule it has.
      if (!recorded) throw new MalformedEvent('a stream holds an event its decider does not know');
      fold = { state: decider.evolve(fold.state, recorded.event), revision, position };
    }
    if (page.length < pageSize) break;
  }
  cache.put(decider, stream, fold);
  return fold;
}

function decide<State, E extends DomainEvent>(streamCommand: StreamCommand<unknown, State, E>, fold: Fold<State>): DecidedWrite<E> {
  const { command, decider } = streamCommand;
  const wanted: unknown = typeof command === 'function' ? command(fold.state) : command;
  return { streamCommand, fold, events: decider.decide(wanted, fold.state) };
}

/** The commit is durable and follows directly on what was folded: the next command has nothing to catch up on. */
function rememberFolds<E extends DomainEvent>(decided: readonly DecidedWrite<E>[], written: readonly RecordedEvent<E>[], cache: FoldCache): void {
  let next = 0;
  for (const { streamCommand, fold, events } of decided) {
    const own = written.slice(next, (next += events.length));
    const state: unknown = own.reduce((soFar, { event }) => streamCommand.decider.evolve(soFar, event), fold.state);
    cache.put(streamCommand.decider, streamCommand.stream, { state, revision: fold.revision + own.length, position: own.at(-1)!.position });
  }
}

/** The first result, from the events as they were stored. */
async function repeat<E extends DomainEvent>(log: EventLog<E>, context: CommandContext, commit: StoredCommit, telemetry: Telemetry): Promise<Handled<E>> {
  if (!sameFingerprint(commit.fingerprint, context.fingerprint)) throw refusalFor({ kind: 'reused' }, undefined);
  telemetry.count('handle.repeated', { source: log.source });
  const events: RecordedEvent<E>[] = [];
  while (events.length < commit.eventCount) {
    const page = await log.store.readAll(commit.firstPosition - 1 + events.length, commit.eventCount - events.length);
    if (page.length === 0) throw new StoreFault('a commit is found whose events are not');
    for (const { position, bytes } of page) {
      const recorded = log.codec.decode(bytes, position);
      if (!recorded) throw new MalformedEvent('a commit holds an event its handler does not know');
      events.push(recorded);
    }
  }
  return handled(log.source, events, commit, true);
}

function handled<E extends DomainEvent>(source: string, events: readonly RecordedEvent<E>[], commit: StoredCommit, repeated: boolean): Handled<E> {
  return {
    events,
    positions: events.map((event) => event.position),
    position: formatPosition(source, commit.firstPosition + commit.eventCount - 1),
    repeated,
    generations: commit.generations,
  };
}

function refusalFor(outcome: Exclude<AppendOutcome, { kind: 'appended' | 'conflict' }>, onReserved: ((value: string) => Refused) | undefined): Refused {
  switch (outcome.kind) {
    case 'reserved':
      return onReserved?.(outcome.value) ?? new Refused('store.reserved', 'taken');
    case 'not_held':
      return new Refused('store.not_held', 'conflict');
    case 'reused':
      return new Refused('call.idempotency_key_reused', 'invalid');
    case 'full':
      return new Refused('store.full', 'busy', { retryAfterMs: outcome.retryAfterMs });
    case 'too_large':
      return new Refused('store.too_large', 'invalid');
  }
}

const caches = new WeakMap<EventStore, FoldCache>();

function cacheOf(store: EventStore): FoldCache {
  const cache = caches.get(store) ?? new FoldCache();
  caches.set(store, cache);
  return cache;
}

/** The cause is for logs; it never reaches a caller. */
function because(refused: Refused, cause: unknown): Refused {
  refused.cause = cause;
  return refused;
}
