import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll } from 'vitest';

export const main = join(import.meta.dirname, '../main.mjs');
/** Only Linux shows which process has which environment. */
export const canSeeProcesses = existsSync('/proc/self/environ');
const goneWithinMs = 15_000;

const folders: string[] = [];
afterAll(() => folders.forEach((path) => rmSync(path, { recursive: true, force: true, maxRetries: 5 })));

/** Gone after the last test of the file. */
export function temporaryFolder(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `engines-${name}-`));
  folders.push(path);
  return path;
}

/** A launcher whose every process carries a mark, and whose every temporary file lies in one folder. */
export class Launcher {
  readonly temporary = temporaryFolder('test');
  readonly process: ChildProcess;
  stderr = '';
  readonly #answers: AsyncIterator<string>;
  readonly #mark = `TMPDIR=${this.temporary}`;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}, program: readonly string[] = [main]) {
    this.process = spawn(process.execPath, [...program, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env, TMPDIR: this.temporary } });
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.process.stdin!.on('error', () => undefined);
    this.#answers = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line of the protocol. */
  async answer(): Promise<unknown> {
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error(`the launcher ended:\n${this.stderr}`);
    return JSON.parse(value) as unknown;
  }

  order(line: string): Promise<unknown> {
    this.process.stdin!.write(`${line}\n`);
    return this.answer();
  }

  /** Its exit code, once it has ended; closes its stdin unless it is to end by itself. */
  async ended(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'close');
    return this.process.exitCode;
  }

  async stop(): Promise<number | null> {
    this.process.stdin!.end();
    return this.ended();
  }

  /** Everything that runs because of it, itself included: `[pid, command line]`. */
  running(): [number, string][] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && fileOf(name, 'environ').split('\0').includes(this.#mark))
      .map((name) => [Number(name), fileOf(name, 'cmdline').replaceAll('\0', ' ')]);
  }

  async untilRunning(command: RegExp): Promise<number> {
    return waitFor(() => this.running().find(([, line]) => command.test(line))?.[0], () => `no ${command} was started:\n${this.stderr}`);
  }

  /** Resolves when nothing of it runs and no file of it is left. */
  async untilNothingIsLeft(): Promise<void> {
    const left = () => [...this.running().map(String), ...readdirSync(this.temporary).filter((name) => name.startsWith('tillid-engines-'))];
    await waitFor(() => left().length === 0 || undefined, () => `left behind:\n${left().join('\n')}`);
  }
}

async function waitFor<Found>(look: () => Found | undefined, complaint: () => string): Promise<Found> {
  const untilMs = performance.now() + goneWithinMs;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > untilMs) throw new Error(complaint());
    await pause(20);
  }
}

function fileOf(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    // It ended while we looked, or it is not ours to see.
    return '';
  }
}
