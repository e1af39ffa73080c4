import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

/** PEM, as in key.pem, cert.pem and ca.pem of a caller of the installation. */
export interface KafkaTls {
  readonly key: Buffer | string;
  readonly cert: Buffer | string;
  readonly ca: Buffer | string;
}

export interface Sockets {
  readonly factory: ISocketFactory;
  /** Cuts them all and opens no more: what kafkajs still tries for their sake fails, and so ends. */
  close(): void;
}

const keepAliveMs = 60_000;

/**
 * kafkajs' way to connect, in our hands: it can be ended whatever kafkajs waits for, and sends at once what it writes.
 * `tls` is asked at each connection, so that a renewed certificate is used from the next one on.
 */
export function closableSockets(tls: (() => KafkaTls) | undefined): Sockets {
  const open = new Set<Socket>();
  let closed = false;
  return {
    factory: ({ host, port, onConnect }) => {
      if (closed) throw new Error('the connection was closed');
      const identity = tls?.();
      const socket = identity
        ? // One by one: those of a certificate that is renewed are read when asked for, and would not be copied.
          connectTls({ key: identity.key, cert: identity.cert, ca: identity.ca, host, port, minVersion: 'TLSv1.3', ...(isIP(host) ? {} : { servername: host }) }, onConnect)
        : connect({ host, port }, onConnect);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    close() {
      closed = true;
      // With an error: it is the one way to end a socket that kafkajs answers by failing what waits on it.
      for (const socket of open) socket.destroy(new Error('the connection was closed'));
    },
  };
}
