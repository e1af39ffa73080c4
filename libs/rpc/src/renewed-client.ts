import { Client, type ChannelOptions } from '@grpc/grpc-js';
import type { RpcCredentials } from './credentials.js';

/** A call that was waiting for the old connection when the certificate changed has this long to be made on it. */
const retiredMs = 60_000;

/**
 * The client to make the next call with. Once the certificate was renewed it is another one, on a connection of its own:
 * the old connection would show the old certificate until it ends, and then be refused everything. Calls and streams
 * underway end where they began.
 */
export class RenewedClient {
  private client: Client;
  private channel: RpcCredentials['channel'];
  private readonly retired = new Map<Client, NodeJS.Timeout>();
  private closed = false;

  constructor(
    private readonly address: string,
    private readonly credentials: RpcCredentials,
    private readonly options: ChannelOptions,
  ) {
    this.channel = credentials.channel;
    this.client = new Client(address, this.channel, options);
  }

  now(): Client {
    const { channel } = this.credentials;
    if (channel === this.channel || this.closed) return this.client;
    const old = this.client;
    this.retired.set(old, setTimeout(() => this.retire(old), retiredMs).unref());
    this.channel = channel;
    this.client = new Client(this.address, channel, this.options);
    return this.client;
  }

  close(): void {
    this.closed = true;
    this.client.close();
    for (const old of this.retired.keys()) this.retire(old);
  }

  /** Streams still open on it go on: closing a client only takes no more calls. */
  private retire(old: Client): void {
    clearTimeout(this.retired.get(old));
    this.retired.delete(old);
    old.close();
  }
}
