// The child of the crash suite: appends until it is killed, and tells its parent what was acknowledged.
// Arguments: path, seed, callers, moment ('' or the name of a moment), the batch at whose moment it ends itself.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { sqliteEventStore } from '../dist/index.js';

const [path, seed, callers, moment, atBatch] = process.argv.slice(2);
let batches = 0;

function at(reached) {
  if (reached !== moment) return;
  batches += 1;
  // Nothing runs after this line: no exit handler, no flush, no rollback.
  if (batches === Number(atBatch)) process.kill(process.pid, 'SIGKILL');
}

const store = await sqliteEventStore({ path, at });

/** Each caller owns two streams, writes both in every commit, and moves a reservation along every third time. */
async function caller(name) {
  const own = [`${name}-left`, `${name}-right`];
  let revision = await store.lastRevision(own[0]);
  for (;;) {
    const command = `${name} ${revision}`;
    const commit = {
      commandId: createHash('sha256').update(command).digest().subarray(0, 16),
      fingerprint: createHash('sha256').update(`${command} fingerprint`).digest(),
      writes: own.map((stream) => ({ stream, expectedRevision: revision, events: [Buffer.from(`${stream} ${revision + 1} ${'.'.repeat(revision % 700)}`)] })),
      reserve: [`${name}:${revision + 1}`],
      release: revision === 0 ? [] : [{ value: `${name}:${revision}`, generation: 1 }],
    };
    writeSync(1, `sent ${command}\n`);
    const outcome = await store.append(commit);
    if (outcome.kind !== 'appended') throw new Error(`${command}: ${JSON.stringify(outcome)}`);
    // Written straight to the pipe: what the parent reads was acknowledged before the kill.
    writeSync(1, `acknowledged ${command} ${outcome.commit.firstPosition}\n`);
    revision += 1;
  }
}

await Promise.all(Array.from({ length: Number(callers) }, (_, index) => caller(`caller-${seed}-${index}`)));
