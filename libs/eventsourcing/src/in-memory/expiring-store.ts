import type { ExpiringEntry, ExpiringStore } from '../vault.js';

export function inMemoryExpiringStore({ maxEntries = 100_000 }: { readonly maxEntries?: number } = {}): ExpiringStore {
  const entries = new Map<string, ExpiringEntry>();
  // One counter for all keys: a version never comes back, so whoever holds the version of a deleted entry can't change its successor.
  let lastVersion = 0;

  const live = (key: string, nowMs: number): ExpiringEntry | undefined => {
    const entry = entries.get(key);
    return entry && entry.expiresAtMs > nowMs ? entry : undefined;
  };
  const sweep = (nowMs: number): number => {
    const stale = [...entries].filter(([, entry]) => entry.expiresAtMs <= nowMs);
    for (const [key] of stale) entries.delete(key);
    return stale.length;
  };

  return {
    async get(key, nowMs) {
      return live(key, nowMs);
    },
    async compareAndSet(key, expectedVersion, value, expiresAtMs, nowMs) {
      if ((live(key, nowMs)?.version ?? 0) !== expectedVersion) return undefined;
      if (!entries.has(key) && entries.size >= maxEntries && sweep(nowMs) === 0) return undefined;
      lastVersion += 1;
      entries.set(key, { value: Buffer.from(value), version: lastVersion, expiresAtMs });
      return lastVersion;
    },
    async delete(key) {
      entries.delete(key);
    },
    async sweep(nowMs) {
      return sweep(nowMs);
    },
    async close() {},
  };
}
