/**
 * Refused shares are recorded, but nobody can flood the log with them: beyond ten a minute a caller's refusals are
 * answered, and counted in one event when the minute is over. In memory: a restart allows ten more.
 */
export class RefusalBudget {
  #minute = 0;
  readonly #recorded = new Map<string, number>();

  constructor(private readonly perMinute = 10) {}

  allows(callerId: string, nowMs: number): boolean {
    this.#turn(nowMs);
    return (this.#recorded.get(callerId) ?? 0) < this.perMinute;
  }

  spend(callerId: string, nowMs: number): void {
    this.#turn(nowMs);
    this.#recorded.set(callerId, (this.#recorded.get(callerId) ?? 0) + 1);
  }

  #turn(nowMs: number): void {
    const minute = Math.floor(nowMs / 60_000);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#recorded.clear();
  }
}
