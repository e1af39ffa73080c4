import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNationalNumber } from './national-number.js';

const today = '2026-11-24';
const dateOfBirthOf = (text: string) => parseNationalNumber(text, today)?.dateOfBirth;

describe('a national number', () => {
  it('gives the date of birth, 60 taken off the day of administrative numbers', () => {
    expect(dateOfBirthOf('660781-1234')).toBe('1981-07-06');
    expect(dateOfBirthOf('610100-4000')).toBe('2000-01-01');
    expect(dateOfBirthOf('9112992000')).toBe('1999-12-31');
  });

  it.each([
    ['610150-0000', '1950-01-01'],
    ['610150-3999', '1950-01-01'],
    ['610136-4000', undefined], // 2036 is yet to come
    ['610126-4000', '2026-01-01'],
    ['610137-4000', '1937-01-01'],
    ['610126-9000', '2026-01-01'],
    ['610137-9999', '1937-01-01'],
    ['610120-5000', '2020-01-01'],
    ['610157-5000', undefined],
    ['610158-5000', '1858-01-01'],
    ['610199-8000', '1899-01-01'],
  ])('has its century from the seventh digit and the year: %s', (text, date) => expect(dateOfBirthOf(text)).toBe(date));

  it.each(['600781-1234', '000781-1234', '920781-1234', '320781-1234', '910481-1234', '891301-1234', '660081-1234', '890201-1234'])('is refused for a day that no calendar has: %s', (text) =>
    expect(parseNationalNumber(text, today)).toBeUndefined(),
  );

  it.each(['', '660781', '660781 1234', '660781-12345', '66O781-1234', ' 660781-1234', '660781-1234\n', '６６0781-1234'])('is refused in any other shape: %j', (text) =>
    expect(parseNationalNumber(text, today)).toBeUndefined(),
  );

  it('has a leap day in leap years only', () => {
    expect(dateOfBirthOf('890204-1234')).toBe('1904-02-29');
    expect(dateOfBirthOf('890203-1234')).toBeUndefined();
    expect(dateOfBirthOf('890200-1234')).toBeUndefined(); // 1900 had none
    expect(dateOfBirthOf('890200-4234')).toBe('2000-02-29');
  });

  it('is the same number with and without its dash and the 60, but keeps the digits it came with', () => {
    const birthday = fc.date({ min: new Date('1937-01-01'), max: new Date('1999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(birthday, fc.integer({ min: 0, max: 3999 }), (born, serialNumber) => {
        const iso = born.toISOString().slice(0, 10);
        const serial = String(serialNumber).padStart(4, '0');
        const tail = iso.slice(5, 7) + iso.slice(2, 4);
        const plain = iso.slice(8, 10) + tail;
        const administrative = String(born.getUTCDate() + 60) + tail;
        expect(parseNationalNumber(`${plain}-${serial}`, today)).toEqual({ digits: plain + serial, dateOfBirth: iso });
        expect(parseNationalNumber(administrative + serial, today)).toEqual({ digits: administrative + serial, dateOfBirth: iso });
      }),
    );
  });
});
