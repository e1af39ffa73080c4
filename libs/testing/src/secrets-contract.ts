import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSecretKey, secretBytesMax, systemIds, type Secrets } from '@tillid/crypto';
import type { MadeShared } from './made.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const name = 'token-keys.json';

/** `another` is a second replica of the same service. */
export function secretsContract(adapter: string, make: () => Promise<MadeShared<Secrets>>): void {
  describe(`${adapter}: a service's secrets`, () => {
    let made: MadeShared<Secrets>;
    let here: Secrets;
    let there: Secrets;
    beforeEach(async () => {
      made = await make();
      here = made.store;
      there = await made.another();
    });
    afterEach(() => made.remove());

    it('are made at first start, and are the same from then on, byte for byte', async () => {
      expect(await here.read(name)).toBeUndefined();
      const content = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      expect(await here.open(name, () => content)).toEqual(content);
      expect(await there.open(name, () => bytes('another'))).toEqual(content);
      expect(await there.read(name)).toEqual(content);
      expect(await here.read('call.key')).toBeUndefined();
    });

    it('are the same for all replicas that start at once', async () => {
      const opened = await Promise.all(Array.from({ length: 32 }, (_, index) => [here, there][index % 2]!.open(name, async () => bytes(`made by ${index}`))));
      expect(new Set(opened.map(String)).size).toBe(1);
      expect(await there.read(name)).toEqual(opened[0]);
    });

    it('are not made when what makes them fails', async () => {
      await expect(here.open(name, () => Promise.reject(new Error('no entropy')))).rejects.toThrow('no entropy');
      expect(await there.read(name)).toBeUndefined();
    });

    it('are replaced only by who knows what is there', async () => {
      expect(await here.replace(name, bytes('nothing'), bytes('new'))).toBe(false);
      await here.open(name, () => bytes('old'));
      expect(await there.replace(name, bytes('older'), bytes('new'))).toBe(false);
      expect(await there.replace(name, bytes('old'), bytes('new'))).toBe(true);
      expect(await here.replace(name, bytes('old'), bytes('late'))).toBe(false);
      expect(String(await here.read(name))).toBe('new');
      expect(String(await here.open(name, () => bytes('made anew')))).toBe('new');
    });

    it('let one of 32 who would replace them win each round', async () => {
      let kept = await here.open(name, () => bytes('round 0'));
      for (let round = 1; round <= 4; round++) {
        const won = await Promise.all(Array.from({ length: 32 }, (_, index) => [here, there][index % 2]!.replace(name, kept, bytes(`round ${round}.${index}`))));
        expect(won.filter(Boolean)).toHaveLength(1);
        kept = (await there.read(name))!;
        expect(String(kept)).toBe(`round ${round}.${won.indexOf(true)}`);
      }
    });

    it('do not change when somebody overwrites the copy they were given', async () => {
      (await here.open('call.key', () => bytes('secret'))).fill(0);
      (await here.read('call.key'))!.fill(0);
      expect(String(await there.read('call.key'))).toBe('secret');
    });

    it('are never empty, and never without end', async () => {
      await expect(here.open(name, () => Buffer.alloc(0))).rejects.toThrow('token-keys.json is empty');
      await expect(here.open(name, () => Buffer.alloc(secretBytesMax + 1))).rejects.toThrow('is longer than');
      await here.open(name, () => bytes('old'));
      await expect(here.replace(name, bytes('old'), Buffer.alloc(0))).rejects.toThrow('token-keys.json is empty');
      expect(String(await here.read(name))).toBe('old');
    });

    it('have names that are no paths', async () => {
      for (const wrong of ['', '../call.key', 'a/b.key', 'call', 'Call.key', '.key', 'call.key\n', `${'a'.repeat(70)}.key`]) {
        await expect(here.open(wrong, () => bytes('x'))).rejects.toThrow('is named <what>.key');
        await expect(here.read(wrong)).rejects.toThrow('is named <what>.key');
        await expect(here.replace(wrong, bytes('x'), bytes('y'))).rejects.toThrow('is named <what>.key');
      }
    });

    it('that are keys have 32 bytes, or are refused by name', async () => {
      const key = await openSecretKey(here, 'call', systemIds);
      expect(key).toHaveLength(32);
      expect(await openSecretKey(there, 'call', systemIds)).toEqual(key);
      await here.open('pairwise.key', () => bytes('short'));
      await expect(openSecretKey(there, 'pairwise', systemIds)).rejects.toThrow('the secret pairwise.key has 5 bytes where 32 are due');
    });
  });
}
