import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Logger } from '@tillid/runtime';
import { WillNotSign } from '../domain/audit.refusals.js';
import type { TreeHead } from './tree-head.js';
import { isBacklog, TreeLog, type TreeLogParts } from './tree-log.js';

export interface IntegratorParts extends TreeLogParts {
  readonly logger: Logger;
  /** Events that come within this time of each other share a checkpoint. */
  readonly checkpointIntervalMs: number;
}

/** An append is noticed at once; this is for the one that is not. */
const lookAgainAfterMs = 1000;

/** Keeps the tree up to the ledger: a checkpoint at the latest a second after an event. */
export class Integrator {
  private readonly stopping = new AbortController();
  private readonly waiting = new Set<{ readonly size: number; readonly resolve: () => void }>();
  private running: Promise<void> = Promise.resolve();
  private refusal = '';

  private constructor(private readonly parts: IntegratorParts, private tree: TreeLog) {}

  static async open(parts: IntegratorParts): Promise<Integrator> {
    return new Integrator(parts, await TreeLog.open(parts));
  }

  get head(): TreeHead {
    return this.tree.head;
  }

  /** Why nothing is signed any more; empty while all is well. */
  get stopped(): string {
    return this.refusal;
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** True as soon as a signed tree has this size; false when the signal aborts first. */
  async waitForSize(size: number, signal: AbortSignal): Promise<boolean> {
    if (this.head.size >= size) return true;
    if (signal.aborted) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { size, resolve };
    this.waiting.add(waiter);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.waiting.delete(waiter);
    return this.head.size >= size;
  }

  private async run(): Promise<void> {
    const { ledger, checkpointIntervalMs, logger } = this.parts;
    const { signal } = this.stopping;
    let appended = Promise.withResolvers<void>();
    const stopListening = ledger.onAppended(() => appended.resolve());
    signal.addEventListener('abort', () => appended.resolve());
    while (!signal.aborted) {
      appended = Promise.withResolvers<void>();
      try {
        // What a fault left in memory is not trusted: recovery is start-up.
        if (this.refusal !== '') this.tree = await TreeLog.open(this.parts);
        this.refusal = '';
        // A backlog is worked off without a pause; events that trickle in share a checkpoint.
        for (let taken = Infinity; !signal.aborted && isBacklog(taken); this.tell()) taken = await this.tree.integrate();
      } catch (error) {
        this.refusal = error instanceof WillNotSign ? error.reason : 'log.fault';
        logger.error({ err: error, reason: this.refusal }, 'the log could not be signed');
      }
      await waitFor(appended.promise, lookAgainAfterMs, signal);
      await pauseFor(checkpointIntervalMs, undefined, { signal }).catch(() => undefined);
    }
    stopListening();
  }

  private tell(): void {
    for (const { size, resolve } of this.waiting) if (this.head.size >= size) resolve();
  }
}

async function waitFor(event: Promise<void>, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const waited = new AbortController();
  await Promise.race([event, pauseFor(timeoutMs, undefined, { signal: AbortSignal.any([signal, waited.signal]) }).catch(() => undefined)]);
  waited.abort();
}
