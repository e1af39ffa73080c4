import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inventNationalNumber, inventPerson } from './people.js';
import { SeededRandom } from './random-source.js';

describe('an invented citizen', () => {
  it('has a number that can belong to nobody: a real date of the 1900s with sixty on the day', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const number = inventNationalNumber(new SeededRandom(seed));
        expect(number).toMatch(/^\d{10}$/);
        const [day, month, year] = [Number(number.slice(0, 2)) - 60, Number(number.slice(2, 4)), 1900 + Number(number.slice(4, 6))];
        const date = new Date(Date.UTC(year, month - 1, day));
        expect([date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCFullYear()]).toEqual([day, month, year]);
        expect(Number(number[6])).toBeLessThanOrEqual(3);
      }),
    );
  });

  it('is the same person for the same seed, but for the password', () => {
    const people = [1, 1, 2].map((seed) => ({ ...inventPerson(new SeededRandom(seed), 'run', 0), password: '' }));
    expect(people[0]).toEqual(people[1]);
    expect(people[0]).not.toEqual(people[2]);
  });

  it('rarely shares a number: ten thousand draws give nearly as many', () => {
    const random = new SeededRandom(7);
    expect(new Set(Array.from({ length: 10_000 }, () => inventNationalNumber(random))).size).toBeGreaterThan(9_980);
  });
});
