import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, checkMapProof, emptyMapRoot, joinSubtrees, MapTop, mapSubtree, proveInMap, type MapEntry } from './index.js';

/** Every tenth shares its first 16 bits with the others of its kind, so that one bucket is full. */
const keyOf = (name: string) => createHash('sha256').update(name).digest().fill(0, 0, name.endsWith('7') ? 2 : 0);
const entryOf = (name: string, value = name): MapEntry => ({ key: keyOf(name), value: Buffer.from(value) });
const names = fc.uniqueArray(fc.nat({ max: 5000 }).map(String), { maxLength: 60 });
const rootOfAll = (entries: readonly MapEntry[]) => mapSubtree(entries).root;

describe('a verifiable map', () => {
  it('has the same root in whatever order it was filled', () => {
    fc.assert(fc.property(names, (all) => rootOfAll(all.map((name) => entryOf(name))).equals(rootOfAll(all.toReversed().map((name) => entryOf(name))))));
    expect(rootOfAll([])).toEqual(emptyMapRoot);
  });

  it('has another root when any value changes, comes or goes', () => {
    fc.assert(fc.property(names.filter(({ length }) => length > 0), fc.nat(), (all, pick) => {
      const entries = all.map((name) => entryOf(name));
      const at = pick % entries.length;
      const changed = entries.with(at, { ...entries[at]!, value: Buffer.from('another') });
      return !rootOfAll(entries).equals(rootOfAll(changed)) && !rootOfAll(entries).equals(rootOfAll(entries.toSpliced(at, 1)));
    }));
  });

  it('proves of every key the value it has, or that it has none, and nothing else', () => {
    fc.assert(fc.property(names, fc.nat({ max: 5000 }).map(String), (all, asked) => {
      const entries = all.map((name) => entryOf(name));
      const root = rootOfAll(entries);
      const value = all.includes(asked) ? Buffer.from(asked) : undefined;
      const proof = proveInMap(entries, keyOf(asked));
      checkMapProof(root, keyOf(asked), value, proof);
      expect(() => checkMapProof(root, keyOf(asked), Buffer.from('invented'), { siblings: proof.siblings })).toThrow('proof.not_included');
      if (value) expect(() => checkMapProof(root, keyOf(asked), undefined, proof)).toThrow('proof.not_included');
    }));
  });

  it('does not let another entry stand for a key whose place it is not in, or a key for itself', () => {
    const entries = ['anna', 'bent', 'carl', 'dora'].map((name) => entryOf(name));
    const proof = proveInMap(entries, keyOf('anna'));
    for (const other of entries) expect(() => checkMapProof(rootOfAll(entries), keyOf('anna'), undefined, { ...proof, other })).toThrow(/^proof\./);
    expect(() => checkMapProof(rootOfAll(entries), keyOf('anna'), Buffer.from('anna'), { siblings: [...proof.siblings, Buffer.alloc(31)] })).toThrow('proof.malformed');
    expect(() => checkMapProof(rootOfAll(entries), keyOf('anna'), Buffer.from('anna'), { siblings: Array.from({ length: 257 }, () => Buffer.alloc(32)) })).toThrow('proof.malformed');
  });

  it('can be kept in parts: what a parent needs of its children is their counts and roots', () => {
    fc.assert(fc.property(names, (all) => {
      const entries = all.map((name) => entryOf(name));
      const side = (bit: number) => entries.filter(({ key }) => key[0]! >> 7 === bit);
      return joinSubtrees(mapSubtree(side(0), 1), mapSubtree(side(1), 1)).root.equals(rootOfAll(entries));
    }));
  });

  it('has the same root and proofs when only its top is in memory', async () => {
    await fc.assert(fc.asyncProperty(names, names, fc.nat({ max: 5000 }).map(String), async (some, more, asked) => {
      const all = [...new Set([...some, ...more])];
      const top = new MapTop();
      const entriesIn = (bucket: number, of: readonly string[]) => of.map((name) => entryOf(name)).filter(({ key }) => bucketOf(key) === bucket);
      const fill = (of: readonly string[], changed: readonly string[]) => top.set(new Map(changed.map((name) => bucketOf(keyOf(name))).map((bucket) => [bucket, mapSubtree(entriesIn(bucket, of), 16)])));
      fill(some, some);
      expect(top.root).toEqual(rootOfAll(some.map((name) => entryOf(name))));
      fill(all, more);
      expect(top.root).toEqual(rootOfAll(all.map((name) => entryOf(name))));
      expect(top.count).toBe(all.length);
      const proof = await top.prove(keyOf(asked), (bucket) => entriesIn(bucket, all));
      expect(proof).toEqual(proveInMap(all.map((name) => entryOf(name)), keyOf(asked)));
      checkMapProof(top.root, keyOf(asked), all.includes(asked) ? Buffer.from(asked) : undefined, proof);
    }), { numRuns: 30 });
  });

  it('refuses a key that stands twice', () => expect(() => mapSubtree([entryOf('anna'), entryOf('anna')])).toThrow('twice'));
});
