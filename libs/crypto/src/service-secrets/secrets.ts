import type { Ids } from '@tillid/kernel';
import { keyBytes } from '../seal.js';

/**
 * A service's own secrets, one truth for all its replicas: keys that sign, that wrap, that hash. They lie apart from
 * every store they protect, and outside its backups. Names are "<what>.key" (a key) or "<what>.json" (several).
 */
export interface Secrets {
  /** What is kept under the name; made when there is none. Whoever makes it at the same time comes back with the same. */
  open(name: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Buffer>;
  /** Undefined while nobody has made it. Asked again, it tells what another replica put there since. */
  read(name: string): Promise<Buffer | undefined>;
  /** Durable when it resolves true; false, and nothing changes, when what is kept is not `expected` any more. */
  replace(name: string, expected: Uint8Array, next: Uint8Array): Promise<boolean>;
}

/** What is kept cannot be a secret, or cannot be opened. The message names it and never holds a byte of it. */
export class SecretRefused extends Error {
  override readonly name = 'SecretRefused';
}

export const secretBytesMax = 64 * 1024;

/** 32 random bytes under "<what>.key", made at first start. */
export async function openSecretKey(secrets: Secrets, what: string, ids: Ids): Promise<Buffer> {
  const name = `${what}.key`;
  const key = await secrets.open(name, () => ids.bytes(keyBytes));
  if (key.length !== keyBytes) throw new SecretRefused(`the secret ${name} has ${key.length} bytes where ${keyBytes} are due`);
  return key;
}

/** Reads a secret of a format. The cause is left out: parsers quote what they choke on. */
export function parseSecret<Parsed>(name: string, content: Uint8Array, parse: (content: Uint8Array) => Parsed): Parsed {
  try {
    return parse(content);
  } catch {
    throw new SecretRefused(`the secret ${name} is not one this version can read`);
  }
}

/** Every adapter calls it first: a name is never a path. */
export function checkSecretName(name: string): void {
  if (!/^[a-z][a-z0-9-]{0,63}\.(key|json)$/.test(name)) throw new SecretRefused('a secret is named <what>.key or <what>.json');
}

/** Of every content, on its way in and on its way out. */
export function checkSecret(name: string, content: Uint8Array): Buffer {
  if (content.length === 0) throw new SecretRefused(`the secret ${name} is empty`);
  if (content.length > secretBytesMax) throw new SecretRefused(`the secret ${name} is longer than ${secretBytesMax} bytes`);
  return Buffer.from(content);
}
