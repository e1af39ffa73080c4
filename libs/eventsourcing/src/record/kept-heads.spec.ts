import { createHash } from 'node:crypto';
import { bucketOf } from '@tillid/transparency';
import { describe, expect, it } from 'vitest';
import { noLines, ownLogMapKey, ownLogMapValue } from '../index.js';
import { KeptHeads } from './kept-heads.js';

const headOf = (number: number) => ({ number, chain: createHash('sha256').update(`${number}`).digest() });

describe('heads of many logs, kept side by side', () => {
  it('are what was set last, and stand in the map as they would alone', () => {
    const heads = new KeptHeads();
    const owners = Array.from({ length: 10_000 }, (_, index) => `citizen/${index}`);
    for (const [index, owner] of owners.entries()) heads.set(owner, headOf(index + 1));
    for (const [index, owner] of owners.entries()) if (index % 3 === 0) expect(heads.set(owner, headOf(2 ** 32 * 7 + index))).toBe(bucketOf(ownLogMapKey(owner)));
    for (const [index, owner] of owners.entries()) {
      const wanted = headOf(index % 3 === 0 ? 2 ** 32 * 7 + index : index + 1);
      const { number, chain } = heads.of(owner);
      expect([number, Buffer.from(chain)]).toEqual([wanted.number, wanted.chain]);
      const key = ownLogMapKey(owner);
      const entry = heads.entriesOf(bucketOf(key)).find((each) => key.equals(each.key));
      expect(entry && Buffer.from(entry.value).equals(ownLogMapValue(wanted))).toBe(true);
    }
    expect(heads.of('citizen/nobody')).toBe(noLines);
    expect(heads.entriesOf(65_535).length).toBeLessThan(10);
  });
});
