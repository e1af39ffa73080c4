import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AppendMoment } from '../src/index.js';

const program = join(import.meta.dirname, 'appending-process.mjs');

export interface AppendingOptions {
  readonly url: string;
  readonly database: string;
  readonly seed: string;
  readonly callers: number;
  /** 0: until it is killed. */
  readonly commitsEach: number;
  /** Ends itself by SIGKILL at this moment of this insert. */
  readonly kill?: { readonly moment: AppendMoment; readonly insert: number };
}

export interface Counted {
  readonly inserts: number;
  readonly position_taken: number;
  readonly key_taken: number;
  readonly no_answer: number;
  readonly prizes: number;
}

export interface Told {
  /** First position by command. */
  readonly acknowledged: ReadonlyMap<string, number>;
  readonly sent: ReadonlySet<string>;
  /** Undefined when it was killed. */
  readonly counted: Counted | undefined;
  readonly signal: NodeJS.Signals | null;
}

export interface Appending {
  /** Resolves when the first commit has been sent. */
  begin(): Promise<void>;
  kill(): void;
  readonly ended: Promise<Told>;
}

/** A process that appends; resolves when it is connected and waits for `begin`. */
export async function appendingProcess({ url, database, seed, callers, commitsEach, kill }: AppendingOptions): Promise<Appending> {
  const child = spawn(process.execPath, [program, url, database, seed, `${callers}`, `${commitsEach}`, kill?.moment ?? '', `${kill?.insert ?? 0}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { said, heard } = listenTo(child);
  const ended = (once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>).then(([, signal]) => told(said(), signal));
  await Promise.race([heard('ready\n'), ended]);
  return {
    begin() {
      child.stdin?.end();
      return Promise.race([heard('sent '), ended.then(() => undefined)]);
    },
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}

function listenTo(child: ChildProcess) {
  let said = '';
  const waiting = new Set<() => void>();
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    for (const look of waiting) look();
  });
  const heard = (words: string) =>
    new Promise<void>((resolve) => {
      const look = (): void => {
        if (!said.includes(words)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { said: () => said, heard };
}

function told(said: string, signal: NodeJS.Signals | null): Told {
  // A line cut in two by a kill was not a whole word.
  const lines = said.slice(0, said.lastIndexOf('\n')).split('\n');
  const words = (kind: string) => lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.split(' '));
  const counted = lines.find((line) => line.startsWith('counted '));
  return {
    acknowledged: new Map(words('acknowledged').map(([, name, revision, position]) => [`${name} ${revision}`, Number(position)])),
    sent: new Set(words('sent').map(([, name, revision]) => `${name} ${revision}`)),
    counted: counted === undefined ? undefined : (JSON.parse(counted.slice('counted '.length)) as Counted),
    signal,
  };
}
