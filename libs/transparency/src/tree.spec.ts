import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkConsistency, checkInclusion, edgeRoot, emptyEdge, growEdge, InMemoryLog, leafHash, noteSigner, proveConsistency, proveInclusion, provenLeaves, rootOf, subtreeRootsFrom, tilePath, type Hash, type LogFiles } from './index.js';
import { splitOf } from './tree.js';

const sha256 = (...parts: Uint8Array[]) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
/** RFC 6962 2.1, word for word: the oracle. */
function mth(entries: readonly Uint8Array[]): Hash {
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Uint8Array.of(0), entries[0] as Uint8Array);
  const k = splitOf(entries.length);
  return sha256(Uint8Array.of(1), mth(entries.slice(0, k)), mth(entries.slice(k)));
}
function path(m: number, entries: readonly Uint8Array[]): Hash[] {
  if (entries.length <= 1) return [];
  const k = splitOf(entries.length);
  return m < k ? [...path(m, entries.slice(0, k)), mth(entries.slice(k))] : [...path(m - k, entries.slice(k)), mth(entries.slice(0, k))];
}
function subproof(m: number, entries: readonly Uint8Array[], whole: boolean): Hash[] {
  if (m === entries.length) return whole ? [] : [mth(entries)];
  const k = splitOf(entries.length);
  return m <= k ? [...subproof(m, entries.slice(0, k), whole), mth(entries.slice(k))] : [...subproof(m - k, entries.slice(k), false), mth(entries.slice(0, k))];
}
const entriesTo = (size: number) => Array.from({ length: size }, (_, index) => Buffer.from(`entry-${index}`));
const rootsOver = (entries: readonly Uint8Array[]) => ({ first, count }: { first: number; count: number }) => mth(entries.slice(first, first + count));
const base64 = (hashes: readonly Uint8Array[]) => hashes.map((hash) => Buffer.from(hash).toString('base64'));

describe('the tree of the specification', () => {
  const roots: Record<number, string> = {
    0: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    1: 'QHZrIDNCkCb1PVRQJnmoOXBrR0H43K86i7pfQbX/4HU=',
    2: 'LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=',
    3: 'pkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=',
    7: 'kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=',
    255: 'RdqfN0dI4Xo3L3HABCKxLiv5aELx9hxXQP5JTkvs/w8=',
    256: '+F9OrTQIBxC00egIMBVDqquBqgTeuIWZNQ3Cak8vWN4=',
    257: 'kYsc7GTzF8duPPVcBTaEHAOe/wZ3LruIKM58F2Aotaw=',
  };
  it.each(Object.entries(roots))('has the root of %s leaves', async (size, root) => {
    const entries = entriesTo(Number(size));
    expect(edgeRoot(growEdge(emptyEdge, entries).edge).toString('base64')).toBe(root);
    expect((await rootOf(0, entries.length, rootsOver(entries))).toString('base64')).toBe(root);
  });

  it('proves entry 5 among 7, and 256 among 257, as the vectors say', async () => {
    expect(leafHash(Buffer.from('entry-5')).toString('base64')).toBe('UUFYUnUVBkx7vTW0TJ8Rrdz8OLQ5VU/Juw2LfGYcPo8=');
    expect(base64(await proveInclusion(5, 7, rootsOver(entriesTo(7))))).toEqual(['GUu1otW9EOXRqm/V1CmAs1bK8dpiPNmYfEv6L4F3Htc=', 'DP2ldv9LKeozw6/a7tG9Y362VLKKBDAvyrX9fbB4Acw=', 'JWueiCXl03CkrgBdCQHqKRl34pJ/XPjj5yZg3QlRnts=']);
    expect(base64(await proveInclusion(256, 257, rootsOver(entriesTo(257))))).toEqual([roots[256]]);
  });

  it('proves 3 and 4 leaves to be the beginning of 7', async () => {
    const from3 = ['BJ19zbVrz+vTEzBMmDnxlqPUtu873AsIKY+TrIGR8Kg=', 'J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=', 'LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=', '5CnFtcyqlSPDcpfxhGdm+QMTfoIZXFGZ5r5XEw0QBsg='];
    expect(base64(await proveConsistency(3, 7, rootsOver(entriesTo(7))))).toEqual(from3);
    expect(base64(await proveConsistency(4, 7, rootsOver(entriesTo(7))))).toEqual(from3.slice(-1));
  });
});

describe('leaves proven from the root down', () => {
  const seed = Buffer.alloc(32, 3);
  it.each([1, 255, 256, 257, 511, 70_000])('are those of a tree of %s, each tile read once', async (size) => {
    const log = new InMemoryLog(noteSigner('spec', seed));
    const entries = entriesTo(size);
    log.append(entries);
    const reads: string[] = [];
    const leaves = await provenLeaves({ read: (path) => (reads.push(path), log.read(path)) }, { size, root: edgeRoot(log.edge) });
    for (let index = 0; index < size; index += size > 1000 ? 97 : 1) expect(leafHash(entries[index]!).equals(await leaves.at(index))).toBe(true);
    expect(reads.length).toBe(new Set(reads).size);
    await expect(leaves.at(size)).rejects.toMatchObject({ code: 'tree.range_outside' });
  });

  it('are refused where a tile is not the one above it says, at any level', async () => {
    const log = new InMemoryLog(noteSigner('spec', seed));
    log.append(entriesTo(70_000));
    const files = (wrong: string): LogFiles => ({ read: async (path) => (path === wrong ? Buffer.from((await log.read(path))!).fill(1, 20, 21) : log.read(path)) });
    const at = async (wrong: string) => (await provenLeaves(files(wrong), { size: 70_000, root: edgeRoot(log.edge) })).at(3 * 256);
    await expect(at(tilePath(0, 3))).rejects.toMatchObject({ code: 'tile.mismatch' });
    await expect(at(tilePath(1, 0))).rejects.toMatchObject({ code: 'tile.mismatch' });
    await expect(at(tilePath(2, 0, 1))).rejects.toMatchObject({ code: 'edge.wrong_root' });
    expect(leafHash(Buffer.from('entry-768')).equals(await at(tilePath(0, 4)))).toBe(true);
  });
});

