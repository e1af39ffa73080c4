import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventStore } from '@tillid/eventsourcing';
import { checkSoundLog, commandIdOf, commitOf, plain } from '@tillid/testing';
import { sqliteEventStore, type AppendMoment } from '../src/index.js';

const child = join(import.meta.dirname, 'appending-process.mjs');
const callers = 8;

interface Told {
  /** First position by command. */
  readonly acknowledged: ReadonlyMap<string, number>;
  readonly sent: ReadonlySet<string>;
}

interface Kill {
  /** Ends itself at this moment of this batch; otherwise the parent kills it at a random time. */
  readonly moment?: AppendMoment;
  readonly batch?: number;
}

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'tillid-crash-'))));
afterAll(() => rm(folder, { recursive: true }));

/** One life of the appending process, ended by SIGKILL; what it told before that. */
async function live(path: string, seed: string, { moment, batch = 0 }: Kill): Promise<Told> {
  const process_ = spawn(process.execPath, [child, path, seed, `${callers}`, moment ?? '', `${batch}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  let heard = (): void => {};
  const firstWord = new Promise<void>((resolve) => (heard = resolve));
  process_.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
    heard();
  });
  const ended = once(process_, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  if (!moment) {
    await Promise.race([firstWord, ended]);
    // Not an assertion: the moment of the kill is the random input of this test.
    await delay(Math.random() * 60);
    process_.kill('SIGKILL');
  }
  expect((await ended)[1]).toBe('SIGKILL');
  // A line cut in two by the kill was not a whole word.
  const lines = told.slice(0, told.lastIndexOf('\n')).split('\n').map((line) => line.split(' '));
  return {
    acknowledged: new Map(lines.filter(([kind]) => kind === 'acknowledged').map(([, name, revision, position]) => [`${name} ${revision}`, Number(position)])),
    sent: new Set(lines.filter(([kind]) => kind === 'sent').map(([, name, revision]) => `${name} ${revision}`)),
  };
}

/** The world after a kill, through the ordinary way of opening. Returns how many sent commands were stored, unacknowledged. */
async function check(store: EventStore, { acknowledged, sent }: Told): Promise<number> {
  const events = (await checkSoundLog(store)).map(({ bytes }) => Buffer.from(bytes).toString());
  for (const [command, position] of acknowledged) expect((await store.find(commandIdOf(command)))?.firstPosition, command).toBe(position);
  let storedUntold = 0;
  for (const command of sent) {
    const [name, revision] = command.split(' ') as [string, string];
    const found = await store.find(commandIdOf(command));
    const left = await store.readStream(`${name}-left`, Number(revision), 1);
    const right = await store.readStream(`${name}-right`, Number(revision), 1);
    // Both streams or neither, and the command known or not, together.
    expect([left.length, right.length], command).toEqual(found ? [1, 1] : [0, 0]);
    if (!found) continue;
    expect(events[found.firstPosition - 1]).toMatch(new RegExp(`^${name}-left ${Number(revision) + 1} `));
    expect(events[found.firstPosition]).toMatch(new RegExp(`^${name}-right ${Number(revision) + 1} `));
    if (!acknowledged.has(command)) storedUntold += 1;
  }
  await repeatUntold(store, { acknowledged, sent });
  return storedUntold;
}

/** What a caller does that was told nothing: the same commit again. Stored before, it hears the first result; else it is stored now, once. */
async function repeatUntold(store: EventStore, { acknowledged, sent }: Told): Promise<void> {
  for (const command of [...sent].filter((each) => !acknowledged.has(each))) {
    const before = await store.find(commandIdOf(command));
    const outcome = plain(await store.append(commitAsSent(command)));
    expect(outcome, command).toMatchObject({ kind: 'appended', repeated: before !== undefined, ...(before && { firstPosition: before.firstPosition }) });
  }
  await checkSoundLog(store);
}

/** As appending-process.mjs makes it. */
function commitAsSent(command: string) {
  const [name, revision] = command.split(' ') as [string, string];
  const expectedRevision = Number(revision);
  const writes = [`${name}-left`, `${name}-right`].map((stream) => ({ stream, expectedRevision, events: [`${stream} ${expectedRevision + 1} ${'.'.repeat(expectedRevision % 700)}`] }));
  const release = expectedRevision === 0 ? [] : [{ value: `${name}:${expectedRevision}`, generation: 1 }];
  return commitOf(writes, { command, fingerprint: `${command} fingerprint`, reserve: [`${name}:${expectedRevision + 1}`], release });
}

describe('a log whose process is killed', () => {
  it('holds everything acknowledged and nothing half, 40 times at random over one file', async () => {
    const path = join(folder, 'random.sqlite');
    let acknowledged = 0;
    for (let kill = 0; kill < 40; kill++) {
      const told = await live(path, `${kill % 4}`, {});
      const store = await sqliteEventStore({ path });
      await check(store, told);
      await store.close();
      acknowledged += told.acknowledged.size;
    }
    expect(acknowledged).toBeGreaterThan(100);
  });

  it('holds the same when two processes share the file and both are killed, five times', async () => {
    const path = join(folder, 'shared.sqlite');
    for (let kill = 0; kill < 5; kill++) {
      const told = await Promise.all(['one', 'two'].map((seed) => live(path, seed, {})));
      const store = await sqliteEventStore({ path });
      for (const each of told) await check(store, each);
      await store.close();
    }
  });

  it.each<[AppendMoment, 'nothing' | 'everything']>([['before_insert', 'nothing'], ['mid_batch', 'nothing'], ['after_insert', 'everything']])(
    'killed at %s has stored %s of the batch that nobody was told of, five times',
    async (moment, stored) => {
      const path = join(folder, `${moment}.sqlite`);
      for (let kill = 1; kill <= 5; kill++) {
        const told = await live(path, 'named', { moment, batch: kill * 3 });
        const store = await sqliteEventStore({ path });
        const untold = await check(store, told);
        expect(told.sent.size - told.acknowledged.size).toBe(callers);
        expect(untold).toBe(stored === 'everything' ? callers : 0);
        await store.close();
      }
    },
  );
});
