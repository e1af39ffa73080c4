import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codesPerCard, decodeCodes, drawCodes, encodeCodes, nextCode, printed } from './code-card.codes.js';

/** Chance that can be repeated. */
function seeded(seed: number) {
  let counter = 0;
  const bytes = (length: number): Buffer => createHash('sha256').update(`${seed} ${counter++}`).digest().subarray(0, length);
  return { bytes, newId: () => bytes(16).toString('hex') };
}

describe('a card of codes', () => {
  it('has 148 codes with numbers of their own, printed in order', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const card = printed(drawCodes(seeded(seed)));
        expect(new Set(card.map(({ number }) => number)).size).toBe(codesPerCard);
        expect(card.map(({ number }) => number)).toEqual(card.map(({ number }) => number).sort());
        for (const code of card) expect(`${code.number} ${code.key}`).toMatch(/^\d{4} \d{6}$/);
      }),
      { numRuns: 20 },
    );
  });
  it('comes back from the vault as it went in', () => {
    const codes = drawCodes(seeded(7));
    expect(decodeCodes(encodeCodes(codes))).toEqual(codes);
  });
  it('asks for each code once, in no order a reader of the card could guess', () => {
    const codes = drawCodes(seeded(3));
    const asked: number[] = [];
    for (let next = nextCode(codes, asked); next; next = nextCode(codes, asked)) asked.push(next.number);
    expect(asked).toHaveLength(codesPerCard);
    expect(new Set(asked).size).toBe(codesPerCard);
    expect(asked).not.toEqual(asked.toSorted((left, right) => left - right));
  });
  it('asks for the same code until it is used', () => {
    const codes = drawCodes(seeded(3));
    expect(nextCode(codes, [])).toEqual(nextCode(codes, []));
  });
});
