// Takes events in and signs, until it kills itself at the moment named, the n-th time it gets there.
// node integrating-process.mjs <folder> <moment> <n>
import { join } from 'node:path';
import { hashOf } from '@tillid/eventsourcing';
import { sqliteCompareAndSetRecord, sqliteEventStore } from '@tillid/store-sqlite';
import { noteSigner, parseVkey, vkeyOf } from '@tillid/transparency';
import { LogFolder } from '../dist/integrate/log-folder.js';
import { TreeLog } from '../dist/integrate/tree-log.js';
import { oneKey } from '../dist/log-keys/tree-keys.js';

const [folder, moment, times] = process.argv.slice(2);
const seed = Buffer.alloc(32, 3);
const ledger = await sqliteEventStore({ path: join(folder, 'ledger.sqlite') });
let reached = 0;
const tree = await TreeLog.open({
  ledger,
  record: await sqliteCompareAndSetRecord({ path: join(folder, 'tree-head.sqlite') }),
  folder: await LogFolder.open(join(folder, 'log')),
  keys: oneKey({ signer: noteSigner('log.example/one', seed), verifier: parseVkey(vkeyOf('log.example/one', seed)) }),
  clock: { nowMs: () => Date.now() },
  at: (here) => {
    if (here === moment && ++reached === Number(times)) process.kill(process.pid, 'SIGKILL');
  },
});
for (;;) {
  const revision = await ledger.lastRevision('consent/0');
  const events = Array.from({ length: 1 + ((revision * 7) % 200) }, (_, index) => Buffer.from(`event ${revision + index}`));
  await ledger.append({ commandId: hashOf(String(revision)).subarray(0, 16), fingerprint: Buffer.alloc(32), writes: [{ stream: 'consent/0', expectedRevision: revision, events }] });
  await tree.integrate();
  process.stdout.write(`${JSON.stringify(tree.head.checkpoint)}\n`);
}
