import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeLock } from './lock.js';

describe('the lock of a data folder', () => {
  it('is held by one, made with the folder, and free again when let go', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'tillid-lock-')), 'data', 'lock');
    const first = takeLock(path);
    expect(first).toBeDefined();
    expect(takeLock(path)).toBeUndefined();
    first!.release();
    const second = takeLock(path);
    expect(second).toBeDefined();
    second!.release();
  });
});
