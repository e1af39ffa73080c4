import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A wire that a test can cut, hold up, and mend. */
export interface TcpProxy {
  /** 127.0.0.1. */
  readonly port: number;
  /** Ends every connection there is; new ones are let through. */
  cut(): void;
  /** Nothing passes in either direction, and nobody is told, until `resume`. New connections are taken and held up too. */
  stall(): void;
  resume(): void;
  close(): Promise<void>;
}

export async function tcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let stalled = false;
  const server = createServer((client) => {
    const upstream = connect(target);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, pair.toReversed() as [Socket, Socket]]) {
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => stalled || from.resume());
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
      if (stalled) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = () => [...pairs].flat();
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => sockets().forEach((socket) => socket.destroy()),
    stall() {
      stalled = true;
      for (const socket of sockets()) socket.pause();
    },
    resume() {
      stalled = false;
      for (const socket of sockets()) socket.resume();
    },
    async close() {
      for (const socket of sockets()) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
