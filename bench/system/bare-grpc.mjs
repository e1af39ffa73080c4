// grpc-js over mTLS in a process of its own, with nothing around it: what the wire alone takes.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { readTlsIdentity } from '../../libs/rpc/dist/index.js';

export const bytes = (value) => value;

/** A method whose messages are bytes, ready made. */
export function bareMethod(path, responseStream = false) {
  return { path, requestStream: false, responseStream, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes };
}

/** In the process that was forked: serves until its parent is gone. */
export function serveBare(identityFolder, definition, handlers) {
  const { ca, cert, key } = readTlsIdentity(identityFolder);
  const server = new Server();
  server.addService(definition, handlers);
  server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true), (error, port) => {
    if (error) throw error;
    process.send(port);
  });
  process.on('disconnect', () => process.exit());
}

/** Forks `program serve <identity> ...`. `pid` is whose CPU it takes; `stop()` when done. */
export async function bareServer(program, identityFolder, args = [], options = {}) {
  const child = fork(program, ['serve', identityFolder, ...args.map(String)]);
  const [port] = await once(child, 'message');
  const { ca, cert, key } = readTlsIdentity(identityFolder);
  // Whose certificate it is does not matter here; that there is one, on both sides, does.
  const channel = credentials.createSsl(ca, key, cert, { checkServerIdentity: () => undefined });
  const client = new Client(`127.0.0.1:${port}`, channel, { 'grpc.ssl_target_name_override': 'localhost', ...options });
  return {
    pid: child.pid,
    client,
    call: (path, request) => new Promise((resolve, reject) => void client.makeUnaryRequest(path, bytes, bytes, request, (error, reply) => (error ? reject(error) : resolve(reply)))),
    async stop() {
      client.close();
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
