import type { AccessRule } from '@tillid/contracts/access';
import type { CertifiedCaller } from '@tillid/crypto';
import type { Citizen } from '../call.js';
import type { RpcDefinition } from '@tillid/rpc';

/** What the edge knows of a call before any of its bytes are looked at. */
export interface Knock {
  readonly path: string;
  /** DER of the peer's certificate; TLS has checked its chain. Undefined: none was shown. */
  readonly certificate: Uint8Array | undefined;
  /** First value of a metadata key. */
  header(name: string): string | undefined;
  /** What the caller set, in milliseconds since the epoch; Infinity for none. */
  readonly deadlineMs: number;
}

/** A call the gate let through. */
export interface Admitted {
  readonly caller: CertifiedCaller;
  readonly rule: AccessRule;
  readonly citizen?: Citizen;
  /** As shown; looked at where the rule leaves a token open. */
  readonly token: string | undefined;
  readonly minPosition: string | undefined;
  readonly correlationId: string;
  /** Only what our own services send is believed: an outsider's trace id would follow the citizen from client to client. */
  readonly traceParent: string | undefined;
  readonly deadlineMs: number;
}

export interface RegisteredRpc {
  readonly definition: RpcDefinition;
  /** Bound to its controller. */
  readonly handler: (request: never, call: never) => unknown;
}
