import type { Worker } from './service-parts.js';

/** Work that comes round again, the first time at start. One run at a time; a run that failed is told about, and the next one has it to do. */
export class RepeatingTask implements Worker {
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly everyMs: number,
    /** May end early when the signal says that the service stops. */
    private readonly task: (stopping: AbortSignal) => Promise<unknown>,
    private readonly onTrouble: (error: unknown) => void,
    /** What must not be left undone is done once more after the last call. */
    private readonly onceMoreAtStop = false,
  ) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.running;
    if (this.onceMoreAtStop) await this.task(this.stopping.signal);
  }

  private async run(): Promise<void> {
    try {
      await this.task(this.stopping.signal);
    } catch (error) {
      this.onTrouble(error);
    }
    if (this.stopping.signal.aborted) return;
    this.timer = setTimeout(() => (this.running = this.run()), this.everyMs);
    this.timer.unref();
  }
}
