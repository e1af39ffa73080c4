// A primary that gives up its place while commits are under way. Only a real replica set can: from compose, or TILLID_ENGINES_MONGO_URL.
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreFault, type AppendOutcome, type Commit, type EventStore } from '@tillid/eventsourcing';
import { checkSoundLog, commitTo } from '@tillid/testing';
import { mongoEventStore, openMongo, type MongoDatabase } from '../src/index.js';
import { freshDatabase, mongoForSpecs } from './on-mongo.js';
import { noReplicaSet, ReplicaSet } from './replica-set.js';

const engines = await mongoForSpecs();
const why = await noReplicaSet(engines);
const set = why === undefined ? await ReplicaSet.at(engines!.mongoUrl) : undefined;
const notRun = (reason: string | undefined) => (reason === undefined ? '' : ` (NOT RUN: ${reason})`);
const whyNoRollback = why ?? (set?.takesTestCommands ? undefined : 'this replica set takes no test commands, so its replication cannot be held up');
// What did not run must not pass for what passed.
for (const reason of new Set([why, whyNoRollback])) if (reason !== undefined) process.stderr.write(`fail-over of a replica set was not tried: ${reason}\n`);
afterAll(() => set?.close());

const plan = { eventLogs: ['log'] };
const callers = 16;
const stepDowns = 3;

describe.skipIf(why !== undefined)(`a replica set that loses its primary${notRun(why)}`, () => {
  let remove: () => Promise<void>;
  let databases: MongoDatabase[];
  /** Two replicas of a service. */
  let stores: EventStore[];
  beforeEach(async () => {
    const fresh = await freshDatabase(engines!.mongoUrl, plan);
    remove = fresh.remove;
    databases = [fresh.database, await openMongo({ url: engines!.mongoUrl, database: fresh.database.name })];
    stores = await Promise.all(databases.map((database) => mongoEventStore({ database, name: 'log', deadlineMs: 20_000 })));
  });
  afterEach(async () => {
    await set!.letReplicationGoOn().catch(() => undefined);
    for (const store of stores) await store.close();
    await databases[1]!.close();
    await remove();
  });

  /** As every caller does: the same command again for as long as nobody can say what became of it. */
  async function untilAnswered(store: EventStore, commit: Commit): Promise<AppendOutcome> {
    for (;;) {
      try {
        const outcome = await store.append(commit);
        if (outcome.kind !== 'full') return outcome;
        await pause(outcome.retryAfterMs);
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
      }
    }
  }

  it('keeps every acknowledged commit once and in its place, and gets none that nobody sent', async () => {
    let going = true;
    const acknowledged = new Map<string, number>();
    async function caller(number: number): Promise<void> {
      for (let revision = 0; going; revision += 1) {
        const name = `caller-${number}`;
        const outcome = await untilAnswered(stores[number % 2]!, commitTo(name, revision, [`${name} ${revision}`]));
        expect(outcome.kind).toBe('appended');
        if (outcome.kind === 'appended') acknowledged.set(`${name} ${revision}`, outcome.commit.firstPosition);
      }
    }
    const calling = Promise.all(Array.from({ length: callers }, (_, number) => caller(number)));
    for (let count = 0; count < stepDowns; count += 1) {
      const before = acknowledged.size;
      await set!.stepDown(5);
      await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(before + callers);
    }
    going = false;
    await calling;
    const events = await checkSoundLog(stores[0]!);
    expect(events.map(({ position, bytes }) => [Buffer.from(bytes).toString(), position])).toEqual([...acknowledged].toSorted(([, one], [, other]) => one - other));
  });

  it.skipIf(whyNoRollback !== undefined)(`takes back what only the old primary had: nobody was told of it or saw it, and it is stored once in the end${notRun(whyNoRollback)}`, async () => {
    await untilAnswered(stores[0]!, commitTo('before', 0, ['durable']));
    await set!.holdReplication();
    const commit = commitTo('during', 0, ['of the old primary alone'], { command: randomBytes(16).toString('hex') });
    let answered = false;
    const outcome = untilAnswered(stores[0]!, commit).finally(() => (answered = true));
    // It is in the old primary, which nobody but a reader without majority can see.
    await expect.poll(() => databases[1]!.connection.collection('log').countDocuments({}, { readConcern: { level: 'local' } }), { timeout: 10_000 }).toBe(2);
    expect(await stores[1]!.readAll(0, 10)).toHaveLength(1);
    expect(answered).toBe(false);

    const old = await set!.stepDown(30);
    const rollbacks = await set!.rollbacks(old);
    await set!.elect(old);
    // The new primary has another commit at that very position before the old one may follow it.
    const other = await untilAnswered(stores[1]!, commitTo('meanwhile', 0, ['of the new primary']));
    await set!.letReplicationGoOn();
    expect((await outcome).kind).toBe('appended');
    expect(other.kind).toBe('appended');
    await expect.poll(() => set!.rollbacks(old), { timeout: 60_000 }).toBeGreaterThan(rollbacks);
    const events = (await checkSoundLog(stores[1]!)).map(({ bytes }) => Buffer.from(bytes).toString());
    expect(events[0]).toBe('durable');
    expect(new Set(events.slice(1))).toEqual(new Set(['of the new primary', 'of the old primary alone']));
    expect(events).toHaveLength(3);
  });
});
