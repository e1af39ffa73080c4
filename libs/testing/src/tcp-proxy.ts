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
  /** The next request with this text in it reaches the server; its connection ends instead of bringing the answer. Resolves then. */
  loseReplyTo(text: string): Promise<void>;
  /** The next request with this text in it goes no further. Resolves when it is here. */
  hold(text: string): Promise<HeldRequest>;
  close(): Promise<void>;
}

export interface HeldRequest {
  /** Late, and nothing else: its connection goes on. */
  pass(): void;
  /** Its connection ends, as its sender sees it; the request is still on its way. */
  cut(): void;
  /** After `cut`: it arrives. Resolves when the server has answered, to nobody. */
  deliver(): Promise<void>;
}

interface Wire {
  readonly client: Socket;
  readonly upstream: Socket;
  /** What the server says goes here instead. */
  onReply?: () => void;
  /** What the client says is kept here instead. */
  held?: Buffer[];
}

/** What is done with the connection that a request comes by. */
interface Trap {
  readonly text: string;
  readonly spring: (wire: Wire, request: Buffer) => void;
}

export async function tcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const wires = new Set<Wire>();
  const traps = new Set<Trap>();
  let stalled = false;
  const server = createServer((client) => {
    const wire: Wire = { client, upstream: connect(target) };
    wires.add(wire);
    for (const [from, to] of [[client, wire.upstream], [wire.upstream, client]] as const) {
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => {
        if (from === client ? keeps(wire, chunk) : answered(wire)) return;
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => stalled || from.resume());
      from.on('error', () => undefined);
      from.on('close', () => {
        // What is held may still be delivered, whether or not its sender waits for it.
        if (from === client && wire.held) return;
        to.destroy();
        wires.delete(wire);
      });
      if (stalled) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  /** Whether the chunk goes no further; it may be the one that a trap waits for. */
  function keeps(wire: Wire, chunk: Buffer): boolean {
    const trap = [...traps].find(({ text }) => chunk.includes(text));
    if (trap) {
      traps.delete(trap);
      trap.spring(wire, chunk);
    } else {
      wire.held?.push(chunk);
    }
    return wire.held !== undefined;
  }

  function trap<Sprung>(text: string, spring: (wire: Wire, request: Buffer, sprung: (value: Sprung) => void) => void): Promise<Sprung> {
    return new Promise((resolve) => traps.add({ text, spring: (wire, request) => spring(wire, request, resolve) }));
  }

  const sockets = () => [...wires].flatMap(({ client, upstream }) => [client, upstream]);
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
    loseReplyTo: (text) => trap<void>(text, (wire, _, lost) => {
      wire.onReply = () => {
        wire.client.destroy();
        lost();
      };
    }),
    hold: (text) => trap<HeldRequest>(text, (wire, request, held) => {
      wire.held = [request];
      held(heldOn(wire));
    }),
    async close() {
      for (const socket of sockets()) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function answered({ onReply }: Wire): boolean {
  onReply?.();
  return onReply !== undefined;
}

function heldOn(wire: Wire): HeldRequest {
  const goOn = (): void => {
    for (const chunk of wire.held ?? []) wire.upstream.write(chunk);
    delete wire.held;
  };
  return {
    pass: goOn,
    cut: () => void wire.client.destroy(),
    deliver() {
      const { promise, resolve } = Promise.withResolvers<void>();
      wire.onReply = () => {
        wire.upstream.destroy();
        resolve();
      };
      goOn();
      return promise;
    },
  };
}
