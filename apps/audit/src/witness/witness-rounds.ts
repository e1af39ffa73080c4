import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Clock } from '@tillid/kernel';
import type { Logger } from '@tillid/runtime';
import type { LogFiles, Policy, PolicyWitness } from '@tillid/transparency';
import type { SignedTree } from '../integrate/signed-tree.js';
import type { TreeHead } from '../integrate/tree-head.js';
import { askWitness, WitnessSilent, type SilentReason } from './ask-witness.js';
import type { CosignedTree } from './cosigned-tree.js';

export interface WitnessRoundsParts {
  readonly policy: Policy;
  readonly cosignedTree: CosignedTree;
  readonly signedTree: Pick<SignedTree, 'head'>;
  readonly files: LogFiles;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From the beginning of a round to the next, at least. */
  readonly intervalMs: number;
  /** Until a tree that has not grown is cosigned again. */
  readonly againAfterMs?: number;
}

const lookMs = 50;
const longestBackOffMs = 60_000;
/** A tree that does not grow is cosigned again this often: whoever is shown it can tell that nothing newer is kept from them. */
const againAfterMs = 60_000;

interface Asked {
  readonly witness: PolicyWitness;
  cosignedSize: number;
  /** On the monotonic clock. */
  cosignedAtMs: number;
  failures: number;
  /** On the monotonic clock: not before. */
  notBeforeMs: number;
  /** Still asked in an earlier round: a slow one holds no round up. */
  busy: boolean;
}

/**
 * Asks every witness about the same tree, so that their cosignatures add up, round after round. A round ends with the
 * quorum, or when all have answered or failed; who answers later is still counted. Signing never waits for any of it.
 */
export class WitnessRounds {
  readonly #stopping = new AbortController();
  readonly #asked: readonly Asked[];
  readonly #pending = new Set<Promise<void>>();
  #running: Promise<void> = Promise.resolve();
  #quorum = true;

  constructor(private readonly parts: WitnessRoundsParts) {
    this.#asked = parts.policy.witnesses.map((witness) => ({ witness, cosignedSize: 0, cosignedAtMs: 0, failures: 0, notBeforeMs: 0, busy: false }));
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all(this.#pending);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const { signedTree: { head }, againAfterMs: again = againAfterMs } = this.parts;
      const nowMs = performance.now();
      // An empty tree says nothing worth a witness's time.
      const due = head.size === 0 ? [] : this.#asked.filter((asked) => !asked.busy && asked.notBeforeMs <= nowMs && (asked.cosignedSize < head.size || nowMs - asked.cosignedAtMs >= again));
      if (due.length > 0) await this.#round(head, due);
      await pauseFor(due.length > 0 ? this.parts.intervalMs : lookMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #round(head: TreeHead, due: readonly Asked[]): Promise<void> {
    const { cosignedTree, logger } = this.parts;
    const enough = new AbortController();
    const all = due.map((asked) => {
      const asking = this.#ask(asked, head).finally(() => this.#pending.delete(asking));
      this.#pending.add(asking);
      return asking;
    });
    // Somebody else's answer for this size may have been enough before.
    const met = cosignedTree.waitForSize(head.size, enough.signal);
    await Promise.race([Promise.all(all), met]);
    enough.abort();
    const quorum = (cosignedTree.cosigned?.size ?? -1) >= head.size;
    if (quorum !== this.#quorum) {
      this.#quorum = quorum;
      if (quorum) logger.info({ size: head.size }, 'the quorum of witnesses sees the tree again');
      else logger.error({ size: head.size, silent: cosignedTree.witnesses.filter(({ silentReason }) => silentReason !== '').map(({ name }) => name) }, 'the quorum of witnesses was not met');
    }
  }

  async #ask(asked: Asked, head: TreeHead): Promise<void> {
    const { files, cosignedTree, clock } = this.parts;
    asked.busy = true;
    try {
      const line = await askWitness(asked.witness, head, asked.cosignedSize, files, this.#stopping.signal);
      asked.cosignedSize = head.size;
      asked.cosignedAtMs = performance.now();
      this.#heard(asked);
      cosignedTree.cosignedBy(asked.witness.name, head, line, clock.nowMs());
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#failed(asked, error);
    } finally {
      asked.busy = false;
    }
  }

  #heard(asked: Asked): void {
    if (asked.failures > 0) this.parts.logger.info({ witness: asked.witness.name }, 'a witness answers again');
    asked.failures = 0;
    asked.notBeforeMs = 0;
  }

  #failed(asked: Asked, error: unknown): void {
    const { cosignedTree, logger, intervalMs } = this.parts;
    // Tiles that could not be read are our own fault, and no answer either.
    const reason: SilentReason = error instanceof WitnessSilent ? error.reason : 'witness.no_answer';
    asked.failures += 1;
    asked.notBeforeMs = performance.now() + Math.min(longestBackOffMs, intervalMs * 2 ** Math.min(asked.failures, 16));
    const before = cosignedTree.witnesses.find(({ name }) => name === asked.witness.name)?.silentReason;
    cosignedTree.silent(asked.witness.name, reason);
    if (before === reason) return;
    const isFork = reason === 'witness.proof_refused' || reason === 'witness.ahead';
    logger[isFork ? 'error' : 'warn']({ witness: asked.witness.name, reason, err: error }, isFork ? 'a witness has seen another tree under this name' : 'a witness is silent');
  }
}
