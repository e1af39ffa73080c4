import type { Finding } from './findings.js';

/** Findings so far; a log that is wrong everywhere must not fill the memory of who checks it. */
export class FindingList {
  readonly kept: Finding[] = [];
  count = 0;

  constructor(private readonly max: number) {}

  add(...findings: readonly Finding[]): void {
    this.count += findings.length;
    this.kept.push(...findings.slice(0, Math.max(0, this.max - this.kept.length)));
  }
}
