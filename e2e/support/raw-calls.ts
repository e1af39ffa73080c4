import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { isStream } from './hostile-requests.js';

export interface Answer {
  /** Name of the gRPC status, "OK" when there was a reply. */
  readonly status: string;
  readonly details: string;
  readonly reply?: Buffer;
}

/** Calls by path with bytes: what no client of ours would send can be sent too. */
export class RawCaller {
  private readonly clients = new Map<string, Client>();

  /** `folder`: key.pem, cert.pem, ca.pem. Without key and certificate: `anonymous`. */
  constructor(
    private readonly folder: string,
    private readonly anonymous = false,
  ) {}

  call(address: string, path: string, request: Buffer, headers: Readonly<Record<string, string | Buffer>> = {}, deadlineMs = 5_000): Promise<Answer> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const options = { deadline: Date.now() + deadlineMs };
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, reply?: Buffer) =>
        resolve(error ? { status: status[error.code] ?? String(error.code), details: error.details } : { status: 'OK', details: '', ...(reply ? { reply } : {}) });
      if (isStream(path)) {
        const stream = this.client(address).makeServerStreamRequest(path, same, same, request, metadata, options);
        stream.once('data', (reply: Buffer) => {
          done(null, reply);
          stream.cancel();
        });
        stream.once('end', () => done(null));
        stream.once('error', (error: ServiceError) => done(error));
        return;
      }
      this.client(address).makeUnaryRequest(path, same, same, request, metadata, options, done);
    });
  }

  /** Names of the gRPC services at an address, as reflection lists them. */
  async reflected(address: string): Promise<string[]> {
    const stream = this.client(address).makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', same, same);
    // The cancelling below ends it as an error, which is none.
    stream.on('error', () => undefined);
    // ServerReflectionRequest{list_services: "*"}.
    stream.write(Buffer.from([0x3a, 0x01, 0x2a]));
    const reply = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
    stream.cancel();
    return reply.toString('latin1').match(/[a-z][a-z0-9.]+\.[A-Z][A-Za-z]+/g) ?? [];
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  private client(address: string): Client {
    let client = this.clients.get(address);
    if (!client) {
      const read = (name: string) => readFileSync(join(this.folder, name));
      const tls = this.anonymous ? credentials.createSsl(read('ca.pem')) : credentials.createSsl(read('ca.pem'), read('key.pem'), read('cert.pem'));
      client = new Client(address, tls, { 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1, 'grpc.ssl_target_name_override': 'localhost' });
      this.clients.set(address, client);
    }
    return client;
  }
}

const same = (bytes: Buffer): Buffer => bytes;
