// What a sign-in costs a server that does nothing but answer and hash: grpc-js alone, over mTLS, one call in five hashes.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { hash } from '@node-rs/argon2';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { readTlsIdentity } from '../../libs/rpc/dist/index.js';
import { perSecond, timed } from '../measure/numbers.mjs';
import { besideHashing, cpuMsByThread } from '../system/process-usage.mjs';
import { inParallel } from '../system/parties.mjs';
import { argon2Cost } from './bare-argon2.mjs';

const callsPerSignIn = 5;
/** About what the five requests and replies of a sign-in are long. */
const request = Buffer.alloc(200, 1);
const bytes = (value) => value;
const rpc = (path) => ({ path, requestStream: false, responseStream: false, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes });
const definition = { answer: rpc('/bare/answer'), hash: rpc('/bare/hash') };

if (process.argv[2] === 'serve') await serve(process.argv[3]);

async function serve(identityFolder) {
  const { ca, cert, key } = readTlsIdentity(identityFolder);
  const server = new Server();
  server.addService(definition, {
    answer: (call, callback) => callback(null, call.request),
    hash: (call, callback) => void hash('a password of someone', argon2Cost).then(() => callback(null, call.request)),
  });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true), (error, port) => {
    if (error) throw error;
    process.send(port);
  });
  process.on('disconnect', () => process.exit());
}

/** `run(signIns, atOnce)` answers as the bench of the real service does; `stop()` when done. */
export async function bareService(identityFolder) {
  const child = fork(import.meta.filename, ['serve', identityFolder]);
  const [port] = await once(child, 'message');
  const { ca, cert, key } = readTlsIdentity(identityFolder);
  // Whose certificate it is does not matter here; that there is one, on both sides, does.
  const channel = credentials.createSsl(ca, key, cert, { checkServerIdentity: () => undefined });
  const client = new Client(`127.0.0.1:${port}`, channel, { 'grpc.ssl_target_name_override': 'localhost' });
  const call = ({ path }) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, bytes, bytes, request, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  const signIn = async () => {
    for (let count = 1; count < callsPerSignIn; count++) await call(definition.answer);
    await call(definition.hash);
  };
  return {
    async run(signIns, atOnce) {
      const before = besideHashing(cpuMsByThread(child.pid));
      const { ms } = await timed(() => inParallel(signIns, atOnce, signIn));
      const after = besideHashing(cpuMsByThread(child.pid));
      return { rate: perSecond(signIns, ms), beside: (after - before) / signIns };
    },
    async stop() {
      client.close();
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
