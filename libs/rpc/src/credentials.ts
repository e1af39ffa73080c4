import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PeerCertificate } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';

/** Key and certificate of this caller, and the authority that vouches for the others. */
export interface TlsIdentity {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** One or more: while one authority takes over from another, both. */
  readonly ca: Buffer;
  /** Told of each renewal; absent where there are none. Answers the way to stop being told. */
  onRenewed?(listener: () => void): () => void;
}

/** From a folder with key.pem, cert.pem and ca.pem, as `tillid client add` writes it. */
export function readTlsIdentity(folder: string): TlsIdentity {
  return { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')), ca: readFileSync(join(folder, 'ca.pem')) };
}

export interface RpcCredentials {
  /** For the next connection: another one once the certificate was renewed. */
  readonly channel: ChannelCredentials;
  /** The service the other end must prove to be. */
  readonly peer: string;
}

/**
 * mTLS. Who the other end is stands in its certificate's URI (tillid://service/<peer>), never in a host name: addresses
 * move, and every caller of the installation has a certificate of the same authority.
 */
export function rpcCredentials(tls: TlsIdentity, peer: string): RpcCredentials {
  const checkServerIdentity = (_host: string, certificate: PeerCertificate): Error | undefined => checkPeer(peer, certificate);
  let made: { readonly of: TlsIdentity; readonly channel: ChannelCredentials } | undefined;
  return {
    peer,
    get channel() {
      const { key, cert, ca } = tls;
      const current = made?.of.key === key && made.of.cert === cert && made.of.ca === ca;
      // The same object while nothing changed: grpc-js shares a connection only between equal credentials.
      if (!current) made = { of: { key, cert, ca }, channel: ChannelCredentials.createSsl(ca, key, cert, { checkServerIdentity }) };
      return made!.channel;
    },
  };
}

/** The same check for other TLS clients (JWKS over HTTPS): hand it to `tls.connect` as checkServerIdentity. */
export function checkPeer(peer: string, certificate: PeerCertificate): Error | undefined {
  const wanted = `tillid://service/${peer}`;
  const uris = (certificate.subjectaltname ?? '').split(', ').filter((name) => name.startsWith('URI:'));
  if (uris.length === 1 && uris[0] === `URI:${wanted}`) return undefined;
  return new Error(`the other end is not ${wanted}`);
}
