import type { CompareAndSetRecord } from '../vault.js';

export function inMemoryCompareAndSetRecord(): CompareAndSetRecord {
  let record: { value: Uint8Array; version: number } | undefined;
  return {
    async get() {
      return record;
    },
    async compareAndSet(expectedVersion, value) {
      if ((record?.version ?? 0) !== expectedVersion) return false;
      record = { value: Buffer.from(value), version: expectedVersion + 1 };
      return true;
    },
    async close() {},
  };
}
