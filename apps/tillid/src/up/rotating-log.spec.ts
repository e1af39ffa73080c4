import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RotatingLog } from './rotating-log.js';

describe('a service\'s log file', () => {
  it('never outgrows its bound, keeps the newest lines, and goes on after a restart', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tillid-log-'));
    const path = join(folder, 'logs', 'audit.log');
    for (let start = 0; start < 2; start++) {
      const log = new RotatingLog(path, 100);
      for (let line = 0; line < 50; line++) log.write(Buffer.from(`start ${start} line ${String(line).padStart(3)}\n`));
      log.close();
    }
    expect(readdirSync(join(folder, 'logs')).toSorted()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2', 'audit.log.3']);
    const kept = ['.3', '.2', '.1', ''].map((end) => readFileSync(path + end, 'utf8'));
    for (const file of kept) expect(file.length).toBeLessThanOrEqual(100);
    const lines = kept.join('').trimEnd().split('\n');
    expect(lines.at(-1)).toBe('start 1 line  49');
    expect(lines).toEqual(lines.toSorted());
  });
});
