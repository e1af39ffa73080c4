import type { Logger } from '@tillid/runtime';
import type { Worker } from '@tillid/service';

/** Does a chore again and again; never two at once, and what fails is tried at the next turn. */
export class Periodic implements Worker {
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly name: string,
    private readonly everyMs: number,
    private readonly chore: (signal: AbortSignal) => Promise<unknown>,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.turn();
    }, this.everyMs);
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.stopping.abort();
    await this.running;
  }

  private async turn(): Promise<void> {
    try {
      await this.chore(this.stopping.signal);
    } catch (err) {
      this.logger.warn({ err, chore: this.name }, 'a chore failed and will be tried again');
    }
    if (!this.stopping.signal.aborted) this.start();
  }
}
