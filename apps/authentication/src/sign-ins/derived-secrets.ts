import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

export type SecretPurpose = 'sign-in-id' | 'sign-in-secret' | 'hand-over' | 'agent-secret' | 'device-secret' | 'token-id' | 'activation-code';

/**
 * Secrets made from the command that asks for them (its id, or its fingerprint), under a secret of the service: the same
 * caller's retry under the same idempotency key gets the same ones again although only their hashes are stored, and
 * nobody else can make them.
 */
export class DerivedSecrets {
  // A key object once: node takes five times as long with the bytes each time.
  private readonly key: KeyObject;

  constructor(secret: Uint8Array) {
    this.key = createSecretKey(secret);
  }

  /** 256 bits, base64url. */
  secretOf(purpose: SecretPurpose, command: Uint8Array): string {
    return this.bytesOf(purpose, command).toString('base64url');
  }

  bytesOf(purpose: SecretPurpose, command: Uint8Array): Buffer {
    return createHmac('sha256', this.key).update(`${purpose}\n`).update(command).digest();
  }
}
