import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

/** What we use of the mongodb driver 7.8 that is not on its front. */
export interface DriverConnection {
  readonly socket: Socket;
  cleanup(error: Error): void;
}

// The very driver that mongoose uses.
const load = createRequire(createRequire(import.meta.url).resolve('mongoose'));
export const DriverConnection = (load('mongodb/lib/cmap/connection.js') as { readonly Connection: { readonly prototype: DriverConnection } }).Connection;

/**
 * A command that is written in the instant between a socket's end and the news of it waits for the socket to drain, and that
 * socket never does: the command waits for ever, whatever its timeouts. When it is the monitor's own, the whole process finds no server
 * any more. Here whoever waits is woken when the connection is cleaned up, looks, and has the connection's error.
 */
const { cleanup } = DriverConnection.prototype;
DriverConnection.prototype.cleanup = function (this: DriverConnection, error: Error) {
  cleanup.call(this, error);
  this.socket.emit('drain');
};
