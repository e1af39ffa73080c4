import { refuse } from '../domain/authentication.refusals.js';

const bucketMs = 10_000;

/**
 * How many sign-ins a client has open, counted in this process: one client's flood must not fill the store that all
 * share. Counted in slices of ten seconds, so that what expires needs no timer.
 */
export class OpenPerClient {
  private readonly counts = new Map<string, Map<number, number>>();

  constructor(private readonly most: number) {}

  opened(clientId: string, expiresAtMs: number, nowMs: number): void {
    const buckets = this.counts.get(clientId) ?? new Map<number, number>();
    this.counts.set(clientId, buckets);
    let open = 0;
    for (const [bucket, count] of buckets) {
      if (bucket * bucketMs + bucketMs <= nowMs) buckets.delete(bucket);
      else open += count;
    }
    if (open >= this.most) throw refuse('sign_in.too_many_open', { retryAfterMs: bucketMs });
    const bucket = bucketOf(expiresAtMs);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }

  closed(clientId: string, expiresAtMs: number): void {
    const buckets = this.counts.get(clientId);
    const count = buckets?.get(bucketOf(expiresAtMs));
    if (buckets && count) buckets.set(bucketOf(expiresAtMs), count - 1);
  }
}

function bucketOf(expiresAtMs: number): number {
  return Math.floor(expiresAtMs / bucketMs);
}
