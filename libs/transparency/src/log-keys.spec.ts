import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyRoot, InMemoryLog, keyChangePath, LogKeys, noteSigner, openKeyChange, parseCheckpoint, parseLogPath, parseNote, parseVkey, signCheckpoint, signKeyChange, verifyLog, vkeyOf, type KeyStep } from './index.js';

const origin = 'log.example/one';
const seedOf = (number: number) => Buffer.alloc(32, number + 1);
const signer = (number: number, name = origin) => noteSigner(name, seedOf(number));
const vkey = (number: number, name = origin) => vkeyOf(name, seedOf(number));
const key = (number: number) => parseVkey(vkey(number));
const change = (from: number, to: number) => signKeyChange({ vkey: vkey(from), nextVkey: vkey(to), bothUntilMs: 5_000 }, signer(from), signer(to));
const note = (size: number, ...by: number[]) => signCheckpoint({ origin, size, root: emptyRoot }, by.map((number) => signer(number)));

/** Key n named key n + 1 in the n-th of these leaves; each proof is of the tree that ends there. */
function stepsAt(leaves: readonly number[]): KeyStep[] {
  return leaves.map((leafIndex, from) => {
    const signed = note(leafIndex + 1, from, from + 1);
    return { key: key(from), next: key(from + 1), vkey: vkey(from), nextVkey: vkey(from + 1), bothUntilMs: 0, leafIndex, checkpoint: parseCheckpoint(parseNote(signed).text), note: signed, path: keyChangePath(key(from).keyId) };
  });
}
const leavesOfChanges = fc.uniqueArray(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 6 }).map((leaves) => leaves.sort((one, other) => one - other));

describe('one key of a log names the next', () => {
  it('when both have signed it', () => {
    expect(openKeyChange(change(1, 2))).toMatchObject({ key: { keyId: key(1).keyId }, next: { keyId: key(2).keyId } });
  });

  it.each([
    ['signed by another key', { ...change(1, 2), signature: change(3, 2).signature }, 'key_change.not_signed'],
    ['not signed', { ...change(1, 2), signature: Buffer.alloc(0) }, 'key_change.not_signed'],
    ['that whoever names it does not have', { ...change(1, 2), possession: change(1, 3).possession }, 'key_change.not_possessed'],
    ['that nobody has', { ...change(1, 2), possession: Buffer.alloc(64) }, 'key_change.not_possessed'],
    ['whose signatures are swapped', { ...change(1, 2), signature: change(1, 2).possession, possession: change(1, 2).signature }, 'key_change.not_signed'],
    ['for another time', { ...change(1, 2), bothUntilMs: 5_001 }, 'key_change.not_signed'],
    ['for no time', { ...change(1, 2), bothUntilMs: Number.NaN }, 'key_change.malformed'],
    ['that is itself', signKeyChange({ vkey: vkey(1), nextVkey: vkey(1), bothUntilMs: 0 }, signer(1), signer(1)), 'key_change.malformed'],
    ["that is another log's", signKeyChange({ vkey: vkey(1), nextVkey: vkey(2, 'log.example/two'), bothUntilMs: 0 }, signer(1), signer(2, 'log.example/two')), 'key_change.malformed'],
    ['in two lines', { ...change(1, 2), nextVkey: `${vkey(2)}\n` }, 'key_change.malformed'],
    ['that is none', { ...change(1, 2), nextVkey: 'nothing' }, 'key.malformed'],
  ])('but none that is %s', (_, changed, code) => expect(() => openKeyChange(changed)).toThrow(code));

  it('that must be the one that is known, where one is', () => {
    expect(() => openKeyChange(change(1, 2), { key: key(3) })).toThrow('key_change.not_signed');
    expect(() => openKeyChange(change(1, 2), { next: key(3) })).toThrow('key_change.not_possessed');
    // A key made to have the same id: the known one has signed nothing.
    expect(() => openKeyChange(change(1, 2), { key: { ...key(3), keyId: key(1).keyId } })).toThrow('key_change.not_signed');
    expect(() => openKeyChange(change(1, 2), { next: { ...key(3), keyId: key(2).keyId } })).toThrow('key_change.not_possessed');
  });

  it('whatever is changed in it by a bit is refused', () => {
    const whole = change(1, 2);
    fc.assert(fc.property(fc.constantFrom('signature' as const, 'possession' as const), fc.nat(63), fc.nat(7), (which, at, bit) => {
      const bytes = Buffer.from(whole[which]);
      bytes[at]! ^= 1 << bit;
      expect(() => openKeyChange({ ...whole, [which]: bytes })).toThrow(/key_change\.not_/);
    }));
  });
});

