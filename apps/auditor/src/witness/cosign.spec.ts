import { formatAddCheckpoint, InMemoryLog, LogKeys, noteSigner, parseAddCheckpoint, parseVkey, proveConsistency, subtreeRootsFrom, vkeyOf } from '@tillid/transparency';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, seenNothing, type Seen } from './cosign.js';

const origin = 'log.example/one';
const seed = Buffer.alloc(32, 3);
const keys = [new LogKeys(parseVkey(vkeyOf(origin, seed)))];
const sizeMax = 11;

/** Logs of one operator, all under the same key: the first, and others that part from it after so many leaves. */
const branches = [sizeMax, 0, 1, 4, 7].map((common, branch) => Array.from({ length: sizeMax }, (_, leaf) => `${leaf < common ? 'first' : `branch ${branch}`}, leaf ${leaf}`));
const trees = await Promise.all(branches.flatMap((leaves) => Array.from({ length: sizeMax + 1 }, (_, size) => treeOf(leaves.slice(0, size)))));

async function treeOf(leaves: readonly string[]) {
  const log = new InMemoryLog(noteSigner(origin, seed));
  log.append(leaves.map((leaf) => Buffer.from(leaf)));
  const proofs = await Promise.all(Array.from({ length: leaves.length + 1 }, (_, oldSize) => proveConsistency(oldSize, leaves.length, subtreeRootsFrom(log, leaves.length))));
  return { leaves, proofs, checkpoint: Buffer.from(log.files.get('checkpoint')!).toString() };
}

/** What an operator could ask about one of their trees: from an old size that is so or not, with a proof of it, of another size, or of another tree. */
const question = fc.record({ tree: fc.nat({ max: trees.length - 1 }), oldSize: fc.oneof(fc.constant('as it was told'), fc.nat({ max: sizeMax })), proofOf: fc.oneof({ weight: 3, arbitrary: fc.constant('the same') }, fc.nat({ max: trees.length - 1 })), proofFrom: fc.oneof({ weight: 3, arbitrary: fc.constant('the same') }, fc.nat({ max: sizeMax })) });
const isBeginning = (shorter: readonly string[], longer: readonly string[]) => shorter.every((leaf, index) => leaf === longer[index]);

describe('a witness asked by an operator with several logs under one key', () => {
  it('cosigns trees that each begin with the one before, in whatever order it is asked and whatever it is told', () => {
    let cosignedInAll = 0;
    let refusedForks = 0;
    fc.assert(fc.property(fc.array(question, { minLength: 1, maxLength: 60 }), (questions) => {
      let seen: Seen = seenNothing;
      const cosigned: (readonly string[])[] = [[]];
      for (const { tree, oldSize, proofOf, proofFrom } of questions) {
        const { leaves, checkpoint } = trees[tree]!;
        // An operator who asks once knows the size: 409 told it.
        const old = typeof oldSize === 'number' ? oldSize : seen.size;
        const proofs = trees[typeof proofOf === 'number' ? proofOf : tree]!.proofs;
        const proof = proofs[typeof proofFrom === 'number' ? proofFrom : old] ?? [];
        const decision = decide(parseAddCheckpoint(Buffer.from(formatAddCheckpoint({ oldSize: old, proof, checkpoint }))), keys, seen);
        if (decision.kind !== 'cosign') {
          if (!isBeginning(cosigned.at(-1)!, leaves)) refusedForks += 1;
          continue;
        }
        expect(isBeginning(cosigned.at(-1)!, leaves)).toBe(true);
        cosigned.push(leaves);
        cosignedInAll += 1;
        seen = { size: decision.checkpoint.size, root: decision.checkpoint.root };
      }
    }), { numRuns: 500 });
    // Otherwise it was never tried.
    expect(cosignedInAll).toBeGreaterThan(500);
    expect(refusedForks).toBeGreaterThan(500);
  });

  it('cosigns any tree that does continue, when it is asked as it should be', () => {
    fc.assert(fc.property(fc.nat({ max: branches.length - 1 }), fc.array(fc.nat({ max: sizeMax }), { maxLength: 8 }), (branch, sizes) => {
      let seen: Seen = seenNothing;
      for (const size of sizes.toSorted((one, other) => one - other)) {
        const { checkpoint, proofs } = trees[branch * (sizeMax + 1) + size]!;
        const decision = decide({ oldSize: seen.size, proof: proofs[seen.size]!, checkpoint }, keys, seen);
        expect(decision.kind).toBe('cosign');
        if (decision.kind === 'cosign') seen = { size: decision.checkpoint.size, root: decision.checkpoint.root };
      }
    }));
  });
});
