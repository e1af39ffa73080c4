/**
 * How often a key may be guessed at. Every try is counted before any work is done for it, and success takes the count
 * back to nothing: what is left is failures in a row. 50 for all unknown devices together, 10 for each of at most 4
 * known ones and 10 inside the citizen's own rooms: never more than 100 (NIST 800-63B), and no stranger can use up a
 * known device's.
 */
export interface Pool {
  /** In a row, before it slows. */
  readonly free: number;
  /** In a row, before nothing but a success elsewhere, or a new activation, opens it again. */
  readonly most: number;
  /** The longest wait between two tries. */
  readonly slowestMs: number;
}

export const knownDevicesMax = 4;
export const unknownDevices: Pool = { free: 5, most: 50, slowestMs: 15 * 60_000 };
export const knownDevice: Pool = { free: 5, most: 10, slowestMs: 60_000 };

export interface Tries {
  readonly failures: number;
  readonly lastAtMs: number;
}

export const noTries: Tries = { failures: 0, lastAtMs: 0 };

export type Turn = { readonly allowed: true; readonly tries: Tries } | { readonly allowed: false; readonly retryAfterMs: number };

/** Takes a try out of the pool, or says how long to wait. */
export function takeTry(pool: Pool, { failures, lastAtMs }: Tries, nowMs: number): Turn {
  if (failures >= pool.most) return { allowed: false, retryAfterMs: 24 * 3_600_000 };
  const waitMs = failures < pool.free ? 0 : Math.min(1000 * 2 ** (failures - pool.free), pool.slowestMs);
  const leftMs = lastAtMs + waitMs - nowMs;
  return leftMs > 0 ? { allowed: false, retryAfterMs: leftMs } : { allowed: true, tries: { failures: failures + 1, lastAtMs: nowMs } };
}
