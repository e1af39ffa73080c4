// A child of the racing and killing specs: appends, and tells its parent what was sent and what was acknowledged.
// Arguments: address, database, seed, callers, commits of each (0: until it is killed), moment ('' or the name of one),
// the insert at whose moment it ends itself. Says `ready` and begins when its standard input ends.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { mongoEventStore, openMongo } from '../dist/index.js';

const [url, name, seed, callers, commitsEach, moment, atInsert] = process.argv.slice(2);
const counted = { inserts: 0, position_taken: 0, key_taken: 0, no_answer: 0, prizes: 0 };

function at(reached) {
  if (reached === 'before_insert') counted.inserts += 1;
  // Nothing runs after this line: no exit handler, no flush.
  if (reached === moment && counted.inserts === Number(atInsert)) process.kill(process.pid, 'SIGKILL');
}

const database = await openMongo({ url, database: name });
const store = await mongoEventStore({ database, name: 'log', deadlineMs: 30_000, at, onRetry: ({ reason }) => (counted[reason] += 1) });

/** Straight to the pipe: what the parent reads was said before a kill. */
function say(line) {
  for (;;) {
    try {
      return writeSync(1, line);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error; // The pipe is full until the parent has read.
    }
  }
}

/** Until there is an answer that says what is stored. */
async function append(commit) {
  for (;;) {
    try {
      const outcome = await store.append(commit);
      if (outcome.kind !== 'full') return outcome;
    } catch (error) {
      if (error.name !== 'StoreFault') throw error;
    }
  }
}

function commitOf(command, streams, revision, more) {
  return {
    commandId: createHash('sha256').update(command).digest().subarray(0, 16),
    fingerprint: createHash('sha256').update(`${command} fingerprint`).digest(),
    writes: streams.map((stream) => ({ stream, expectedRevision: revision, events: [Buffer.from(`${stream} ${revision + 1}`)] })),
    ...more,
  };
}

/** Each caller owns two streams, writes both in every commit, and moves a reservation along. */
async function caller(own) {
  let revision = await store.lastRevision(`${own}-left`);
  for (let commits = 0; commits < Number(commitsEach) || commitsEach === '0'; commits++) {
    const command = `${own} ${revision}`;
    const more = { reserve: [`${own}:${revision + 1}`], release: revision === 0 ? [] : [{ value: `${own}:${revision}`, generation: 1 }] };
    say(`sent ${command}\n`);
    const outcome = await append(commitOf(command, [`${own}-left`, `${own}-right`], revision, more));
    if (outcome.kind !== 'appended') throw new Error(`${command}: ${JSON.stringify(outcome)}`);
    say(`acknowledged ${command} ${outcome.commit.firstPosition}\n`);
    revision += 1;
  }
}

/** A value that a caller of every process wants. */
async function race(index) {
  const outcome = await append(commitOf(`${seed} prize ${index}`, [`${seed}-prize-${index}`], 0, { reserve: [`prize-${index}`] }));
  if (outcome.kind === 'appended') counted.prizes += 1;
  else if (outcome.kind !== 'reserved') throw new Error(JSON.stringify(outcome));
}

say('ready\n');
await text(process.stdin);
await Promise.all(Array.from({ length: Number(callers) }, async (_, index) => {
  await caller(`caller-${seed}-${index}`);
  await race(index);
}));
await store.close();
await database.close();
say(`counted ${JSON.stringify(counted)}\n`);
