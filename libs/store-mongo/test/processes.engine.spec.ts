import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSoundLog } from '@tillid/testing';
import { mongoEventStore, type AppendMoment, type MongoDatabase } from '../src/index.js';
import { checkTold, repeatUntold, startAppending } from './appending-process.js';
import { freshDatabase, mongoForSpecs } from './on-mongo.js';

const engines = await mongoForSpecs();

describe.skipIf(!engines)('a log on MongoDB that several processes write', () => {
  let database: MongoDatabase;
  let remove: () => Promise<void>;
  beforeEach(async () => void ({ database, remove } = await freshDatabase(engines!.mongoUrl, { eventLogs: ['log'] })));
  afterEach(() => remove());
  const start = (seed: string, callers: number, more: { commits?: number; moment?: AppendMoment; insert?: number } = {}) =>
    startAppending({ url: engines!.mongoUrl, database: database.name, seed, callers, ...more });

  it('gives 4 processes of 64 callers dense positions, each its own, and every process comes to its end', async () => {
    const commits = 8;
    const processes = ['one', 'two', 'three', 'four'].map((seed) => start(seed, 64, { commits }));
    await Promise.all(processes.map(({ ready }) => ready));
    for (const { go } of processes) go();
    const told = await Promise.all(processes.map((each) => each.told));
    const total = 4 * 64 * commits;
    const positions = told.flatMap(({ acknowledged }) => [...acknowledged.values()]).sort((left, right) => left - right);
    // Two events a commit.
    expect(positions).toEqual(Array.from({ length: total }, (_, index) => 2 * index + 1));
    const store = await mongoEventStore({ database, name: 'log' });
    expect(await checkSoundLog(store)).toHaveLength(2 * total);
    const resent = told.map((each) => Object.values(each.resent).reduce((sum, count) => sum + count, 0) / (64 * commits));
    console.log(`sent again per commit, by process: ${resent.map((each) => each.toFixed(2)).join(', ')} (${JSON.stringify(told.map((each) => each.resent))})`);
    // Three others in the way of each insert: a writer that lost a dozen times in a row, on average, would be starving.
    for (const each of resent) expect(each).toBeLessThan(12);
    // Nobody was without an answer, and no index but that of positions refused anything: the callers share no stream.
    for (const each of told) expect(Object.keys(each.resent).filter((reason) => reason !== 'position_taken')).toEqual([]);
  });

  it('holds everything acknowledged and nothing half when they are killed at random, ten times over one log', async () => {
    let acknowledged = 0;
    for (let kill = 0; kill < 10; kill++) {
      const processes = [start(`${kill % 3}-left`, 4), start(`${kill % 3}-right`, 4)];
      const lives = await Promise.all(processes.map(async ({ child, go, begun, told }) => {
        go();
        await begun;
        // Not an assertion: the moment of the kill is the random input of this test.
        await delay(Math.random() * 60);
        child.kill('SIGKILL');
        return told;
      }));
      const store = await mongoEventStore({ database, name: 'log' });
      for (const told of lives) await checkTold(store, told);
      for (const told of lives) await repeatUntold(store, told);
      acknowledged += lives.reduce((sum, told) => sum + told.acknowledged.size, 0);
    }
    expect(acknowledged).toBeGreaterThan(20);
  });

  it.each<[AppendMoment, 'nothing' | 'everything']>([['before_insert', 'nothing'], ['after_insert', 'everything']])(
    'killed at %s has stored %s of the insert that nobody was told of, three times',
    async (moment, stored) => {
      const callers = 8;
      for (let kill = 1; kill <= 3; kill++) {
        const appending = start('named', callers, { moment, insert: kill * 3 });
        appending.go();
        const told = await appending.told;
        expect(told.signal).toBe('SIGKILL');
        const store = await mongoEventStore({ database, name: 'log' });
        const untold = await checkTold(store, told);
        const untoldAtAll = told.sent.size - told.acknowledged.size;
        expect(untoldAtAll).toBeGreaterThan(0);
        // What waited behind that insert was not sent.
        if (stored === 'nothing') expect(untold).toBe(0);
        else expect(untold).toBeGreaterThan(0);
        expect(untold).toBeLessThanOrEqual(untoldAtAll);
        await repeatUntold(store, told);
      }
    },
  );
});
