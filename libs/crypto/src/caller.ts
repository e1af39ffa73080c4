import type { CallerKind } from '@tillid/contracts/access';
import { Refused } from '@tillid/kernel';

/** Whoever is at the other end of a connection, as its certificate names it. */
export interface CallerName {
  readonly kind: CallerKind;
  readonly id: string;
}

export interface Caller extends CallerName {
  /** x5t#S256 of the certificate (RFC 8705): base64url of SHA-256 over its DER. */
  readonly thumbprint: string;
}

const kinds: readonly CallerKind[] = ['service', 'relying_service', 'citizen_agent', 'operator', 'official', 'auditor'];
const shape = /^tillid:\/\/([a-z_]{1,20})\/([a-z][a-z0-9-]{1,39})$/;

export interface CertifiedCaller extends Caller {
  /** TLS checks this when a connection begins, which may be long before the call at hand. */
  readonly validUntilMs: number;
}

/** tillid://<kind>/<id>: the one name a certificate carries for us. */
export function callerUri({ kind, id }: CallerName): string {
  const uri = `tillid://${kind}/${id}`;
  if (!parseCallerUri(uri)) throw new Refused('caller.name_invalid', 'invalid');
  return uri;
}

/** Undefined for anything else, however near. */
export function parseCallerUri(uri: string): CallerName | undefined {
  const [, kindText, id] = shape.exec(uri) ?? [];
  const kind = kinds.find((known) => known === kindText);
  return kind && id ? { kind, id } : undefined;
}
