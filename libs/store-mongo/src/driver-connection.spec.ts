import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriverConnection } from './driver-connection.js';

const load = createRequire(createRequire(import.meta.url).resolve('mongoose'));
const { ns } = load('mongodb/lib/utils.js') as { ns(name: string): unknown };
type Connecting = new (socket: Socket, options: object) => { command(namespace: unknown, command: object, options: object): Promise<unknown> };

let server: Server;
beforeEach(async () => {
  server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => void server.close());

describe('a command to the database', () => {
  it('is there, in the driver that we know', () => {
    expect((load('mongodb/package.json') as { version: string }).version).toBe('7.8.0');
    expect(DriverConnection.prototype.cleanup).toBeTypeOf('function');
  });

  it('fails when its connection ended in that instant, and does not wait for ever', async () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const connection = new (DriverConnection as unknown as Connecting)(socket, { id: 1, generation: 0, hostAddress: 'localhost', socketTimeoutMS: 0 });
    // It has ended, and nobody has heard of it yet.
    socket.destroy();
    await expect(connection.command(ns('admin.$cmd'), { hello: 1 }, { socketTimeoutMS: 50 })).rejects.toThrow('closed');
  });
});
