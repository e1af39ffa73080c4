// The child of the race and of the crash suite: appends until it is killed, or so many times a caller, and tells its
// parent what was acknowledged. Arguments: url, database, seed, callers, commits a caller (0: until killed), moment
// ('' or the name of a moment), the insert at whose moment it ends itself.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { mongoEventStore, openMongo } from '../dist/index.js';

const [url, databaseName, seed, callers, commits, moment, atInsert] = process.argv.slice(2);
let inserts = 0;
const resent = {};

function at(reached) {
  if (reached !== moment) return;
  inserts += 1;
  // Nothing runs after this line: no exit handler, no last word to the database.
  if (inserts === Number(atInsert)) process.kill(process.pid, 'SIGKILL');
}

const database = await openMongo({ url, database: databaseName });
const store = await mongoEventStore({ database, name: 'log', at, onRetry: (retry) => (resent[retry.reason] = (resent[retry.reason] ?? 0) + retry.commits) });

/** Straight to the pipe: what the parent reads was so before the kill. Waits where the parent is behind. */
function tell(line) {
  for (;;) {
    try {
      return writeSync(1, line);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

/** Each caller owns two streams, writes both in every commit, and moves a reservation along. */
async function caller(name) {
  const own = [`${name}-left`, `${name}-right`];
  const first = await store.lastRevision(own[0]);
  for (let revision = first; Number(commits) === 0 || revision < first + Number(commits); revision++) {
    const command = `${name} ${revision}`;
    const commit = {
      commandId: createHash('sha256').update(command).digest().subarray(0, 16),
      fingerprint: createHash('sha256').update(`${command} fingerprint`).digest(),
      writes: own.map((stream) => ({ stream, expectedRevision: revision, events: [Buffer.from(`${stream} ${revision + 1} ${'.'.repeat(revision % 700)}`)] })),
      reserve: [`${name}:${revision + 1}`],
      release: revision === 0 ? [] : [{ value: `${name}:${revision}`, generation: 1 }],
    };
    tell(`sent ${command}\n`);
    const outcome = await store.append(commit);
    if (outcome.kind !== 'appended') throw new Error(`${command}: ${JSON.stringify(outcome)}`);
    tell(`acknowledged ${command} ${outcome.commit.firstPosition}\n`);
  }
}

tell('ready\n');
// So that several begin at once, however long each took to start.
await new Promise((go) => process.stdin.on('end', go).resume());
await Promise.all(Array.from({ length: Number(callers) }, (_, index) => caller(`caller-${seed}-${index}`)));
tell(`resent ${JSON.stringify(resent)}\n`);
await store.close();
await database.close();
