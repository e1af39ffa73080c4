import { beforeEach, describe, expect, it } from 'vitest';
import type { CitizenKeyRecords, KeyUseCounts } from '../src/key-ring/citizen-key-records.js';

export interface KeyRingStores {
  readonly records: CitizenKeyRecords;
  readonly counts: KeyUseCounts;
  /** Of what holds them, when `records.close` is not enough. */
  readonly remove?: () => Promise<void>;
}

/** Every adapter of the key ring's ports passes this. */
export function keyRingStoresContract(name: string, open: () => Promise<KeyRingStores>): void {
  describe(`the key ring’s stores ${name}`, () => {
    let records: CitizenKeyRecords;
    let counts: KeyUseCounts;
    beforeEach(async () => {
      const opened = await open();
      ({ records, counts } = opened);
      return async () => {
        await records.close();
        await opened.remove?.();
      };
    });
    const add = (citizenId: string, addedAtMs = 0) => records.add({ citizenId, wrappedKey: Buffer.from(`key of ${citizenId}`), addedAtMs });

    it('keep one key a citizen, and know who has none', async () => {
      await add('ida');
      expect(await records.get('ida')).toEqual({ wrappedKey: Buffer.from('key of ida') });
      expect(await records.get('otto')).toBeUndefined();
      await expect(add('ida')).rejects.toThrow();
    });

    it('list what nobody has named yet, oldest first, and only what is old enough', async () => {
      await add('new', 30);
      await add('old', 10);
      await add('older', 5);
      await add('named', 1);
      await records.markNamed(['named', 'never there']);
      expect(await records.unnamed(30, 10)).toEqual(['older', 'old']);
      expect(await records.unnamed(31, 2)).toEqual(['older', 'old']);
      await records.remove(['older']);
      expect(await records.unnamed(31, 10)).toEqual(['old', 'new']);
      expect(await records.get('older')).toBeUndefined();
    });

    it('keep a tombstone of a destroyed key, which nothing brings back', async () => {
      await add('ida');
      await records.destroy('ida');
      await records.destroy('ida');
      await records.destroy('never there');
      expect(await records.get('ida')).toEqual({ wrappedKey: null });
      await records.rewrap([{ citizenId: 'ida', from: Buffer.from('key of ida'), to: Buffer.from('again') }]);
      expect(await records.get('ida')).toEqual({ wrappedKey: null });
      await expect(add('ida')).rejects.toThrow();
      expect(await records.unnamed(1000, 10)).toEqual([]);
    });

    it('page through live keys and wrap again only what is still as it was', async () => {
      for (const citizenId of ['c', 'a', 'd', 'b']) await add(citizenId);
      await records.destroy('b');
      const first = await records.page('', 2);
      expect(first.map(({ citizenId }) => citizenId)).toEqual(['a', 'c']);
      expect((await records.page('c', 2)).map(({ citizenId }) => citizenId)).toEqual(['d']);
      await records.rewrap([{ citizenId: 'a', from: first[0]!.wrappedKey, to: Buffer.from('new') }, { citizenId: 'c', from: Buffer.from('stale'), to: Buffer.from('new') }]);
      expect(await records.get('a')).toEqual({ wrappedKey: Buffer.from('new') });
      expect(await records.get('c')).toEqual({ wrappedKey: Buffer.from('key of c') });
    });

    it('keep small numbers beside the keys', async () => {
      expect(await records.number('destroyed_up_to')).toBeUndefined();
      await records.setNumber('destroyed_up_to', 17);
      await records.setNumber('destroyed_up_to', 18);
      expect(await records.number('destroyed_up_to')).toBe(18);
    });

    it('add up uses by citizen, service and day, until they are removed', async () => {
      const use = { citizenId: 'ida', service: 'consent', day: '2026-11-24' };
      await counts.add([{ ...use, count: 2 }, { ...use, service: 'authentication', count: 1 }, { ...use, count: 3 }]);
      await counts.add([{ ...use, day: '2026-11-25', count: 7 }]);
      await counts.add([{ ...use, count: 1 }]);
      await counts.writeDecoy();
      await counts.writeDecoy();
      expect(await counts.before('2026-11-24', 10)).toEqual([]);
      expect(await counts.before('2026-11-25', 10)).toEqual([{ ...use, service: 'authentication', count: 1 }, { ...use, count: 6 }]);
      expect(await counts.before('2026-11-26', 1)).toHaveLength(1);
      await counts.remove([use]);
      expect(await counts.before('2026-11-26', 10)).toEqual([{ ...use, service: 'authentication', count: 1 }, { ...use, day: '2026-11-25', count: 7 }]);
    });
  });
}
