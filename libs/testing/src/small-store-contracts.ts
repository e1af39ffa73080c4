import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CompareAndSetRecord, ExpiringStore, Vault } from '@tillid/eventsourcing';
import type { Made, Make, Shared } from './made.js';

/** Not a Buffer: a port takes any bytes. */
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();

export function vaultContract(name: string, make: Make<Vault>): void {
  describe(`${name}: a vault`, () => {
    let made: Made<Vault>;
    beforeEach(async () => void (made = await make()));
    afterEach(() => made.remove());

    it('gives back what was put, and nothing else', async () => {
      await made.store.put({ id: 'r1', ciphertext: bytes('sealed'), putAtMs: 5 });
      const record = await made.store.get('r1');
      expect([record!.id, text(record!.ciphertext), record!.putAtMs]).toEqual(['r1', 'sealed', 5]);
      expect(await made.store.get('r2')).toBeUndefined();
    });
    it('takes the same record again, and never another under the same id', async () => {
      await made.store.put({ id: 'r1', ciphertext: bytes('sealed'), putAtMs: 5 });
      await made.store.put({ id: 'r1', ciphertext: bytes('sealed'), putAtMs: 6 });
      await expect(made.store.put({ id: 'r1', ciphertext: bytes('other'), putAtMs: 7 })).rejects.toThrow(/never changes/);
      expect((await made.store.get('r1'))!.putAtMs).toBe(5);
    });
    it('forgets what is deleted, also when told twice', async () => {
      for (const id of ['r1', 'r2', 'r3']) await made.store.put({ id, ciphertext: bytes(id), putAtMs: 5 });
      await made.store.delete(['r1', 'r3']);
      await made.store.delete(['r1']);
      await made.store.delete([]);
      expect(await made.store.get('r1')).toBeUndefined();
      expect(await made.store.list(100, undefined, 10)).toEqual(['r2']);
    });
    it('lists what was put before an instant, in id order, by page', async () => {
      for (const [id, putAtMs] of [['c', 1], ['a', 2], ['d', 3], ['b', 9]] as const) await made.store.put({ id, ciphertext: bytes(id), putAtMs });
      expect(await made.store.list(9, undefined, 2)).toEqual(['a', 'c']);
      expect(await made.store.list(9, 'c', 2)).toEqual(['d']);
    });
  });
}

export interface ExpiringStoreContractOptions {
  /** A store that holds at most three entries. */
  readonly small: Make<ExpiringStore>;
  /** One that holds at most three entries, too. */
  readonly shared: Shared<ExpiringStore>;
}

