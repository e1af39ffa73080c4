// What answering alone takes: a reply ready made, nothing read, decided or proved.
import { bareMethod, bareServer, serveBare } from '../system/bare-grpc.mjs';
import { inParallel } from '../system/parties.mjs';

const request = Buffer.alloc(20, 1);
const definition = { answer: bareMethod('/bare/answer') };

if (process.argv[2] === 'serve') {
  const reply = Buffer.alloc(Number(process.argv[4]), 7);
  serveBare(process.argv[3], definition, { answer: (_call, callback) => callback(null, reply) });
}

/** `run(calls, atOnce)` resolves when all are answered; `pid` is whose CPU it takes. */
export async function bareUnary(identityFolder, replyBytes) {
  const { pid, call, stop } = await bareServer(import.meta.filename, identityFolder, [replyBytes]);
  return { pid, run: (calls, atOnce) => inParallel(calls, atOnce, () => call(definition.answer.path, request)), stop };
}
