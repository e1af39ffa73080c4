import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Logger } from '@tillid/runtime';
import type { AuditRoom } from '../audit.room.js';
import { closeDays } from './record-reading.js';

const everyMs = 60_000;

/** Looks every minute whether a day is over. What it misses while it is down it finds when it is up. */
export class DayCloser {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly room: AuditRoom, private readonly logger: Logger) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await closeDays(this.room).catch((error: unknown) => this.logger.error({ err: error }, 'the readings of past days could not be recorded'));
      await pauseFor(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
