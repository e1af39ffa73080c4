import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

const certificates = new WeakMap<object, Uint8Array>();

/**
 * DER of the caller's certificate; undefined when none was shown. Read once for each connection, which shows one for as
 * long as it lives: node builds it anew, with everything in it, each time it is asked. grpc-js does not tell which
 * connection a call came in on, so this looks; should it stop finding it there, every call is read again.
 */
export function peerCertificate(call: ServerInterceptingCallInterface): Uint8Array | undefined {
  const connection = (call as unknown as { readonly stream?: { readonly session?: object } }).stream?.session;
  const known = connection && certificates.get(connection);
  if (known) return known;
  const certificate = call.getAuthContext().sslPeerCertificate?.raw;
  if (connection && certificate) certificates.set(connection, certificate);
  return certificate;
}