describe('proofs against the recursive definition', () => {
  const sizes = fc.integer({ min: 1, max: 70 });
  it('includes every leaf, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, pick, other) => {
        const entries = entriesTo(size);
        const index = pick % size;
        const proof = await proveInclusion(index, size, rootsOver(entries));
        expect(proof).toEqual(path(index, entries));
        const leaf = leafHash(entries[index] as Buffer);
        checkInclusion(leaf, index, size, mth(entries), proof);
        if (other % size !== index) expect(() => checkInclusion(leaf, other % size, size, mth(entries), proof)).toThrow('proof.not_included');
        expect(() => checkInclusion(leaf, index, size, mth(entries), [...proof, leaf])).toThrow('proof.not_included');
        if (proof.length > 0) expect(() => checkInclusion(leaf, index, size, mth(entries), proof.slice(1))).toThrow('proof.not_included');
      }),
    );
  });

  it('continues every earlier tree, and no forked one', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (size, pick) => {
        const entries = entriesTo(size);
        const oldSize = pick % (size + 1);
        const proof = await proveConsistency(oldSize, size, rootsOver(entries));
        if (oldSize > 0) expect(proof).toEqual(subproof(oldSize, entries, true));
        const [oldRoot, root] = [mth(entries.slice(0, oldSize)), mth(entries)];
        checkConsistency(oldSize, oldRoot, size, root, proof);
        const forked = mth([...entriesTo(oldSize).slice(1), Buffer.from('another')]);
        expect(() => checkConsistency(oldSize, forked, size, root, proof)).toThrow('proof.not_consistent');
        expect(() => checkConsistency(oldSize, oldRoot, size, root, [...proof, root])).toThrow('proof.not_consistent');
      }),
    );
  });

  it('takes sizes near 2^53 and refuses those beyond', () => {
    const size = 2 ** 53 - 1;
    expect(splitOf(size)).toBe(2 ** 52);
    expect(() => checkInclusion(Buffer.alloc(32), size - 1, size, Buffer.alloc(32), Array.from({ length: 53 }, () => Buffer.alloc(32)))).toThrow('proof.not_included');
    expect(() => checkInclusion(Buffer.alloc(32), 0, 2 ** 53, Buffer.alloc(32), [])).toThrow('size.not_safe');
    expect(() => checkConsistency(2 ** 53, Buffer.alloc(32), 2 ** 53, Buffer.alloc(32), [])).toThrow('size.not_safe');
  });

  it('takes no hash of another length for one', async () => {
    const entries = entriesTo(7);
    const [inclusion, consistency, leaf, root] = [path(5, entries), subproof(3, entries, true), leafHash(entries[5] as Buffer), mth(entries)];
    for (const wrong of [Buffer.alloc(0), root.subarray(1), Buffer.alloc(65)]) {
      expect(() => checkInclusion(leaf, 5, 7, root, inclusion.with(1, wrong))).toThrow('proof.malformed');
      expect(() => checkInclusion(wrong, 5, 7, root, inclusion)).toThrow('proof.malformed');
      expect(() => checkConsistency(3, mth(entries.slice(0, 3)), 7, root, consistency.with(0, wrong))).toThrow('proof.malformed');
      expect(() => checkConsistency(4, wrong, 7, root, subproof(4, entries, true))).toThrow('proof.malformed');
    }
  });
});

describe('growing by the right edge', () => {
  it('gives the same tree however the leaves arrive, and proofs from its tiles check', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 5 }), fc.nat(), async (steps, pick) => {
        const files = new Map<string, Uint8Array>();
        let edge = emptyEdge;
        const entries: Buffer[] = [];
        for (const step of steps) {
          const added = Array.from({ length: step }, (_, index) => Buffer.from(`entry-${entries.length + index}`));
          entries.push(...added);
          const growth = growEdge(edge, added);
          for (const { path: at, bytes } of [...growth.bundles, ...growth.tiles]) files.set(at, Uint8Array.from(bytes));
          edge = growth.edge;
        }
        expect(edgeRoot(edge)).toEqual(mth(entries));
        if (entries.length === 0) return;
        const index = pick % entries.length;
        const proof = await proveInclusion(index, entries.length, subtreeRootsFrom({ read: async (at) => files.get(at) }, entries.length));
        checkInclusion(leafHash(entries[index] as Buffer), index, entries.length, edgeRoot(edge), proof);
      }),
      { numRuns: 40 },
    );
  });

  it('writes n leaves in about n / 255 tiles, whatever is there already', () => {
    const { edge } = growEdge(emptyEdge, entriesTo(70_000));
    const growth = growEdge(edge, entriesTo(1));
    expect(growth.tiles.map(({ path: at }) => at)).toEqual(['tile/0/273.p/113']);
    expect(growEdge(edge, entriesTo(144)).tiles.map(({ path: at }) => at)).toEqual(['tile/0/273', 'tile/1/001.p/18']);
  });
});
