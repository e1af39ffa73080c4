// Everything the launcher starts goes through here, so that nothing of it outlives the launcher.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const linesKept = 40;
const silentWithinMs = 500;
const running = new Set();
let watchdog;

/** Called once, first. `onLost`: the watchdog was ended by someone, and with it the promise that nothing is left running. */
export function startWatchdog(onLost) {
  watchdog = spawn(process.execPath, [join(import.meta.dirname, 'watchdog.mjs')], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watchdog.stdin.on('error', () => undefined);
  watchdog.on('exit', onLost);
  // It ends after us; waiting for it would be waiting for ourselves.
  watchdog.unref();
  watchdog.stdin.unref();
}

function order(...words) {
  watchdog.stdin.write(`${JSON.stringify(words)}\n`);
}

/** A folder for as long as the launcher lives. */
export function temporaryFolder(name) {
  const path = mkdtempSync(join(tmpdir(), `tillid-engines-${name}-`));
  order('folder', path);
  return path;
}

/** What is to be run when the launcher has ended, however it did. The same command twice is run once. */
export function afterDeath(argv) {
  order('command', argv);
}

/** A running child: its `exit` as a promise, and the last lines that it said. */
export class Child {
  #lines = [];
  #silence;

  constructor(command, args, { onLine, env } = {}) {
    // It waits for a line before it becomes the program: the watchdog knows it by then. If the launcher dies earlier, `read`
    // fails and nothing has started. `exec` keeps the process id.
    this.process = spawn('/bin/sh', ['-c', 'read -r go && exec "$@" </dev/null', 'sh', command, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: env ?? process.env });
    const { pid } = this.process;
    running.add(this);
    this.#silence = once(this.process, 'close');
    this.exit = once(this.process, 'exit').then(async ([code, signal]) => {
      order('forget', pid);
      running.delete(this);
      // Its last lines; but not for ever: a child of its own may hold the pipe.
      await Promise.race([this.#silence, pause(silentWithinMs, undefined, { ref: false })]);
      return signal ?? code;
    });
    for (const stream of [this.process.stdout, this.process.stderr]) eachLine(stream, (line) => this.#heard(line, onLine));
    this.process.stdin.on('error', () => undefined);
    order('watch', pid);
    this.process.stdin.end('go\n');
  }

  #heard(line, onLine) {
    this.#lines.push(line);
    if (this.#lines.length > linesKept) this.#lines.shift();
    onLine?.(line);
  }

  /** The last lines that it said. */
  get said() {
    return this.#lines.join('\n');
  }

  kill(signal) {
    this.process.kill(signal);
  }

  /** Asks it to stop; ends it when it does not. */
  async stop(patienceMs = 5000) {
    this.kill('SIGTERM');
    const impatience = setTimeout(() => this.kill('SIGKILL'), patienceMs);
    await this.exit;
    clearTimeout(impatience);
  }
}

/** Runs a program to its end: `{ exit, said }`. */
export async function run(command, args) {
  const child = new Child(command, args);
  return { exit: await child.exit, said: child.said };
}

/** Whatever is still running, at once. */
export async function endAll() {
  await Promise.all([...running].map((child) => (child.kill('SIGKILL'), child.exit)));
}

function eachLine(stream, heard) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    lines.forEach(heard);
  });
  stream.on('end', () => rest !== '' && heard(rest));
}
