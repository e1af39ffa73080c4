import { decodeKeyEncryptionKeys, encodeKeyEncryptionKeys, type KeyEncryptionKeys, newKeyEncryptionKeys, parseSecret, type Secrets } from '@tillid/crypto';
import type { Ids } from '@tillid/kernel';

const secretName = 'key-encryption-keys.json';

/** Where the keys that wrap citizens' keys lie, the same for every replica: never in the store they protect, never in its backup. */
export interface KeyEncryptionKeyFile {
  read(): Promise<KeyEncryptionKeys>;
  /**
   * Durable before it resolves true: a key that wrapped something and was lost would take it along. False, and nothing
   * changes, when another replica has changed them since `expected` was read.
   */
  replace(expected: KeyEncryptionKeys, next: KeyEncryptionKeys): Promise<boolean>;
}

export function keyEncryptionKeyFile(secrets: Secrets, ids: Ids): KeyEncryptionKeyFile {
  const content = () => secrets.open(secretName, () => encodeKeyEncryptionKeys(newKeyEncryptionKeys(ids)));
  return {
    read: async () => parseSecret(secretName, await content(), decodeKeyEncryptionKeys),
    async replace(expected, next) {
      const kept = await content();
      const same = encodeKeyEncryptionKeys(parseSecret(secretName, kept, decodeKeyEncryptionKeys)).equals(encodeKeyEncryptionKeys(expected));
      return same && secrets.replace(secretName, kept, encodeKeyEncryptionKeys(next));
    },
  };
}
