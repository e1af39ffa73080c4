import { Refused, type Clock } from '@tillid/kernel';

/**
 * Calls a minute, per caller and rpc: a bucket as large as a minute's calls, refilled evenly. One number a bucket, the
 * instant it will be full again (GCRA); full buckets are the same as none and are dropped when the table fills up.
 */
export class RateLimit {
  private readonly fullAgainMs = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly maxBuckets = 10_000,
  ) {}

  /** Takes one call, or throws call.too_many with the time until the next one is free. */
  take(key: string, callsPerMinute: number): void {
    const nowMs = this.clock.nowMs();
    const stepMs = 60_000 / callsPerMinute;
    const fullAgain = Math.max(this.fullAgainMs.get(key) ?? nowMs, nowMs) + stepMs;
    // Half a step of grace: sums of fractions of a minute do not come out even.
    if (fullAgain - nowMs > 60_000 + stepMs / 2) throw new Refused('call.too_many', 'busy', { retryAfterMs: Math.ceil(fullAgain - nowMs - 60_000) });
    if (!this.fullAgainMs.has(key) && this.fullAgainMs.size >= this.maxBuckets) this.makeRoom(nowMs);
    this.fullAgainMs.set(key, fullAgain);
  }

  private makeRoom(nowMs: number): void {
    for (const [key, fullAgain] of this.fullAgainMs) if (fullAgain <= nowMs) this.fullAgainMs.delete(key);
    // Callers are known by certificate, so a table full of busy ones means more callers than planned for: the oldest goes.
    const oldest = this.fullAgainMs.keys().next().value;
    if (this.fullAgainMs.size >= this.maxBuckets && oldest !== undefined) this.fullAgainMs.delete(oldest);
  }
}
