// Takes events in, signs, and replaces the log's key again and again, until it kills itself at the moment named, the n-th time it gets there.
// node rotating-process.mjs <folder> <moment> <n>
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileSecrets, systemIds } from '@tillid/crypto';
import { hashOf } from '@tillid/eventsourcing';
import { silentLogger } from '@tillid/runtime';
import { sqliteCompareAndSetRecord, sqliteEventStore } from '@tillid/store-sqlite';
import { auditSource, loggedEvents } from '../dist/domain/audit.events.js';
import { LogFolder } from '../dist/integrate/log-folder.js';
import { TreeLog } from '../dist/integrate/tree-log.js';
import { LogKeyRotation } from '../dist/log-keys/rotate-log-key.js';
import { SigningKeys } from '../dist/log-keys/signing-keys.js';

const [folder, moment, times] = process.argv.slice(2);
const clock = { nowMs: () => Date.now() };
const secrets = fileSecrets(join(folder, 'secrets'));
let reached = 0;
const at = (here) => {
  if (here === moment && ++reached === Number(times)) process.kill(process.pid, 'SIGKILL');
};

const [events, ledger, record] = [await sqliteEventStore({ path: join(folder, 'log.sqlite') }), await sqliteEventStore({ path: join(folder, 'ledger.sqlite') }), await sqliteCompareAndSetRecord({ path: join(folder, 'tree-head.sqlite') })];
const keys = await SigningKeys.open({ origin: 'log.example/one', source: auditSource, secrets, ids: systemIds, events, ledger, clock, vkeyFile: join(folder, 'log.vkey') });
if (!existsSync(join(folder, 'first.vkey'))) writeFileSync(join(folder, 'first.vkey'), keys.held[0].vkey);
await keys.requirePublished();
const tree = await TreeLog.open({ keys, ledger, record, clock, folder: await LogFolder.open(join(folder, 'log')), at });
const rotation = new LogKeyRotation({ keys, secrets, log: { store: events, codec: loggedEvents, source: auditSource, clock, ids: systemIds }, signedTree: tree, overlapMs: 0, logger: silentLogger });

// A moment that never comes must not leave it running.
setTimeout(() => process.exit(3), 30_000).unref();
for (;;) {
  const revision = await ledger.lastRevision('consent/0');
  await ledger.append({ commandId: hashOf(String(revision)).subarray(0, 16), fingerprint: Buffer.alloc(32), writes: [{ stream: 'consent/0', expectedRevision: revision, events: Array.from({ length: 1 + ((revision * 7) % 90) }, (_, index) => Buffer.from(`event ${revision + index}`)) }] });
  const did = await rotation.look();
  if (did) at(`after_${did}`);
  else if (await rotation.renew(0)) at('after_secret');
  const taken = await ledger.lastRevision(auditSource);
  for (const { position, bytes } of await events.readAll(taken, 100)) await ledger.append({ commandId: hashOf(`own ${position}`).subarray(0, 16), fingerprint: Buffer.alloc(32), writes: [{ stream: auditSource, expectedRevision: position - 1, events: [bytes] }] });
  while (await tree.integrate());
}