export function expiringStoreContract(name: string, make: Make<ExpiringStore>, { shared, small }: ExpiringStoreContractOptions): void {
  describe(`${name}: an expiring store`, () => {
    let made: Made<ExpiringStore>;
    beforeEach(async () => void (made = await make()));
    afterEach(() => made.remove());
    const set = (key: string, expected: number, value = 'v', expiresAtMs = 100, nowMs = 0) =>
      made.store.compareAndSet(key, expected, bytes(value), expiresAtMs, nowMs);

    it('gives back what was set, until its deadline', async () => {
      const version = await set('sign-in-1', 0, 'begun');
      const entry = await made.store.get('sign-in-1', 99);
      expect([text(entry!.value), entry!.version, entry!.expiresAtMs]).toEqual(['begun', version, 100]);
      expect(await made.store.get('sign-in-1', 100)).toBeUndefined();
      expect(await made.store.get('sign-in-2', 0)).toBeUndefined();
    });
    it('lets the first of two who saw the same version change it', async () => {
      const version = (await set('k', 0, 'one'))!;
      expect(await set('k', 0, 'two')).toBeUndefined();
      const next = (await set('k', version, 'two'))!;
      expect(next).not.toBe(version);
      expect(await set('k', version, 'three')).toBeUndefined();
      expect(text((await made.store.get('k', 0))!.value)).toBe('two');
    });
    it('lets one of 64 take a key', async () => {
      const versions = await Promise.all(Array.from({ length: 64 }, (_, index) => set('k', 0, `${index}`)));
      expect(versions.filter((version) => version !== undefined)).toHaveLength(1);
    });
    it('treats an expired entry as absent', async () => {
      const version = (await set('k', 0, 'old', 100))!;
      expect(await set('k', version, 'extended', 300, 100)).toBeUndefined();
      expect(await set('k', 0, 'new', 300, 100)).toBeDefined();
    });
    it('never gives a version twice, so that a late writer can\'t change what came after a delete', async () => {
      const version = (await set('k', 0))!;
      await made.store.delete('k');
      const later = (await set('k', 0, 'another sign-in'))!;
      expect(later).not.toBe(version);
      expect(await set('k', version, 'late')).toBeUndefined();
    });
    it('sweeps what is past its deadline, and only that', async () => {
      await set('a', 0, 'v', 100);
      await set('b', 0, 'v', 200);
      expect(await made.store.sweep(150)).toBe(1);
      expect(await made.store.sweep(150)).toBe(0);
      expect(await made.store.get('b', 150)).toBeDefined();
    });
    it('refuses a new key when it is full, and makes room by what has expired', async () => {
      const { store, remove } = await small();
      const put = (key: string, expected: number, expiresAtMs: number, nowMs: number) => store.compareAndSet(key, expected, bytes('v'), expiresAtMs, nowMs);
      const first = (await put('a', 0, 100, 0))!;
      for (const key of ['b', 'c']) await put(key, 0, 200, 0);
      expect(await put('d', 0, 200, 50)).toBeUndefined();
      expect(await put('a', first, 100, 50)).toBeDefined();
      expect(await put('d', 0, 200, 100)).toBeDefined();
      expect(await put('e', 0, 200, 100)).toBeUndefined();
      await store.delete('b');
      expect(await put('e', 0, 200, 100)).toBeDefined();
      await remove();
    });

    if (shared !== 'one connection only') {
      it('is one store to all its connections: one of them takes a key, and what all of them hold counts', async () => {
        const { store, another, remove } = await shared();
        const other = await another();
        const put = (which: ExpiringStore, key: string, expected = 0) => which.compareAndSet(key, expected, bytes('v'), 100, 0);
        const version = (await put(store, 'a'))!;
        expect(await put(other, 'a')).toBeUndefined();
        expect(await put(other, 'a', version)).toBeDefined();
        expect(await put(store, 'a', version)).toBeUndefined();
        for (const key of ['b', 'c']) await put(other, key);
        expect(await put(store, 'd')).toBeUndefined();
        await store.delete('c');
        expect(await put(other, 'd')).toBeDefined();
        expect(await put(store, 'e')).toBeUndefined();
        await other.close();
        await remove();
      });
    }
  });
}

export interface CompareAndSetRecordContractOptions {
  readonly shared: Shared<CompareAndSetRecord>;
}

export function compareAndSetRecordContract(name: string, make: Make<CompareAndSetRecord>, { shared }: CompareAndSetRecordContractOptions): void {
  describe(`${name}: a compare-and-set record`, () => {
    let made: Made<CompareAndSetRecord>;
    beforeEach(async () => void (made = await make()));
    afterEach(() => made.remove());

    it('starts with nothing', async () => {
      expect(await made.store.get()).toBeUndefined();
    });
    it('moves on only from the version the writer saw', async () => {
      expect(await made.store.compareAndSet(1, bytes('early'))).toBe(false);
      expect(await made.store.compareAndSet(0, bytes('one'))).toBe(true);
      expect(await made.store.compareAndSet(0, bytes('again'))).toBe(false);
      const { version } = (await made.store.get())!;
      expect(await made.store.compareAndSet(version, bytes('two'))).toBe(true);
      expect(await made.store.compareAndSet(version, bytes('late'))).toBe(false);
      expect(text((await made.store.get())!.value)).toBe('two');
    });
    it('lets one of 64 writers win each round', async () => {
      for (let round = 0; round < 5; round++) {
        const version = (await made.store.get())?.version ?? 0;
        const results = await Promise.all(Array.from({ length: 64 }, (_, index) => made.store.compareAndSet(version, bytes(`${index}`))));
        expect(results.filter(Boolean)).toHaveLength(1);
      }
    });
    if (shared !== 'one connection only') {
      it('shows another connection what was written, and lets only one of them win', async () => {
        const { store, another, remove } = await shared();
        const other = await another();
        await store.compareAndSet(0, bytes('one'));
        expect(text((await other.get())!.value)).toBe('one');
        const { version } = (await other.get())!;
        const won = await Promise.all([store, other].map((record) => record.compareAndSet(version, bytes('two'))));
        expect(won.filter(Boolean)).toHaveLength(1);
        await other.close();
        await remove();
      });
    }
  });
}
