import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const auditorProgram = join(import.meta.dirname, '../../auditor/bin/tillid-auditor.mjs');

/** `tillid-auditor witness`, as anyone runs it: a process, its own folder, real HTTP. */
export class WitnessProcess {
  #child: ChildProcess | undefined;
  url = '';
  vkey = '';

  private constructor(readonly name: string, private readonly folder: string) {}

  static async start(name: string, logVkey: string): Promise<WitnessProcess> {
    const witness = new WitnessProcess(name, await mkdtemp(join(tmpdir(), 'tillid-witness-')));
    await writeFile(join(witness.folder, 'log.vkey'), `${logVkey}\n`);
    await witness.start();
    return witness;
  }

  /** On the port it had, if it had one: whoever asks it keeps its URL. */
  async start(): Promise<void> {
    const listen = this.url === '' ? '127.0.0.1:0' : new URL(this.url).host;
    this.#child = spawn(process.execPath, [auditorProgram, 'witness', '--folder', join(this.folder, 'state'), '--name', `${this.name}.example`, '--log', join(this.folder, 'log.vkey'), '--listen', listen, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(this.#child.stdout!), 'line')) as [string];
    Object.assign(this, JSON.parse(line));
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true });
  }
}
