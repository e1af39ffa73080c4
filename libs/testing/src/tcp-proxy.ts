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
  /** On the connections there are: requests arrive, answers are lost, nobody is told. New connections are not touched. */
  loseAnswers(): void;
  /** On the connections there are: requests are kept back. New connections are not touched. */
  holdRequests(): HeldRequests;
  close(): Promise<void>;
}

export interface HeldRequests {
  /** Resolves when these bytes are among what is kept back. */
  has(bytes: string): Promise<void>;
  /** The clients' connections end, the servers' stay: what is kept back may still arrive. */
  cutClients(): void;
  /** It arrives now, late. The answers are lost. */
  deliver(): void;
}

interface Wire {
  readonly client: Socket;
  readonly upstream: Socket;
  answersLost: boolean;
  held: Hold | undefined;
}

interface Hold {
  readonly kept: Map<Wire, Buffer[]>;
  readonly looking: Set<() => void>;
}

export async function tcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const wires = new Set<Wire>();
  let stalled = false;
  const heldUp: (() => void)[] = [];
  const server = createServer((client) => {
    const wire: Wire = { client, upstream: connect(target), answersLost: false, held: undefined };
    const { upstream } = wire;
    wires.add(wire);
    pass(client, upstream, (chunk) => (wire.held ? keep(wire, wire.held, chunk) : upstream.write(chunk)));
    pass(upstream, client, (chunk) => wire.answersLost || client.write(chunk));
    client.on('close', () => wire.held || upstream.destroy());
    upstream.on('close', () => {
      client.destroy();
      wires.delete(wire);
    });
  });

  /** `take` says whether more may come. */
  function pass(from: Socket, to: Socket, take: (chunk: Buffer) => boolean): void {
    from.setNoDelay(true);
    from.on('data', (chunk: Buffer) => {
      // What was on its way when the stall began.
      if (stalled) heldUp.push(() => void take(chunk));
      else if (!take(chunk)) from.pause();
    });
    to.on('drain', () => stalled || from.resume());
    from.on('error', () => undefined);
    if (stalled) from.pause();
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
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
      for (const deliver of heldUp.splice(0)) deliver();
      for (const socket of sockets()) socket.resume();
    },
    loseAnswers() {
      for (const wire of wires) wire.answersLost = true;
    },
    holdRequests: () => holdOn([...wires]),
    async close() {
      for (const socket of sockets()) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function keep(wire: Wire, { kept, looking }: Hold, chunk: Buffer): boolean {
  kept.get(wire)!.push(chunk);
  for (const look of looking) look();
  return true;
}

function holdOn(wires: readonly Wire[]): HeldRequests {
  const hold: Hold = { kept: new Map(wires.map((wire) => [wire, []])), looking: new Set() };
  for (const wire of wires) wire.held = hold;
  const isThere = (bytes: string): boolean => [...hold.kept.values()].some((chunks) => Buffer.concat(chunks).includes(bytes));
  return {
    has: (bytes) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!isThere(bytes)) return;
          hold.looking.delete(look);
          resolve();
        };
        hold.looking.add(look);
        look();
      }),
    cutClients: () => wires.forEach(({ client }) => client.destroy()),
    deliver() {
      for (const [wire, chunks] of hold.kept) {
        wire.answersLost = true;
        if (!wire.upstream.destroyed) wire.upstream.write(Buffer.concat(chunks));
        chunks.length = 0;
      }
    },
  };
}
