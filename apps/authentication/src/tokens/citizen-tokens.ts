import {
  type CitizenToken,
  decodeTokenKeys,
  encodeTokenKeys,
  issueCitizenToken,
  localTokenKeys,
  publicTokenKeys,
  replaceSecretFile,
  rotateTokenKeys,
  type TokenKey,
  type TokenKeySource,
  verifyCitizenToken,
} from '@tillid/crypto';
import type { Clock, Ids } from '@tillid/kernel';

/** Where the signing keys are kept: a file in the service's secrets, or, in specs, nowhere. */
export interface TokenKeyFile {
  read(): Promise<Uint8Array | undefined>;
  write(content: Uint8Array): Promise<void>;
}

/** Issues and checks citizens' tokens. The keys take turns: the next is published a day before it signs. */
export class CitizenTokens {
  private keys: readonly TokenKey[] = [];
  private source: TokenKeySource = localTokenKeys({ keys: [] });

  constructor(
    private readonly file: TokenKeyFile,
    private readonly issuer: string,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** At start, and from time to time. The file first: a key that was used and forgotten would end every session it opened. */
  async rotate(): Promise<void> {
    const stored = this.keys.length > 0 ? this.keys : await this.stored();
    const rotated = rotateTokenKeys(stored, this.clock.nowMs(), this.ids);
    if (rotated !== stored) await this.file.write(encodeTokenKeys(rotated));
    this.keys = rotated;
    this.source = localTokenKeys(publicTokenKeys(rotated));
  }

  /** `atMs` is when it was redeemed: a repeated reply holds the same times, and so never a longer life. */
  issue(claims: Omit<CitizenToken, 'issuedAtMs' | 'expiresAtMs'> & { readonly sessionExpiresAtMs: number }, atMs: number) {
    return issueCitizenToken(this.keys, this.issuer, claims, atMs);
  }

  verify(token: string, expected: { readonly audience: string; readonly thumbprint: string }): Promise<CitizenToken> {
    return verifyCitizenToken(token, this.source, { issuer: this.issuer, ...expected }, this.clock.nowMs());
  }

  /** What /.well-known/jwks.json answers. */
  keySet(): string {
    return JSON.stringify(publicTokenKeys(this.keys));
  }

  private async stored(): Promise<readonly TokenKey[]> {
    const content = await this.file.read();
    return content ? decodeTokenKeys(content) : [];
  }
}

export function tokenKeyFile(path: string, read: (path: string) => Promise<Uint8Array | undefined>): TokenKeyFile {
  return { read: () => read(path), write: (content) => replaceSecretFile(path, content) };
}
