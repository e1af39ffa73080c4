import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventStore } from '@tillid/eventsourcing';
import { checkSoundLog, commandIdOf, commitOf } from '@tillid/testing';
import { mongoEventStore, type AppendMoment, type MongoDatabase } from '../src/index.js';
import { appendingProcess, type Told } from './appending.js';
import { freshDatabase, mongoForSpecs } from './on-mongo.js';

const engines = await mongoForSpecs();

describe.skipIf(!engines)('processes that append to one log at once', () => {
  let fresh: { database: MongoDatabase; remove: () => Promise<void> };
  let store: EventStore;
  beforeEach(async () => {
    fresh = await freshDatabase(engines!.mongoUrl, { eventLogs: ['log'] });
    store = await mongoEventStore({ database: fresh.database, name: 'log' });
  });
  afterEach(async () => {
    await store.close();
    await fresh.remove();
  });
  const start = (seed: string, callers: number, commitsEach: number, kill?: { moment: AppendMoment; insert: number }) =>
    appendingProcess({ url: engines!.mongoUrl, database: fresh.database.name, seed, callers, commitsEach, ...(kill && { kill }) });

  it('all get their turn, and every commit of 4 x 64 callers is in the log once', async () => {
    const [callers, commitsEach] = [64, 6];
    const seeds = ['a', 'b', 'c', 'd'];
    const processes = await Promise.all(seeds.map((seed) => start(seed, callers, commitsEach)));
    await Promise.all(processes.map(({ begin }) => begin()));
    const told = await Promise.all(processes.map(({ ended }) => ended));

    const events = (await checkSoundLog(store)).map(({ bytes }) => Buffer.from(bytes).toString());
    expect(events).toHaveLength(4 * callers * commitsEach * 2 + callers);
    expect(new Set(events).size).toBe(events.length);
    for (const { acknowledged } of told) {
      expect(acknowledged.size).toBe(callers * commitsEach);
      for (const [command, position] of acknowledged) expect(events.slice(position - 1, position + 1)).toEqual(eventsOf(command));
    }
    const counted = told.map((each) => each.counted!);
    expect(counted.reduce((sum, { prizes }) => sum + prizes, 0)).toBe(callers);

    // Whoever loses a position loses it to another's insert: nobody runs against the end of the log in vain. In a replica
    // set an insert is in the way a little before it is seen, and may be met more than once.
    const meetings = engines!.mongoFrom === 'jars' ? 1 : 4;
    for (const each of counted) {
      const others = counted.filter((other) => other !== each).reduce((sum, other) => sum + other.inserts - other.position_taken, 0);
      expect(each.position_taken).toBeLessThanOrEqual(meetings * others);
      expect(each.no_answer).toBe(0);
    }
    // Nobody has to wait until the others are done.
    const firstHalf = events.slice(0, events.length / 2);
    for (const seed of seeds) expect(firstHalf.filter((event) => event.startsWith(`caller-${seed}-`)).length, seed).toBeGreaterThan(0);
    const commits = 4 * callers * commitsEach + callers;
    console.log(`retries per commit: ${(counted.reduce((sum, { position_taken, key_taken }) => sum + position_taken + key_taken, 0) / commits).toFixed(2)}`);
  });

  it('lose nothing acknowledged and double nothing when they are killed, 8 times two at random', async () => {
    let acknowledged = 0;
    for (let kill = 0; kill < 8; kill++) {
      const processes = await Promise.all(['one', 'two'].map((seed) => start(seed, 8, 0)));
      await Promise.all(processes.map(({ begin }) => begin()));
      // Not an assertion: the moment of the kill is the random input of this test.
      await delay(Math.random() * 120);
      for (const each of processes) each.kill();
      for (const { ended } of processes) acknowledged += await checkKilled(await ended);
    }
    expect(acknowledged).toBeGreaterThan(50);
  });

  it.each<[AppendMoment, 'nothing' | 'something']>([['before_insert', 'nothing'], ['after_insert', 'something']])('killed at %s have stored %s that nobody was told of', async (moment, stored) => {
    for (let kill = 1; kill <= 3; kill++) {
      const process_ = await start('named', 8, 0, { moment, insert: kill * 3 });
      await process_.begin();
      const told = await process_.ended;
      const untold = [...told.sent].filter((command) => !told.acknowledged.has(command));
      expect(untold.length).toBeGreaterThan(0);
      const found = await Promise.all(untold.map((command) => store.find(commandIdOf(command))));
      // Something: the insert's commits; a caller that asked a moment too late for it was not in it.
      expect(found.some((each) => each !== undefined)).toBe(stored === 'something');
      await checkKilled(told);
    }
  });

  /** The world after a kill. Returns how many commits were acknowledged before it. */
  async function checkKilled({ acknowledged, sent, signal }: Told): Promise<number> {
    expect(signal).toBe('SIGKILL');
    // What a caller does that was told nothing. Stored before, or landing in this very moment: the first result.
    for (const command of [...sent].filter((each) => !acknowledged.has(each))) {
      const before = await store.find(commandIdOf(command));
      const outcome = await store.append(commitAsSent(command));
      expect(outcome).toMatchObject({ kind: 'appended', ...(before && { repeated: true, commit: { firstPosition: before.firstPosition } }) });
    }
    const events = (await checkSoundLog(store)).map(({ bytes }) => Buffer.from(bytes).toString());
    expect(new Set(events).size).toBe(events.length);
    for (const [command, position] of acknowledged) expect((await store.find(commandIdOf(command)))?.firstPosition, command).toBe(position);
    for (const command of sent) {
      const { firstPosition } = (await store.find(commandIdOf(command)))!;
      expect(events.slice(firstPosition - 1, firstPosition + 1)).toEqual(eventsOf(command));
    }
    return acknowledged.size;
  }
});

/** As appending-process.mjs makes them. */
function eventsOf(command: string): string[] {
  const [name, revision] = command.split(' ') as [string, string];
  return [`${name}-left ${Number(revision) + 1}`, `${name}-right ${Number(revision) + 1}`];
}

function commitAsSent(command: string) {
  const [name, revision] = command.split(' ') as [string, string];
  const expectedRevision = Number(revision);
  const writes = ['left', 'right'].map((side, index) => ({ stream: `${name}-${side}`, expectedRevision, events: [eventsOf(command)[index]!] }));
  const release = expectedRevision === 0 ? [] : [{ value: `${name}:${expectedRevision}`, generation: 1 }];
  return commitOf(writes, { command, fingerprint: `${command} fingerprint`, reserve: [`${name}:${expectedRevision + 1}`], release });
}
