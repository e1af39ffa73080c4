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

type NamedKey = Pick<NoteVerifier, 'name' | 'keyId'>;

/** Name and id are what a signature line has of its key. */
export function isSameKey(one: NamedKey, other: NamedKey): boolean {
  return one.name === other.name && one.keyId === other.keyId;
}

/** Each once, in order. */
export function distinctKeys<Key extends NamedKey>(keys: readonly Key[]): readonly Key[] {
  return keys.filter((key, index) => keys.findIndex((other) => isSameKey(key, other)) === index);
}

const ed25519 = 0x01;
const ed25519Cosignature = 0x04;
const mlDsa44 = 0x06;
const mlDsa44KeyBytes = 1312;
const timeBytes = 8;
const maxSeconds = 2n ** 63n - 1n;
const privateKeyPrefix = Buffer.from('302e020100300506032b657004220420', 'hex'); // PKCS #8 up to the 32-byte seed
const publicKeyPrefix = Buffer.from('302a300506032b6570032100', 'hex'); // SPKI up to the 32-byte key

/** A key name: not empty, no control character, no space of any kind, no `+`. */
export function isKeyName(name: string): boolean {
  return name.length > 0 && name.length <= 255 && !/[\s\p{White_Space}\p{Cc}+]/u.test(name) && name.isWellFormed();
}

export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  const { publicKey, key } = openSeed(name, seed);
  return { name, keyId: keyIdOf(name, ed25519, publicKey), sign: (text) => sign(null, text, key) };
}

/** `<name>+<key id>+<base64 of type and key>`: the public half, as it is published. */
export function vkeyOf(name: string, seed: Uint8Array): string {
  return formatVkey(name, openSeed(name, seed).publicKey);
}

export function formatVkey(name: string, publicKey: Uint8Array): string {
  return formatTyped(name, ed25519, publicKey);
}

/** One vkey, as in a `.vkey` file: a last newline is forgiven. */
export function parseVkey(text: string): NoteVerifier {
  const { name, keyId, verifyBytes } = openVkey(text, ed25519);
  return { name, keyId, verify: verifyBytes };
}

/**
 * Cosigns checkpoints under one name (C2SP tlog-cosignature v1, type 0x04). The payload of its signature is the time,
 * in Unix seconds and 8 bytes, and the 64 bytes of Ed25519.
 */
export function cosigner(name: string, seed: Uint8Array, nowSeconds: () => number): NoteSigner {
  const { publicKey, key } = openSeed(name, seed);
  return {
    name,
    keyId: keyIdOf(name, ed25519Cosignature, publicKey),
    sign(text) {
      const time = Buffer.alloc(timeBytes);
      time.writeBigUInt64BE(BigInt(nowSeconds()));
      return Buffer.concat([time, sign(null, cosignedMessage(time.readBigUInt64BE(), text), key)]);
    },
  };
}

/** The public half of a cosigner: a vkey of type 0x04. */
export function cosignerVkeyOf(name: string, seed: Uint8Array): string {
  return formatTyped(name, ed25519Cosignature, openSeed(name, seed).publicKey);
}

/** A witness's vkey, type 0x04. A log's own key is none: the two never vouch for the same thing. */
export function parseCosignerVkey(text: string): NoteVerifier {
  const { name, keyId, verifyBytes } = openVkey(text, ed25519Cosignature);
  return {
    name,
    keyId,
    verify(message, payload) {
      const seconds = payload.length === timeBytes + 64 ? Buffer.from(payload).readBigUInt64BE() : -1n;
      return seconds >= 0n && seconds <= maxSeconds && verifyBytes(cosignedMessage(seconds, message), payload.subarray(timeBytes));
    },
  };
}

/** When a cosignature says it was made, in Unix seconds; believe it only once it verified. Above 2^53 - 1 it is Infinity. */
export function cosignatureSeconds(payload: Uint8Array): number {
  const seconds = Number(Buffer.from(payload).readBigUInt64BE());
  return Number.isSafeInteger(seconds) ? seconds : Infinity;
}

/** The key in a vkey, whatever its name: two vkeys of one key are one party. */
export function publicKeyOf(vkey: string): string {
  return vkey.trim().slice(vkey.indexOf('+', vkey.indexOf('+') + 1) + 1);
}

function cosignedMessage(seconds: bigint, text: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`cosignature/v1\ntime ${seconds}\n`, 'ascii'), text]);
}

/**
 * Whether a vkey is of an algorithm that C2SP names and nothing here checks: ML-DSA-44, type 0x06, 1,312 bytes. Signatures by it
 * are ignored. False for any other type; throws for a vkey that is none.
 */
export function isUncheckedVkey(vkey: string): boolean {
  const { name, id, typed } = vkeyParts(vkey);
  if (typed[0] !== mlDsa44) return false;
  if (typed.length !== 1 + mlDsa44KeyBytes) throw refuse('key.malformed');
  if (keyIdOf(name, mlDsa44, typed.subarray(1)) !== id) throw refuse('key.wrong_id');
  return true;
}

function vkeyParts(text: string): { name: string; id: number; typed: Buffer } {
  const [, name, id, encoded] = /^([^+]*)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n?$/.exec(text) ?? [];
  if (name === undefined || id === undefined || encoded === undefined || !isKeyName(name)) throw refuse('key.malformed');
  return { name, id: Number.parseInt(id, 16), typed: parseBase64(encoded) };
}

function openVkey(text: string, type: number): { name: string; keyId: number; verifyBytes: (message: Uint8Array, signature: Uint8Array) => boolean } {
  const { name, id, typed } = vkeyParts(text);
  if (typed[0] !== type) throw refuse('key.unknown_algorithm');
  if (typed.length !== 33) throw refuse('key.malformed');
  const publicKey = typed.subarray(1);
  const keyId = keyIdOf(name, type, publicKey);
  if (keyId !== id) throw refuse('key.wrong_id');
  const key = createPublicKey({ key: Buffer.concat([publicKeyPrefix, publicKey]), format: 'der', type: 'spki' });
  return { name, keyId, verifyBytes: (message, signature) => signature.length === 64 && verify(null, message, key, signature) };
}

function formatTyped(name: string, type: number, publicKey: Uint8Array): string {
  const typed = Buffer.concat([Uint8Array.of(type), publicKey]);
  return `${name}+${keyIdOf(name, type, publicKey).toString(16).padStart(8, '0')}+${typed.toString('base64')}`;
}

function openSeed(name: string, seed: Uint8Array) {
  if (!isKeyName(name) || seed.length !== 32) throw refuse('key.malformed');
  const key = createPrivateKey({ key: Buffer.concat([privateKeyPrefix, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(publicKeyPrefix.length);
  return { key, publicKey };
}

/** SHA-256(name || "\n" || type || public key), its first four bytes. */
function keyIdOf(name: string, type: number, publicKey: Uint8Array): number {
  return createHash('sha256').update(`${name}\n`).update(Uint8Array.of(type)).update(publicKey).digest().readUInt32BE(0);
}
