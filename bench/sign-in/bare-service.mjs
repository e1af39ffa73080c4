// What a sign-in costs a server that does nothing but answer and hash: grpc-js alone, over mTLS, one call in five hashes.
import { hash } from '@node-rs/argon2';
import { perSecond, timed } from '../measure/numbers.mjs';
import { bareMethod, bareServer, serveBare } from '../system/bare-grpc.mjs';
import { besideHashing, cpuMsByThread } from '../system/process-usage.mjs';
import { inParallel } from '../system/parties.mjs';
import { argon2Cost } from './bare-argon2.mjs';

const callsPerSignIn = 5;
/** About what the five requests and replies of a sign-in are long. */
const request = Buffer.alloc(200, 1);
const definition = { answer: bareMethod('/bare/answer'), hash: bareMethod('/bare/hash') };

if (process.argv[2] === 'serve') {
  serveBare(process.argv[3], definition, {
    answer: (call, callback) => callback(null, call.request),
    hash: (call, callback) => void hash('a password of someone', argon2Cost).then(() => callback(null, call.request)),
  });
}

/** `run(signIns, atOnce)` answers as the bench of the real service does; `stop()` when done. */
export async function bareService(identityFolder) {
  const { pid, call, stop } = await bareServer(import.meta.filename, identityFolder);
  const signIn = async () => {
    for (let count = 1; count < callsPerSignIn; count++) await call(definition.answer.path, request);
    await call(definition.hash.path, request);
  };
  return {
    async run(signIns, atOnce) {
      const before = besideHashing(cpuMsByThread(pid));
      const { ms } = await timed(() => inParallel(signIns, atOnce, signIn));
      const after = besideHashing(cpuMsByThread(pid));
      return { rate: perSecond(signIns, ms), beside: (after - before) / signIns };
    },
    stop,
  };
}
