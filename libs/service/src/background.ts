import { lease, progressMirror, type CompareAndSetRecord, type Consumer, type ProgressBook, type SourceProgress, type Tenure } from '@tillid/eventsourcing';
import type { Logger } from '@tillid/runtime';
import type { Worker } from './service-parts.js';

/** What one replica of the service does at a time: projections, reactions, timers. */
export interface Background {
  /** Who reads which log: so that a replica that does not run them knows how far they are. */
  readonly consumers: readonly { readonly source: string; readonly consumer: Consumer }[];
  /** Made anew each time this replica takes its turn; started in order, stopped in the opposite order. */
  readonly workers: () => readonly Worker[];
  /** What the replica at work tells the others with each beat of the lease, beside its progress. Plain JSON. */
  readonly tell?: () => unknown;
  readonly hear?: (told: unknown) => void;
}

export interface Leases {
  record(name: string): Promise<CompareAndSetRecord>;
  /** This replica. */
  readonly holder: string;
  readonly silentMs: number;
  readonly logger: Logger;
  readonly onChange: (name: string, kind: 'taken' | 'lost' | 'released') => void;
}

interface Told {
  readonly progress: readonly SourceProgress[];
  readonly more?: unknown;
}

/** The only replica does everything, from start to stop. */
export function alwaysAtWork({ workers }: Pick<Background, 'workers'>): Worker {
  const made = workers();
  return {
    async start() {
      for (const worker of made) await worker.start();
    },
    stop: () => stopAll(made),
  };
}

/** One of several: works while it holds the lease; else keeps its book by what is stored and what the holder tells. */
export function atWorkInTurn(background: Background, book: ProgressBook, leases: Leases): Worker {
  let atWork = false;
  const warn = (message: string) => (err: unknown) => leases.logger.warn({ err }, message);
  const mirror = progressMirror({ book, consumers: background.consumers, atWorkHere: () => atWork, onTrouble: warn('how far the followers are could not be read') });
  const own = ({ source, consumer }: SourceProgress) => background.consumers.some((each) => each.source === source && each.consumer.name === consumer);
  const turn = oneAtATime('background', leases, async (tenure) => {
    atWork = true;
    await whileHeld(background.workers(), tenure);
    atWork = false;
  }, {
    note: () => JSON.stringify({ progress: book.list().filter(own), more: background.tell?.() } satisfies Told),
    onNote: (note) => {
      if (note === '') return;
      const told = JSON.parse(note) as Told;
      book.adopt(told.progress);
      if (told.more !== undefined) background.hear?.(told.more);
    },
  });
  return {
    async start() {
      await mirror.start();
      await turn.start();
    },
    async stop() {
      await turn.stop();
      await mirror.stop();
    },
  };
}

/** A worker whose work one replica does at a time, under a lease of this name. */
export function oneAtATime(name: string, leases: Leases, work: (tenure: Tenure) => Promise<void>, notes: { readonly note?: () => string; readonly onNote?: (note: string) => void } = {}): Worker {
  let running: { stop(): Promise<void> } | undefined;
  let record: CompareAndSetRecord | undefined;
  return {
    async start() {
      record = await leases.record(`lease-${name}`);
      const held = lease(
        {
          ...notes,
          record,
          holder: leases.holder,
          silentMs: leases.silentMs,
          monotonicMs: () => performance.now(),
          onChange: ({ kind, fence }) => {
            leases.logger.info({ lease: name, fence }, `a lease was ${kind}`);
            leases.onChange(name, kind);
          },
          onTrouble: (err) => leases.logger.warn({ lease: name, err }, 'a lease could not be read or kept'),
        },
        work,
      );
      held.start();
      running = held;
    },
    async stop() {
      await running?.stop();
      await record?.close();
    },
  };
}

/** Runs workers until the lease is lost or given back. A worker that cannot start ends the turn, and the process: the next start finds out. */
export async function whileHeld(workers: readonly Worker[], { signal }: Tenure): Promise<void> {
  for (const worker of workers) await worker.start();
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await stopAll(workers);
}

async function stopAll(workers: readonly Worker[]): Promise<void> {
  const failures: unknown[] = [];
  for (const worker of workers.toReversed()) await worker.stop().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
