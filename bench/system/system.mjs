import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

const checkout = join(import.meta.dirname, '../..');

/** A whole installation on a data folder of its own: the processes anyone would run. */
export class System {
  data = join(mkdtempSync(join(tmpdir(), 'tillid-bench-')), 'data');
  #process;

  /** `flags` are more of `tillid up`: `--kafka`. */
  constructor(portBase, flags = []) {
    this.portBase = portBase;
    this.flags = flags;
  }

  get running() {
    return JSON.parse(readFileSync(join(this.data, 'running.json'), 'utf8'));
  }

  async start() {
    const child = spawn(process.execPath, [join(checkout, 'apps/tillid/bin/tillid.mjs'), 'up', '--data', this.data, '--port-base', String(this.portBase), ...this.flags], { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    let said = '';
    const ready = new Promise((resolve, reject) => {
      const hear = (text) => {
        said += text;
        if (/^ready\b/m.test(said)) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => reject(new Error(`tillid up ended with ${code}\n${said}`)));
    });
    await ready;
  }

  async stop() {
    if (!this.#process || this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGINT');
    await ended;
  }

  async remove() {
    await this.stop();
    rmSync(join(this.data, '..'), { recursive: true, force: true });
  }
}

/** Runs a bench on a system, which is gone afterwards whatever happens. */
export async function withSystem(portBase, work, flags) {
  const system = new System(portBase, flags);
  try {
    await system.start();
    return await work(system);
  } finally {
    await system.remove();
  }
}
