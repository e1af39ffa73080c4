// What answering alone takes: grpc-js over mTLS in a process of its own, a reply ready made, nothing read, decided or proved.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { readTlsIdentity } from '../../libs/rpc/dist/index.js';
import { inParallel } from '../system/parties.mjs';

const request = Buffer.alloc(20, 1);
const bytes = (value) => value;
const path = '/bare/answer';
const definition = { answer: { path, requestStream: false, responseStream: false, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes } };

if (process.argv[2] === 'serve') await serve(process.argv[3], Number(process.argv[4]));

async function serve(identityFolder, replyBytes) {
  const { ca, cert, key } = readTlsIdentity(identityFolder);
  const reply = Buffer.alloc(replyBytes, 7);
  const server = new Server();
  server.addService(definition, { answer: (_call, callback) => callback(null, reply) });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true), (error, port) => {
    if (error) throw error;
    process.send(port);
  });
  process.on('disconnect', () => process.exit());
}

/** `run(calls, atOnce)` resolves when all are answered; `pid` is whose CPU it takes. */
export async function bareUnary(identityFolder, replyBytes) {
  const child = fork(import.meta.filename, ['serve', identityFolder, String(replyBytes)]);
  const [port] = await once(child, 'message');
  const { ca, cert, key } = readTlsIdentity(identityFolder);
  // Whose certificate it is does not matter here; that there is one, on both sides, does.
  const channel = credentials.createSsl(ca, key, cert, { checkServerIdentity: () => undefined });
  const client = new Client(`127.0.0.1:${port}`, channel, { 'grpc.ssl_target_name_override': 'localhost' });
  const call = () => new Promise((resolve, reject) => void client.makeUnaryRequest(path, bytes, bytes, request, (error, reply) => (error ? reject(error) : resolve(reply))));
  return {
    pid: child.pid,
    run: (calls, atOnce) => inParallel(calls, atOnce, call),
    async stop() {
      client.close();
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
