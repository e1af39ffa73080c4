import { observeWitnesses } from '@tillid/runtime';
import type { SignedTree } from '../integrate/signed-tree.js';
import type { CosignedTree } from './cosigned-tree.js';

/** How much of the signed tree nobody else has seen, and who is silent, as this process knows it. */
export function witnessReading({ head: { size } }: Pick<SignedTree, 'head'>, { policy, cosigned, witnesses }: CosignedTree): ReturnType<Parameters<typeof observeWitnesses>[0]> {
  if (policy === undefined) return undefined;
  return {
    unwitnessed: Math.max(0, size - (cosigned?.size ?? 0)),
    witnesses: witnesses.map(({ name, cosignedSize, silentReason }) => ({ witness: name, silent: silentReason !== '', behind: Math.max(0, size - cosignedSize) })),
  };
}

export function observeWitnessing(signedTree: Pick<SignedTree, 'head'>, cosignedTree: CosignedTree): void {
  observeWitnesses(() => witnessReading(signedTree, cosignedTree));
}
