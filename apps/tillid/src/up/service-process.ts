import { type ChildProcess, spawn } from 'node:child_process';
import { backoffMs, deathsAfter } from './backoff.js';
import type { RotatingLog } from './rotating-log.js';

export interface ServiceCommand {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly log: RotatingLog;
}

export interface ServiceEvents {
  started(name: string, pid: number): void;
  died(name: string, how: string, restartInMs: number, lastWords: string): void;
}

const stopPatienceMs = 15_000;
/** An error with its causes and their stacks: the reason stands at its beginning. */
const lastWordsBytes = 6000;

/** One service, kept running until it is told to stop. */
export class ServiceProcess {
  private child: ChildProcess | undefined;
  private stopping = false;
  private deathsInARow = 0;
  private restart: NodeJS.Timeout | undefined;
  private lastWords = '';

  constructor(
    private readonly command: ServiceCommand,
    private readonly events: ServiceEvents,
  ) {}

  get name(): string {
    return this.command.name;
  }

  get deaths(): number {
    return this.deathsInARow;
  }

  start(): void {
    const startedAtMs = Date.now();
    const { name, log } = this.command;
    // A process group of its own: Ctrl-C in the terminal reaches `tillid up` alone, which stops the services in good order.
    // Descriptor 3 is the pipe that die-with-parent watches.
    const child = spawn(process.execPath, [...this.command.arguments], { env: this.command.environment, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true });
    this.child = child;
    this.lastWords = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream!.on('data', (chunk: Buffer) => {
        log.write(chunk);
        this.lastWords = (this.lastWords + chunk.toString('utf8')).slice(-lastWordsBytes);
      });
    }
    // The pipe's other end closes when the child dies; that is news only through 'exit'.
    child.stdio[3]?.on('error', () => undefined);
    child.once('spawn', () => this.events.started(name, child.pid!));
    child.once('error', (error) => this.ended(startedAtMs, `could not be started: ${error.message}`));
    child.once('exit', (code, signal) => this.ended(startedAtMs, signal ? `was ended by ${signal}` : `ended with code ${code}`));
  }

  /** Asks it to stop, and insists after 15 s. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restart);
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs);
    await gone;
    clearTimeout(insist);
  }

  kill(): void {
    this.stopping = true;
    this.child?.kill('SIGKILL');
  }

  private ended(startedAtMs: number, how: string): void {
    if (this.stopping) return;
    this.deathsInARow = deathsAfter(this.deathsInARow, Date.now() - startedAtMs);
    const waitMs = backoffMs(this.deathsInARow);
    this.events.died(this.command.name, how, waitMs, this.lastWords);
    this.restart = setTimeout(() => this.start(), waitMs);
  }
}
