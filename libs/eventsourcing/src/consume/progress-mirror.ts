import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Consumer } from './consumer.js';
import type { ProgressBook } from './progress-book.js';

export interface ProgressMirrorParts {
  readonly book: ProgressBook;
  readonly consumers: readonly { readonly source: string; readonly consumer: Pick<Consumer, 'name' | 'standing'> }[];
  /** While the followers run in this very process the book needs no mirror. */
  readonly atWorkHere: () => boolean;
  readonly onTrouble: (error: unknown) => void;
  /** How often to look while somebody waits. Default 20 ms. */
  readonly pollMs?: number;
  /** Else. Default 500 ms. */
  readonly idlePollMs?: number;
}

/**
 * In a replica whose followers run elsewhere: keeps the book up to what is stored, so that queries that must see a
 * position can wait for it here too.
 */
export function progressMirror({ book, consumers, atWorkHere, onTrouble, pollMs = 20, idlePollMs = 500 }: ProgressMirrorParts) {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let lookedAtAllMs = -Infinity;

  async function look(): Promise<void> {
    const all = performance.now() - lookedAtAllMs >= idlePollMs;
    if (all) lookedAtAllMs = performance.now();
    for (const { source, consumer } of consumers) {
      const line = book.line(consumer.name, source);
      if (!all && !book.isAwaited(consumer.name, source)) continue;
      const { position } = await consumer.standing(source);
      if (position > line.position) book.moved(consumer.name, source, position);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pauseFor(pollMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted && !atWorkHere()) await look().catch(onTrouble);
    }
  }

  return {
    /** Resolves when the book has been filled once: whoever asks then is told where things stand, not zero. */
    async start(): Promise<void> {
      await look();
      running = run();
    },
    async stop(): Promise<void> {
      stopping.abort();
      await running;
    },
  };
}
