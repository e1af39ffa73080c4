export const dayMs = 86_400_000;

/** "2026-11-24". */
export function utcDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
