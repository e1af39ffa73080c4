import { decodeKeyEncryptionKeys, encodeKeyEncryptionKeys, type KeyEncryptionKeys, newKeyEncryptionKeys, openSecretFile, replaceSecretFile } from '@tillid/crypto';
import type { Ids } from '@tillid/kernel';

/** Where the keys that wrap citizens' keys lie: never in the store they protect, never in its backup. */
export interface KeyEncryptionKeyFile {
  read(): Promise<KeyEncryptionKeys>;
  /** Durable before it resolves: a key that wrapped something and was lost would take it along. */
  replace(keys: KeyEncryptionKeys): Promise<void>;
}

export function keyEncryptionKeyFile(path: string, ids: Ids): KeyEncryptionKeyFile {
  return {
    read: async () => decodeKeyEncryptionKeys(await openSecretFile(path, () => encodeKeyEncryptionKeys(newKeyEncryptionKeys(ids)))),
    replace: (keys) => replaceSecretFile(path, encodeKeyEncryptionKeys(keys)),
  };
}
