const firstMs = 100;
const mostMs = 10_000;
/** A process that lived this long was well: the next death starts from the shortest wait again. */
const healthyMs = 10_000;

/** How long to wait before the next start: 0.1 s, doubled with every death in a row, 10 s at most. */
export function backoffMs(deathsInARow: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(deathsInARow - 1, 20));
}

export function deathsAfter(deathsInARow: number, livedMs: number): number {
  return livedMs >= healthyMs ? 1 : deathsInARow + 1;
}
