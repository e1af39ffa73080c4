import type { Vault, VaultRecord } from '../vault.js';

export function inMemoryVault(): Vault {
  const records = new Map<string, VaultRecord>();
  return {
    async put(record) {
      const known = records.get(record.id);
      if (known && Buffer.compare(known.ciphertext, record.ciphertext) !== 0) throw new Error('a vault record never changes');
      if (!known) records.set(record.id, { ...record, ciphertext: Buffer.from(record.ciphertext) });
    },
    async get(id) {
      return records.get(id);
    },
    async delete(ids) {
      for (const id of ids) records.delete(id);
    },
    async list(putBeforeMs, afterId, limit) {
      const ids = [...records.values()].filter((record) => record.putAtMs < putBeforeMs).map((record) => record.id).sort();
      return ids.filter((id) => afterId === undefined || id > afterId).slice(0, limit);
    },
    async close() {},
  };
}
