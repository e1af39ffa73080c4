import { checkByPolicy, quorumMet, type Policy } from '@tillid/transparency';
import { SizeWaiters } from '../integrate/size-waiters.js';
import type { TreeHead } from '../integrate/tree-head.js';
import type { SilentReason } from './ask-witness.js';

/** A tree that the policy's quorum of witnesses has seen. */
export interface CosignedHead {
  readonly size: number;
  /** With every cosignature there is for this very size. */
  readonly checkpoint: string;
  readonly atMs: number;
}

export interface WitnessState {
  readonly name: string;
  readonly cosignedSize: number;
  readonly heardAtMs: number | undefined;
  /** Empty when it answered last; else why it did not. */
  readonly silentReason: SilentReason | 'witness.not_yet' | '';
}

/** What the replica that asks tells the others. */
export interface ToldCosigned {
  readonly witnesses: readonly WitnessState[];
  readonly cosigned: CosignedHead | undefined;
}

/** Trees whose cosignatures are still gathered, when no quorum comes. */
const gatheringMax = 8;

/** Who has seen which tree: what the slices serve, whoever asks the witnesses. Nothing here holds signing up. */
export class CosignedTree {
  readonly #gathering = new Map<number, { readonly head: TreeHead; readonly lines: Map<string, string> }>();
  readonly #states = new Map<string, WitnessState>();
  readonly #waiting = new SizeWaiters();
  #cosigned: CosignedHead | undefined;

  /** Without a policy nobody is asked, and everything says so. */
  constructor(readonly policy: Policy | undefined, /** When the witnesses were first asked, at the earliest. */ readonly sinceMs = 0) {
    for (const { name } of policy?.witnesses ?? []) this.#states.set(name, { name, cosignedSize: 0, heardAtMs: undefined, silentReason: 'witness.not_yet' });
  }

  /** The last tree that met the quorum. */
  get cosigned(): CosignedHead | undefined {
    return this.#cosigned;
  }

  get witnesses(): readonly WitnessState[] {
    return [...this.#states.values()];
  }

  /** A signed head's checkpoint with whatever cosignatures there are for that very size. */
  checkpointOf({ size, checkpoint }: Pick<TreeHead, 'size' | 'checkpoint'>): string {
    if (this.#cosigned?.size === size) return this.#cosigned.checkpoint;
    return checkpoint + [...(this.#gathering.get(size)?.lines.values() ?? [])].join('');
  }

  cosignedBy(witness: string, head: TreeHead, line: string, nowMs: number): void {
    const before = this.#states.get(witness);
    this.#states.set(witness, { name: witness, cosignedSize: Math.max(head.size, before?.cosignedSize ?? 0), heardAtMs: nowMs, silentReason: '' });
    if (this.policy === undefined || head.size < (this.#cosigned?.size ?? 0)) return;
    const gathered = this.#gathering.get(head.size) ?? { head, lines: new Map<string, string>() };
    this.#gathering.set(head.size, gathered);
    gathered.lines.set(witness, line);
    if (quorumMet(this.policy, gathered.lines.keys())) this.#publish({ size: head.size, checkpoint: head.checkpoint + [...gathered.lines.values()].join(''), atMs: this.#cosigned?.size === head.size ? this.#cosigned.atMs : nowMs });
    for (const size of this.#gathering.keys()) if (size < (this.#cosigned?.size ?? 0) || this.#gathering.size > gatheringMax) this.#gathering.delete(size);
  }

  silent(witness: string, reason: SilentReason): void {
    const before = this.#states.get(witness);
    if (before !== undefined) this.#states.set(witness, { ...before, silentReason: reason });
  }

  /** True as soon as the quorum has seen a tree of this size or a larger one; false when the signal aborts first. */
  waitForSize(size: number, signal: AbortSignal): Promise<boolean> {
    return this.#waiting.wait(size, () => this.#cosigned?.size ?? -1, signal);
  }

  told(): ToldCosigned {
    return { witnesses: this.witnesses, cosigned: this.#cosigned };
  }

  /** From the replica that asks. A checkpoint that does not meet the policy here is left alone. */
  adopt({ witnesses, cosigned }: ToldCosigned): void {
    if (this.policy === undefined) return;
    for (const state of witnesses) if (this.#states.has(state.name)) this.#states.set(state.name, state);
    if (cosigned === undefined || cosigned.size < (this.#cosigned?.size ?? 0) || cosigned.checkpoint === this.#cosigned?.checkpoint) return;
    const { checkpoint, quorum } = checkByPolicy(cosigned.checkpoint, this.policy);
    if (quorum && checkpoint.size === cosigned.size) this.#publish(cosigned);
  }

  #publish(cosigned: CosignedHead): void {
    this.#cosigned = cosigned;
    this.#waiting.reached(cosigned.size);
  }
}
