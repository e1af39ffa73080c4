import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { StoreFault, type Commit, type EventStore } from '@tillid/eventsourcing';
import { checkSoundLog, commitTo } from '@tillid/testing';
import { mongoEventStore, openMongo, type MongoDatabase } from '../src/index.js';
import { firstResult } from './first-result.js';
import { freshDatabase, mongoForSpecs } from './on-mongo.js';
import { command, directUrl, isMemberOfSet, membersOf, primaryOf, type Member } from './primary.js';

const engines = await mongoForSpecs();
// Asked, not guessed from where it came: an address in the environment may be that of a single server.
const isReplicaSet = engines !== undefined && (await isMemberOfSet(engines.mongoUrl));
if (engines && !isReplicaSet) console.log('failover.engine.spec: skipped, this MongoDB is one server and has no fail-over; Docker gives a replica set, or TILLID_ENGINES_MONGO_URL names one');

describe.skipIf(!isReplicaSet)('a log on a replica set whose primary changes', () => {
  let fresh: { database: MongoDatabase; remove: () => Promise<void> };
  let store: EventStore;
  beforeEach(async () => {
    fresh = await freshDatabase(engines!.mongoUrl, { eventLogs: ['log'] });
    store = await mongoEventStore({ database: fresh.database, name: 'log', deadlineMs: 20_000 });
  });
  afterEach(async () => {
    await store.close();
    await fresh.remove();
  });

  async function stepDown(member: Member, force = false): Promise<void> {
    // The connection may be closed before the answer.
    await command(directUrl(member), { replSetStepDown: 20, secondaryCatchUpPeriodSecs: force ? 0 : 10, force }).catch(() => undefined);
  }

  async function anotherPrimaryThan(old: Member): Promise<void> {
    for (;;) {
      const now = await primaryOf(engines!.mongoUrl).catch(() => old);
      if (now.port !== old.port) return;
      await delay(100);
    }
  }

  it('loses nothing acknowledged and stores nothing twice when the primary steps down, three times', async () => {
    let ended = false;
    const acknowledged = new Map<Commit, number>();
    const callers = Array.from({ length: 16 }, async (_, caller) => {
      for (let revision = 0; !ended; revision++) {
        const commit = commitTo(`caller-${caller}`, revision, [`${caller} ${revision}`], { reserve: [`${caller}:${revision}`] });
        const outcome = await firstResult(store, commit);
        if (outcome.kind !== 'appended') throw new Error(JSON.stringify(outcome));
        acknowledged.set(commit, outcome.commit.firstPosition);
      }
    });
    for (let change = 0; change < 3; change++) {
      await delay(500);
      const primary = await primaryOf(engines!.mongoUrl);
      await stepDown(primary);
      await anotherPrimaryThan(primary);
    }
    ended = true;
    await Promise.all(callers);
    const events = (await checkSoundLog(store)).map(({ bytes }) => Buffer.from(bytes).toString());
    expect(events).toHaveLength(acknowledged.size);
    for (const [commit, position] of acknowledged) expect(events[position - 1]).toBe(Buffer.from(commit.writes[0]!.events[0]!).toString());
  });

  it('acknowledges nothing that no majority has, shows it to no reader, and stores it once after it was rolled back', async (context) => {
    await store.append(commitTo('before', 0, ['1']));
    const primary = await primaryOf(engines!.mongoUrl);
    const secondaries = (await membersOf(engines!.mongoUrl)).filter(({ port }) => port !== primary.port);
    await replication(secondaries, 'alwaysOn', context);
    const commit = commitTo('a', 0, ['rolled back'], { reserve: ['v'] });
    try {
      const alone = await openMongo({ url: directUrl(primary), database: fresh.database.name, silenceMs: 1_000 });
      const onlyThere = await mongoEventStore({ database: alone, name: 'log', deadlineMs: 2_500 });
      await expect(onlyThere.append(commit)).rejects.toBeInstanceOf(StoreFault);
      expect(await onlyThere.find(commit.commandId)).toBeUndefined();
      expect((await onlyThere.head()).position).toBe(1);
      await onlyThere.close();
      await alone.close();
      await stepDown(primary, true);
    } finally {
      await replication(secondaries, 'off', context);
    }
    await anotherPrimaryThan(primary);
    expect(await firstResult(store, commitTo('b', 0, ['another']))).toMatchObject({ kind: 'appended' });
    const outcome = await firstResult(store, commit);
    expect(outcome).toMatchObject({ kind: 'appended', commit: { generations: [1] } });
    expect((await checkSoundLog(store)).map(({ bytes }) => Buffer.from(bytes).toString()).sort()).toEqual(['1', 'another', 'rolled back']);
  });
});

/** Secondaries stop, or go on, taking over what the primary has. Needs servers started with enableTestCommands. */
async function replication(members: readonly Member[], mode: 'alwaysOn' | 'off', context: TestContext): Promise<void> {
  for (const member of members) {
    try {
      await command(directUrl(member), { configureFailPoint: 'stopReplProducer', mode });
    } catch {
      context.skip('the replica set has no fail points (mongod --setParameter enableTestCommands=1), so no roll-back can be made');
    }
  }
}