describe('the key that signs a tree', () => {
  it('follows from its size alone, whichever key somebody began with', () => {
    fc.assert(fc.property(leavesOfChanges, fc.nat(10_001), fc.nat(6), fc.subarray([0, 1, 2, 3, 4, 5, 6]), (leaves, size, began, signed) => {
      const keys = new LogKeys(key(began % (leaves.length + 1)), stepsAt(leaves));
      const due = leaves.filter((leaf) => leaf < size).length;
      expect(keys.at(size).keyId).toBe(key(due).keyId);
      const open = () => keys.open(note(size, ...signed)).size;
      if (signed.includes(due)) expect(open()).toBe(size);
      else expect(open).toThrow(signed.some((number) => number <= leaves.length) ? 'key.replaced' : /note\.(unknown_signer|no_signature)/);
    }));
  });

  it('is what a kept checkpoint is left with: who holds one that was replaced cannot use it', () => {
    fc.assert(fc.property(leavesOfChanges, fc.nat(10_001), (leaves, size) => {
      const due = leaves.filter((leaf) => leaf < size).length;
      const everyone = Array.from({ length: leaves.length + 1 }, (_, number) => number);
      const kept = new LogKeys(key(0), stepsAt(leaves)).kept(`${note(size, ...everyone)}`);
      expect(parseNote(kept).signatures.map(({ keyId }) => keyId)).toEqual([key(due).keyId]);
      // Shown a log that hides how the key was replaced, the same person does not know the checkpoint they kept.
      if (due > 0) expect(() => new LogKeys(key(0), stepsAt(leaves.slice(0, due - 1))).openKept(kept)).toThrow('note.unknown_signer');
    }));
  });

  it('is led to by steps that follow each other, and by no others', () => {
    const [first, second, third] = stepsAt([3, 7, 9]) as [KeyStep, KeyStep, KeyStep];
    expect(() => new LogKeys(key(0), [second, first])).toThrow('key.twice');
    expect(() => new LogKeys(key(0), [first, third])).toThrow('key.not_in_order');
    expect(() => new LogKeys(key(5), [first, second])).toThrow('key.not_in_order');
    expect(() => new LogKeys(key(0), [first, { ...second, leafIndex: 3 }])).toThrow('key.not_in_order');
    expect(() => new LogKeys(key(0), [first, second, { ...third, next: key(0) }])).toThrow('key.twice');
    expect(() => new LogKeys(key(0), stepsAt(Array.from({ length: 65 }, (_, leaf) => leaf)))).toThrow('key.too_many');
  });

  it('must be right wherever it signed, in force or not', () => {
    const keys = new LogKeys(key(0), stepsAt([3]));
    const wrong = note(9, 0, 1).replace('\n9\n', '\n8\n');
    expect(() => keys.open(wrong)).toThrow('note.bad_signature');
    expect(() => keys.open(signCheckpoint({ origin: 'log.example/two', size: 9, root: emptyRoot }, [signer(0), signer(1)]))).toThrow('checkpoint.wrong_origin');
  });
});

describe('a log whose key was replaced', () => {
  const entries = (letter: string, count: number) => Array.from({ length: count }, (_, index) => Buffer.from(`${letter}${index}`));
  const treeOf = (leaves: readonly Uint8Array[], by: number) => {
    const log = new InMemoryLog(signer(by));
    log.append(leaves);
    return log;
  };
  const step = (leaves: readonly Uint8Array[]): KeyStep => {
    const signed = Buffer.from(treeOf(leaves, 0).files.get('checkpoint')!).toString();
    return { ...stepsAt([leaves.length - 1])[0]!, checkpoint: parseCheckpoint(parseNote(signed).text), note: signed };
  };
  const leaves = entries('a', 700);
  const found = async (log: InMemoryLog, steps: readonly KeyStep[]) => (await verifyLog(log, new LogKeys(key(0), steps), { entries: true })).findings.map(({ code, path, detail }) => [code, path, detail]);

  it('holds for who knows the old key, as long as it continues the tree in which the next was named', async () => {
    expect(await found(treeOf(leaves, 1), [step(leaves.slice(0, 300))])).toEqual([]);
    expect(await found(treeOf(leaves, 1), [])).toEqual([['checkpoint.refused', 'checkpoint', 'note.unknown_signer']]);
  });

  it('does not when it is another tree, or a smaller one, or the old key signs on', async () => {
    const path = keyChangePath(key(0).keyId);
    expect(await found(treeOf([...entries('b', 1), ...leaves.slice(1)], 1), [step(leaves.slice(0, 300))])).toMatchObject([['checkpoint.forked', path, expect.any(String)]]);
    expect(await found(treeOf(leaves.slice(0, 299), 0), [step(leaves.slice(0, 300))])).toMatchObject([['checkpoint.shrunk', path, expect.any(String)]]);
    expect(await found(treeOf(leaves, 0), [step(leaves.slice(0, 300))])).toEqual([['checkpoint.refused', 'checkpoint', 'key.replaced']]);
  });

  it('has the proof where its own name says', () => {
    expect(keyChangePath(0x5340bcad)).toBe('key/5340bcad');
    expect(parseLogPath('key/5340bcad')).toEqual({ kind: 'key', keyId: 0x5340bcad });
    for (const path of ['key/5340BCAD', 'key/5340bca', 'key/5340bcadf', 'key/../secrets', 'key/', 'key/5340bcad/x']) expect(parseLogPath(path)).toBeUndefined();
  });
});
