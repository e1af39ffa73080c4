export const dayMs = 86_400_000;

/** Authorised shares of one UTC day: all that a cap per day needs to remember, however many there were before. */
export interface DailyUse {
  readonly day: number;
  readonly count: number;
}

export const unused: DailyUse = { day: 0, count: 0 };

export function countUse(use: DailyUse, atMs: number): DailyUse {
  const day = dayOf(use, atMs);
  return { day, count: usesOn(use, day) + 1 };
}

/** A cap of 0 is no cap. */
export function capReached(use: DailyUse, perDay: number, nowMs: number): boolean {
  return perDay > 0 && usesOn(use, dayOf(use, nowMs)) >= perDay;
}

/** A clock that steps back over midnight does not open yesterday's quota again. */
function dayOf(use: DailyUse, atMs: number): number {
  return Math.max(use.day, Math.floor(atMs / dayMs));
}

function usesOn(use: DailyUse, day: number): number {
  return use.day === day ? use.count : 0;
}
