export interface Phases {
  /** Runs one phase and says what it did and how long it took. */
  phase<Result>(what: string, work: () => Promise<Result>): Promise<Result>;
  done(what: string, tookMs: number): void;
  line(text: string): void;
  readonly sinceStartMs: () => number;
}

export function phasesTo(write: (text: string) => void): Phases {
  const startedAtMs = performance.now();
  const line = (text: string) => write(`${text}\n`);
  const done = (what: string, tookMs: number) => line(`  ${what.padEnd(48)} ${inSeconds(tookMs)}`);
  return {
    line,
    done,
    sinceStartMs: () => performance.now() - startedAtMs,
    async phase(what, work) {
      const before = performance.now();
      const result = await work();
      done(what, performance.now() - before);
      return result;
    },
  };
}

export function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(2).padStart(6)} s`;
}
