import type { Finding } from './findings.js';

/** Findings so far; a log that is wrong everywhere must not fill the memory of who checks it. */
export class FindingList {
  readonly kept: Finding[] = [];
  count = 0;

  constructor(readonly max: number) {}

  add(finding: Finding): void {
    this.count += 1;
    if (this.kept.length < this.max) this.kept.push(finding);
  }

  addAll(others: FindingList): void {
    this.count += others.count;
    for (const finding of others.kept) if (this.kept.length < this.max) this.kept.push(finding);
  }
}
