import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inBatches } from './batches.js';

describe('a list in batches', () => {
  it('leaves nothing out, keeps the order, and no batch could have taken the next one too', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30)), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 8 }), (sizes, bytes, items) => {
        const batches = [...inBatches(sizes, (size) => size, { bytes, items })];
        expect(batches.flat()).toEqual(sizes);
        const total = (batch: readonly number[]) => batch.reduce((sum, size) => sum + size, 0);
        for (const [index, batch] of batches.entries()) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(items);
          if (batch.length > 1) expect(total(batch)).toBeLessThanOrEqual(bytes);
          const next = batches[index + 1]?.[0];
          if (next !== undefined) expect(batch.length === items || total(batch) + next > bytes).toBe(true);
        }
      }),
    );
  });

  it('sends what is too large by itself alone', () => {
    expect([...inBatches([1, 9, 1, 1], (size) => size, { bytes: 3 })]).toEqual([[1], [9], [1, 1]]);
  });
});
