import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { keySuccessionText, signedHeadText, type UnsignedHead } from '@tillid/eventsourcing';

/** A source's Ed25519 key, with which it signs what it has: event.proto, SignedHead. */
export interface SourceKey {
  /** 32 bytes, as in SourceKeyAnnounced. */
  readonly publicKey: Buffer;
  sign(head: UnsignedHead): SignedHead;
  /** The signature that lets the next key of this source be in force: event.proto, SourceKeyAnnounced. */
  vouchFor(source: string, nextPublicKey: Uint8Array): Buffer;
}

const block = /-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END PRIVATE KEY-----/g;

/** The content of the secret: all keys the source ever had, oldest first. This one is the first. */
export function newSourceKeyFile(): Buffer {
  return Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** The same and one more, the newest. */
export function withNewSourceKey(content: Uint8Array): Buffer {
  return Buffer.concat([content, newSourceKeyFile()]);
}

export function sourceKeysFrom(content: Uint8Array): readonly SourceKey[] {
  const text = Buffer.from(content).toString('latin1');
  const keys = (text.match(block) ?? []).map((pem) => keyOf(createPrivateKey(pem)));
  if (keys.length === 0 || text.replaceAll(block, '').trim() !== '') throw new Error('source keys are Ed25519 keys in PEM, one after the other');
  return keys;
}

/** The newest of them. */
export function sourceKeyFrom(content: Uint8Array): SourceKey {
  return sourceKeysFrom(content).at(-1)!;
}

function keyOf(privateKey: KeyObject): SourceKey {
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('a source key is an Ed25519 key');
  const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x as string, 'base64url');
  return {
    publicKey,
    sign: (head) => ({ ...head, chain: Buffer.from(head.chain), signature: sign(null, signedHeadText(head), privateKey) }),
    vouchFor: (source, nextPublicKey) => sign(null, keySuccessionText(source, publicKey, nextPublicKey), privateKey),
  };
}
