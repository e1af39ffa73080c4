import { ServerCredentials } from '@grpc/grpc-js';
import type { TlsIdentity } from '@tillid/rpc';

/** mTLS that shows the renewed certificate, and trusts the renewed authorities, from the next connection on; open ones go on. */
export class LiveServerCredentials extends ServerCredentials {
  private readonly stopListening: () => void;

  constructor(tls: TlsIdentity) {
    super({ requestCert: true, rejectUnauthorized: true }, contextOf(tls));
    this.stopListening = tls.onRenewed?.(() => this.updateSecureContextOptions(contextOf(tls))) ?? (() => undefined);
  }

  close(): void {
    this.stopListening();
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf({ ca, key, cert }: TlsIdentity): { ca: Buffer; key: Buffer; cert: Buffer } {
  return { ca, key, cert };
}
