import { checkByPolicy, cosigner, cosignerVkeyOf, noteSigner, openNote, parsePolicy, parseVkey, signCheckpoint, signNote, vkeyOf } from '@tillid/transparency';
import { describe, expect, it } from 'vitest';
import { CosignedTree, type ToldCosigned } from './cosigned-tree.js';

const origin = 'log.example/one';
const seed = Buffer.alloc(32, 5);
const witnesses = ['w1', 'w2'].map((name, index) => ({ name, seed: Buffer.alloc(32, 60 + index) }));
const policy = parsePolicy(`log ${vkeyOf(origin, seed)}\n${witnesses.map(({ name, seed: key }) => `witness ${name} ${cosignerVkeyOf(`${name}.example`, key)}\n`).join('')}group both all w1 w2\nquorum both\n`);
const checkpoint = (size: number) => signCheckpoint({ origin, size, root: Buffer.alloc(32, size) }, [noteSigner(origin, seed)]);
/** As the replica that asks has it: cosigned by so many of them at that second. */
function told(size: number, second: number, by = 2): ToldCosigned {
  const { text } = openNote(checkpoint(size), [parseVkey(vkeyOf(origin, seed))]);
  const note = signNote(text, [noteSigner(origin, seed), ...witnesses.slice(0, by).map(({ name, seed: key }) => cosigner(`${name}.example`, key, () => second))]);
  return { witnesses: [], cosigned: { size, checkpoint: note, atMs: second * 1000 } };
}
const secondsIn = ({ cosigned }: CosignedTree) => cosigned && checkByPolicy(cosigned.checkpoint, policy).cosigned.map(({ seconds }) => seconds);

describe('a replica that is told what the witnesses have seen', () => {
  it('takes a larger tree, and the same one cosigned again', () => {
    const tree = new CosignedTree(policy);
    tree.adopt(told(7, 100));
    tree.adopt(told(7, 160));
    expect([tree.cosigned?.size, secondsIn(tree)]).toEqual([7, [160, 160]]);
    tree.adopt(told(9, 170));
    expect([tree.cosigned?.size, secondsIn(tree)]).toEqual([9, [170, 170]]);
  });
  it('takes no smaller tree, and none that does not meet its own policy', () => {
    const tree = new CosignedTree(policy);
    tree.adopt(told(7, 100));
    tree.adopt(told(6, 200));
    tree.adopt(told(8, 200, 1));
    expect([tree.cosigned?.size, secondsIn(tree)]).toEqual([7, [100, 100]]);
  });
});
