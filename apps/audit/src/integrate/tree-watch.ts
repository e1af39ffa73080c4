import { setTimeout as pauseFor } from 'node:timers/promises';
import type { CompareAndSetRecord, EventStore } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import type { TreeKeys } from '../log-keys/tree-keys.js';
import type { SignedTree } from './signed-tree.js';
import { decodeTreeHead, type TreeHead } from './tree-head.js';

export interface TreeWatchParts {
  readonly keys: Pick<TreeKeys, 'verifiers' | 'learn' | 'signed'>;
  readonly record: CompareAndSetRecord;
  readonly ledger: Pick<EventStore, 'head'>;
  readonly signedTree: SignedTree;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

const pollMs = 20;
const idlePollMs = 200;
/** The integrator signs a second after an event at the latest, and its lease moves within seconds. */
const behindAfterMs = 15_000;

/** In a replica that does not sign: learns from the record what was signed. */
export class TreeWatch {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private version = 0;
  private behindSinceMs: number | undefined;
  private lookedAtMs = -Infinity;

  constructor(private readonly parts: TreeWatchParts) {}

  async start(): Promise<void> {
    await this.look();
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await pauseFor(pollMs, undefined, { signal }).catch(() => undefined);
      const due = this.parts.signedTree.isAwaited || performance.now() - this.lookedAtMs >= idlePollMs;
      if (!signal.aborted && due) await this.look().catch(this.parts.onTrouble);
    }
  }

  private async look(): Promise<void> {
    const { record, ledger, signedTree, clock } = this.parts;
    this.lookedAtMs = performance.now();
    const stored = await record.get();
    if (stored && stored.version !== this.version) {
      signedTree.signed(await this.opened(stored.value));
      this.version = stored.version;
    }
    const { position } = await ledger.head();
    if (position <= signedTree.head.size) this.behindSinceMs = undefined;
    else this.behindSinceMs ??= clock.nowMs();
    if (this.behindSinceMs !== undefined && clock.nowMs() - this.behindSinceMs > behindAfterMs) signedTree.stop('log.behind');
  }

  private async opened(value: Uint8Array): Promise<TreeHead> {
    const { keys } = this.parts;
    await keys.learn();
    const head = decodeTreeHead(value, keys.verifiers);
    await keys.signed(head.size);
    return head;
  }
}
