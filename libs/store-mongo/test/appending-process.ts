import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { EventStore } from '@tillid/eventsourcing';
import { checkSoundLog, commandIdOf, commitOf, plain } from '@tillid/testing';
import type { AppendMoment, AppendRetry } from '../src/index.js';

const script = join(import.meta.dirname, 'appending-process.mjs');

export interface Told {
  /** First position by command. */
  readonly acknowledged: ReadonlyMap<string, number>;
  readonly sent: ReadonlySet<string>;
  /** Commits that had to be sent again, by reason; told at a peaceful end. */
  readonly resent: Readonly<Partial<Record<AppendRetry['reason'], number>>>;
  readonly signal: NodeJS.Signals | null;
}

export interface Appending {
  readonly url: string;
  readonly database: string;
  readonly seed: string;
  readonly callers: number;
  /** Commits a caller; without it until killed. */
  readonly commits?: number;
  /** Ends itself at this moment of this insert. */
  readonly moment?: AppendMoment;
  readonly insert?: number;
}

export interface AppendingProcess {
  readonly child: ChildProcess;
  /** It has its connection, and waits for `go`. */
  readonly ready: Promise<void>;
  readonly go: () => void;
  /** It has sent a command. */
  readonly begun: Promise<void>;
  readonly told: Promise<Told>;
}

export function startAppending({ url, database, seed, callers, commits = 0, moment = '' as never, insert = 0 }: Appending): AppendingProcess {
  const child = spawn(process.execPath, [script, url, database, seed, `${callers}`, `${commits}`, moment, `${insert}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  const ready = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    ready.resolve();
    if (text.includes('sent ')) begun.resolve();
  });
  const told = (async () => {
    const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    for (const wait of [ready, begun]) wait.resolve();
    return { ...parse(text), signal };
  })();
  return { child, ready: ready.promise, go: () => void child.stdin.end(), begun: begun.promise, told };
}

function parse(text: string): Omit<Told, 'signal'> {
  // A line cut in two by the kill was not a whole word.
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n').map((line) => line.split(' '));
  const resent = lines.find(([kind]) => kind === 'resent')?.[1];
  return {
    acknowledged: new Map(lines.filter(([kind]) => kind === 'acknowledged').map(([, name, revision, position]) => [`${name} ${revision}`, Number(position)])),
    sent: new Set(lines.filter(([kind]) => kind === 'sent').map(([, name, revision]) => `${name} ${revision}`)),
    resent: resent === undefined ? {} : (JSON.parse(resent) as Told['resent']),
  };
}

/** The world afterwards, through the ordinary way of opening. Returns how many sent commands were stored and never acknowledged. */
export async function checkTold(store: EventStore, { acknowledged, sent }: Told): Promise<number> {
  const events = (await checkSoundLog(store)).map(({ bytes }) => Buffer.from(bytes).toString());
  let storedUntold = 0;
  for (const command of sent) {
    const [name, revision] = command.split(' ') as [string, string];
    const found = await store.find(commandIdOf(command));
    if (acknowledged.has(command)) expect(found?.firstPosition, command).toBe(acknowledged.get(command));
    if (!found) {
      expect(await store.lastRevision(`${name}-left`), command).toBe(Number(revision));
      expect(await store.lastRevision(`${name}-right`), command).toBe(Number(revision));
      continue;
    }
    expect(events[found.firstPosition - 1]).toMatch(new RegExp(`^${name}-left ${Number(revision) + 1} `));
    expect(events[found.firstPosition]).toMatch(new RegExp(`^${name}-right ${Number(revision) + 1} `));
    if (!acknowledged.has(command)) storedUntold += 1;
  }
  return storedUntold;
}

/** What a caller does that was told nothing: the same commit again. Stored before, it hears the first result; else it is stored now, once. */
export async function repeatUntold(store: EventStore, { acknowledged, sent }: Told): Promise<void> {
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
