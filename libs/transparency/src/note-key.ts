import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { parseBase64 } from './text.js';
import { refuse } from './transparency.refusals.js';

/** Signs notes under one name. */
export interface NoteSigner {
  readonly name: string;
  readonly keyId: number;
  sign(text: Uint8Array): Buffer;
}

/** Checks signatures of one name and key. */
export interface NoteVerifier {
  readonly name: string;
  readonly keyId: number;
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

const ed25519 = 0x01;
const privateKeyPrefix = Buffer.from('302e020100300506032b657004220420', 'hex'); // PKCS #8 up to the 32-byte seed
const publicKeyPrefix = Buffer.from('302a300506032b6570032100', 'hex'); // SPKI up to the 32-byte key

/** A key name: not empty, no control character, no space of any kind, no `+`. */
export function isKeyName(name: string): boolean {
  return name.length > 0 && name.length <= 255 && !/[\s\p{White_Space}\p{Cc}+]/u.test(name) && name.isWellFormed();
}

export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  const { publicKey, key } = openSeed(name, seed);
  return { name, keyId: keyIdOf(name, publicKey), sign: (text) => sign(null, text, key) };
}

/** `<name>+<key id>+<base64 of type and key>`: the public half, as it is published. */
export function vkeyOf(name: string, seed: Uint8Array): string {
  return formatVkey(name, openSeed(name, seed).publicKey);
}

export function formatVkey(name: string, publicKey: Uint8Array): string {
  const typed = Buffer.concat([Uint8Array.of(ed25519), publicKey]);
  return `${name}+${keyIdOf(name, publicKey).toString(16).padStart(8, '0')}+${typed.toString('base64')}`;
}

/** One vkey, as in a `.vkey` file: a last newline is forgiven. */
export function parseVkey(text: string): NoteVerifier {
  const [, name, id, encoded] = /^([^+]*)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n?$/.exec(text) ?? [];
  if (name === undefined || id === undefined || encoded === undefined || !isKeyName(name)) throw refuse('key.malformed');
  const typed = parseBase64(encoded);
  if (typed[0] !== ed25519) throw refuse('key.unknown_algorithm');
  if (typed.length !== 33) throw refuse('key.malformed');
  const publicKey = typed.subarray(1);
  const keyId = keyIdOf(name, publicKey);
  if (keyId !== Number.parseInt(id, 16)) throw refuse('key.wrong_id');
  const key = createPublicKey({ key: Buffer.concat([publicKeyPrefix, publicKey]), format: 'der', type: 'spki' });
  return { name, keyId, verify: (message, signature) => signature.length === 64 && verify(null, message, key, signature) };
}

function openSeed(name: string, seed: Uint8Array) {
  if (!isKeyName(name) || seed.length !== 32) throw refuse('key.malformed');
  const key = createPrivateKey({ key: Buffer.concat([privateKeyPrefix, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(publicKeyPrefix.length);
  return { key, publicKey };
}

/** SHA-256(name || "\n" || type || public key), its first four bytes. */
function keyIdOf(name: string, publicKey: Uint8Array): number {
  return createHash('sha256').update(`${name}\n`).update(Uint8Array.of(ed25519)).update(publicKey).digest().readUInt32BE(0);
}
