import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { SignedHead } from '@tillid/contracts/event/v1/event';

/** A source's Ed25519 key, with which it signs what it has: event.proto, SignedHead. */
export interface SourceKey {
  /** 32 bytes, as in SourceKeyAnnounced. */
  readonly publicKey: Buffer;
  sign(head: { readonly source: string; readonly position: number; readonly chain: Uint8Array; readonly timeMs: number }): SignedHead;
}

/** The content of the key's secret file. */
export function newSourceKeyFile(): Buffer {
  return Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

export function sourceKeyFrom(file: Uint8Array): SourceKey {
  const privateKey = createPrivateKey(Buffer.from(file));
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('a source key is an Ed25519 key');
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  return {
    publicKey,
    sign: (head) => ({ ...head, chain: Buffer.from(head.chain), signature: sign(null, signedHeadText(head), privateKey) }),
  };
}

/** False for any head not signed by that key, malformed ones included. */
export function verifySignedHead(head: SignedHead, publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32 || head.chain.length !== 32 || head.signature.length !== 64) return false;
  return verify(null, signedHeadText(head), publicKeyFrom(publicKey), head.signature);
}

/** The exact bytes a head's signature is over. */
export function signedHeadText(head: { readonly source: string; readonly position: number; readonly chain: Uint8Array; readonly timeMs: number }): Buffer {
  return Buffer.from(`tillid-head/v1\n${head.source}\n${head.position}\n${Buffer.from(head.chain).toString('base64')}\n${head.timeMs}\n`);
}

function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x as string, 'base64url');
}

function publicKeyFrom(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') }, format: 'jwk' });
}
