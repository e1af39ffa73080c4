import type { Clock } from '@tillid/kernel';
import type { Logger } from '@tillid/runtime';
import type { Caller } from '../call.js';

/** A rule that a known certificate broke. */
export interface BrokenRule {
  readonly caller: Caller;
  readonly rpc: string;
  readonly reason: string;
  /** Set when a token of ours was misused. */
  readonly tokenId?: string;
  readonly count: number;
}

const perMinute = 10;
const maxCallers = 10_000;

/**
 * Records broken rules: at most ten a minute and caller at once, the rest of the minute as one event that counts them,
 * so that nobody can flood the log. The rest is in memory until its minute ends; a crash loses that count and no more.
 */
export class RefusalLog {
  private readonly minutes = new Map<string, { startedMs: number; recorded: number; last?: BrokenRule; rest: number }>();

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly record: (broken: BrokenRule) => Promise<void>,
  ) {}

  /** Resolves when it is recorded or, beyond the limit or when asked to, counted. A log that cannot take it does not turn the refusal into another answer. */
  async broken(broken: Omit<BrokenRule, 'count'>, onlyCounted = false): Promise<void> {
    const key = `${broken.caller.kind}/${broken.caller.id}`;
    const nowMs = this.clock.nowMs();
    let minute = this.minutes.get(key);
    if (minute && nowMs - minute.startedMs >= 60_000) {
      this.minutes.delete(key);
      await this.flush(minute);
      minute = this.minutes.get(key);
    }
    if (!minute) {
      if (this.minutes.size >= maxCallers) await this.flushOldest();
      minute = { startedMs: nowMs, recorded: 0, rest: 0 };
      this.minutes.set(key, minute);
    }
    if (!onlyCounted && minute.recorded < perMinute) {
      minute.recorded += 1;
      await this.write({ ...broken, count: 1 });
    } else {
      minute.rest += 1;
      minute.last = { ...broken, count: 1 };
    }
  }

  /** Writes what minutes that are over still hold; everything when the service stops. */
  async flushEnded(all = false): Promise<void> {
    const nowMs = this.clock.nowMs();
    for (const [key, minute] of this.minutes) {
      if (!all && nowMs - minute.startedMs < 60_000) continue;
      this.minutes.delete(key);
      await this.flush(minute);
    }
  }

  private async flushOldest(): Promise<void> {
    const oldest = this.minutes.entries().next().value;
    if (!oldest) return;
    this.minutes.delete(oldest[0]);
    await this.flush(oldest[1]);
  }

  private async flush(minute: { last?: BrokenRule; rest: number }): Promise<void> {
    if (minute.last) await this.write({ ...minute.last, count: minute.rest });
  }

  private async write(broken: BrokenRule): Promise<void> {
    try {
      await this.record(broken);
    } catch (err) {
      this.logger.error({ err, rpc: broken.rpc, reason: broken.reason, callerKind: broken.caller.kind, callerId: broken.caller.id }, 'a broken rule could not be recorded');
    }
  }
}
