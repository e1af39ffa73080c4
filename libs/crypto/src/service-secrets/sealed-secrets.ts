import { readFile } from 'node:fs/promises';
import type { CompareAndSetRecord } from '@tillid/eventsourcing';
import type { Ids } from '@tillid/kernel';
import { keyBytes, open, seal } from '../seal.js';
import { checkSecret, checkSecretName, SecretRefused, type Secrets } from './secrets.js';

export interface SealedSecretsParts {
  /** "consent". Bound in: one service's secret does not open as another's. */
  readonly service: string;
  /** 32 bytes; see readSealingKey. */
  readonly key: Uint8Array;
  /** The record a secret lies in, the same one for every replica. */
  readonly record: (name: string) => CompareAndSetRecord | Promise<CompareAndSetRecord>;
  readonly ids: Ids;
}

/** The cluster: sealed records in a database that all replicas have. Whoever reads the database alone reads none of them. */
export function sealedSecrets({ service, key, record, ids }: SealedSecretsParts): Secrets {
  if (key.length !== keyBytes) throw new SecretRefused(`the key that seals secrets has ${key.length} bytes where ${keyBytes} are due`);
  const context = (name: string): string => `tillid-secret/v1\n${service}\n${name}\n`;
  const sealed = (name: string, content: Uint8Array): Buffer => seal(key, checkSecret(name, content), context(name), ids);
  const opened = (name: string, value: Uint8Array): Buffer => {
    try {
      return checkSecret(name, open(key, value, context(name)));
    } catch (error) {
      if (error instanceof SecretRefused) throw error;
      throw new SecretRefused(`the secret ${name} of ${service} does not open: it was sealed by another key, or changed since`);
    }
  };
  const recordOf = async (name: string): Promise<CompareAndSetRecord> => {
    checkSecretName(name);
    return record(name);
  };
  return {
    async open(name, make) {
      const kept = await recordOf(name);
      const found = await kept.get();
      if (found) return opened(name, found.value);
      const content = checkSecret(name, await make());
      // A crash here, or a reply that is lost, leaves a secret nobody has used yet; the next start reads it.
      if (await kept.compareAndSet(0, sealed(name, content))) return content;
      const first = await kept.get();
      if (!first) throw new Error(`the record of the secret ${name} was there and is gone`);
      return opened(name, first.value);
    },
    async read(name) {
      const found = await (await recordOf(name)).get();
      return found && opened(name, found.value);
    },
    async replace(name, expected, next) {
      const kept = await recordOf(name);
      const value = sealed(name, next);
      const found = await kept.get();
      return found !== undefined && opened(name, found.value).equals(expected) && kept.compareAndSet(found.version, value);
    },
  };
}

/** The content of the file that TILLID_SECRETS_KEY names: 32 random bytes, raw. */
export async function readSealingKey(path: string): Promise<Buffer> {
  const key = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new SecretRefused(`the key that seals secrets cannot be read from ${path}: ${error.code ?? 'no reason given'}`);
  });
  if (key.length !== keyBytes) throw new SecretRefused(`${path} has ${key.length} bytes where the key that seals secrets has ${keyBytes}: \`head -c ${keyBytes} /dev/urandom\` makes one`);
  if (key.every((byte) => byte === key[0])) throw new SecretRefused(`${path} holds one byte ${keyBytes} times, which is no key`);
  return key;
}
