import { setTimeout as pauseFor } from 'node:timers/promises';
import { appendsTo } from '@tillid/eventsourcing';
import type { Logger } from '@tillid/runtime';
import { WillNotSign } from '../domain/audit.refusals.js';
import type { SignedTree } from './signed-tree.js';
import { isBacklog, TreeLog, type TreeLogParts } from './tree-log.js';

export interface IntegratorParts extends TreeLogParts {
  readonly signedTree: SignedTree;
  readonly logger: Logger;
  /** Events that come within this time of each other share a checkpoint. */
  readonly checkpointIntervalMs: number;
}

/** An append is noticed at once; this is for the one that is not. */
const lookAgainAfterMs = 1000;

/** Keeps the tree up to the ledger: a checkpoint at the latest a second after an event. */
export class Integrator {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  private constructor(private readonly parts: IntegratorParts, private tree: TreeLog | undefined) {}

  /** For the only signer: whatever does not belong together is found before the service starts. */
  static async open(parts: IntegratorParts): Promise<Integrator> {
    const tree = await TreeLog.open(parts);
    parts.signedTree.signed(tree.head);
    return new Integrator(parts, tree);
  }

  /** For a signer that takes its turn: the same is found once it works, and said, and looked at again. */
  static inTurn(parts: IntegratorParts): Integrator {
    return new Integrator(parts, undefined);
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { ledger, checkpointIntervalMs, logger, signedTree } = this.parts;
    const { signal } = this.stopping;
    const appended = appendsTo(ledger, signal);
    while (!signal.aborted) {
      appended.clear();
      try {
        await this.integrateAll(signal);
      } catch (error) {
        // What a fault left in memory is not trusted: recovery is start-up.
        this.tree = undefined;
        const reason = error instanceof WillNotSign ? error.reason : 'log.fault';
        signedTree.stop(reason);
        logger.error({ err: error, reason }, 'the log could not be signed');
      }
      await appended.next(lookAgainAfterMs);
      await pauseFor(checkpointIntervalMs, undefined, { signal }).catch(() => undefined);
    }
    appended.stop();
  }

  /** A backlog is worked off without a pause; events that trickle in share a checkpoint. */
  private async integrateAll(signal: AbortSignal): Promise<void> {
    const tree = (this.tree ??= await TreeLog.open(this.parts));
    for (let taken = Infinity; !signal.aborted && isBacklog(taken); this.parts.signedTree.signed(tree.head)) taken = await tree.integrate();
  }
}
