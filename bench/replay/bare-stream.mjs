// What the wire alone takes: grpc-js over mTLS in a process of its own, messages ready made, one at a time, nothing read, decided or decoded.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { readTlsIdentity } from '../../libs/rpc/dist/index.js';

const bytes = (value) => value;
const path = '/bare/stream';
const definition = { stream: { path, requestStream: false, responseStream: true, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes } };

if (process.argv[2] === 'serve') await serve(process.argv[3]);

async function serve(identityFolder) {
  const { ca, cert, key } = readTlsIdentity(identityFolder);
  const server = new Server();
  server.addService(definition, {
    async stream(call) {
      const { messages, messageBytes } = JSON.parse(call.request.toString());
      const message = Buffer.alloc(messageBytes, 7);
      for (let sent = 0; sent < messages; sent++) await new Promise((resolve) => call.write(message, resolve));
      call.end();
    },
  });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true), (error, port) => {
    if (error) throw error;
    process.send(port);
  });
  process.on('disconnect', () => process.exit());
}

/** `run(messages, messageBytes)` resolves when all of them have come; `stop()` when done. */
export async function bareStream(identityFolder) {
  const child = fork(import.meta.filename, ['serve', identityFolder]);
  const [port] = await once(child, 'message');
  const { ca, cert, key } = readTlsIdentity(identityFolder);
  // Whose certificate it is does not matter here; that there is one, on both sides, does.
  const channel = credentials.createSsl(ca, key, cert, { checkServerIdentity: () => undefined });
  const client = new Client(`127.0.0.1:${port}`, channel, { 'grpc.ssl_target_name_override': 'localhost', 'grpc.max_receive_message_length': 4 * 1024 * 1024 });
  return {
    async run(messages, messageBytes) {
      let received = 0;
      for await (const message of client.makeServerStreamRequest(path, bytes, bytes, Buffer.from(JSON.stringify({ messages, messageBytes })))) received += message.length;
      if (received !== messages * messageBytes) throw new Error('the stream was cut');
    },
    async stop() {
      client.close();
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
