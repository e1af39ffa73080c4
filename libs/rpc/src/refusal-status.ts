import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { Refused, type RefusalKind } from '@tillid/kernel';
import { decodeErrorStatus, encodeErrorStatus } from './google-rpc-status.js';

const codes: Readonly<Record<RefusalKind, status>> = {
  invalid: status.INVALID_ARGUMENT,
  precondition: status.FAILED_PRECONDITION,
  not_found: status.NOT_FOUND,
  taken: status.ALREADY_EXISTS,
  not_allowed: status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  busy: status.RESOURCE_EXHAUSTED,
  conflict: status.ABORTED,
  unknown_outcome: status.UNAVAILABLE,
};
const kinds = new Map(Object.entries(codes).map(([kind, code]) => [code, kind as RefusalKind]));

const domain = 'tillid';
const detailsKey = 'grpc-status-details-bin';

/** What a refusal is on the wire: the code as message, and the details a program reads. */
export function statusOfRefusal(refused: Refused): { code: status; details: string; metadata: Metadata } {
  const code = codes[refused.kind];
  return statusWith(code, refused.code, { fields: refused.details.fields, retryAfterMs: refused.details.retryAfterMs });
}

/** What is nobody's business: an id to find it in the logs, and nothing else. */
export function statusOfFault(correlationId: string): { code: status; details: string; metadata: Metadata } {
  return statusWith(status.INTERNAL, 'call.failed', { metadata: { correlation_id: correlationId } });
}

/** The deadline has passed; whether it happened is for a retry with the same key to find out. */
export function statusOfDeadline(): { code: status; details: string; metadata: Metadata } {
  return statusWith(status.DEADLINE_EXCEEDED, 'call.deadline_exceeded', {});
}

function statusWith(code: status, reason: string, rest: { readonly fields?: Refused['details']['fields']; readonly retryAfterMs?: number | undefined; readonly metadata?: Record<string, string> }) {
  const metadata = new Metadata();
  const { fields, retryAfterMs, metadata: info } = rest;
  metadata.set(detailsKey, encodeErrorStatus({ code, message: reason, reason, domain, ...(info && { metadata: info }), ...(fields && { fields }), ...(retryAfterMs !== undefined && { retryAfterMs }) }));
  return { code, details: reason, metadata };
}

/** An rpc that failed in a way that is not part of the contract: INTERNAL there, or no answer in time. */
export class RpcFailed extends Error {
  override readonly name = 'RpcFailed';

  constructor(
    readonly rpc: string,
    readonly status: status,
    /** Of the call at the other end, to find it in its logs. */
    readonly correlationId?: string,
  ) {
    super(`${rpc}: ${status}`);
  }
}

/** Back from the wire: the same Refused the other service threw, or RpcFailed. */
export function errorOfStatus(rpc: string, error: Pick<ServiceError | StatusObject, 'code' | 'metadata'>): Refused | RpcFailed {
  const [raw] = error.metadata?.get(detailsKey) ?? [];
  const details = raw instanceof Uint8Array ? decodeErrorStatus(raw) : undefined;
  const kind = kinds.get(error.code);
  if (details && details.domain === domain && kind) {
    return new Refused(details.reason, kind, { ...(details.fields && { fields: details.fields }), ...(details.retryAfterMs !== undefined && { retryAfterMs: details.retryAfterMs }) });
  }
  // Without details it did not come from a service of ours: the connection, a proxy, or grpc-js itself.
  if (error.code === status.UNAVAILABLE) return new Refused('peer.unavailable', 'unknown_outcome');
  if (error.code === status.DEADLINE_EXCEEDED) return new Refused('call.deadline_exceeded', 'unknown_outcome');
  if (error.code === status.RESOURCE_EXHAUSTED) return new Refused('call.too_large', 'invalid');
  return new RpcFailed(rpc, error.code, details?.metadata?.['correlation_id']);
}
