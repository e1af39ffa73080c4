/**
 * CPR: DDMMYY-SSSS. Administrative numbers have 60 added to the day. There has been no modulus check since 2007, so
 * the date and the century rule are all there is to check.
 */
export interface NationalNumber {
  /** Ten digits. */
  readonly digits: string;
  /** ISO 8601, as "1981-07-06". */
  readonly dateOfBirth: string;
}

const shape = /^(\d{2})(\d{2})(\d{2})-?(\d{4})$/;

/** Undefined when it is no national number, or one of a person not born yet. `today` is an ISO date. */
export function parseNationalNumber(text: string, today: string): NationalNumber | undefined {
  const [, dayText, monthText, yearText, serial] = shape.exec(text) ?? [];
  if (!dayText || !monthText || !yearText || !serial) return undefined;
  const written = Number(dayText);
  const day = written > 60 ? written - 60 : written;
  const year = centuryOf(Number(serial[0]), Number(yearText)) + Number(yearText);
  const dateOfBirth = `${year}-${monthText}-${String(day).padStart(2, '0')}`;
  if (!isDate(dateOfBirth) || dateOfBirth > today) return undefined;
  return { digits: dayText + monthText + yearText + serial, dateOfBirth };
}

/** The seventh digit together with the year gives the century. */
function centuryOf(seventh: number, year: number): number {
  if (seventh <= 3) return 1900;
  if (seventh === 4 || seventh === 9) return year <= 36 ? 2000 : 1900;
  return year <= 57 ? 2000 : 1800;
}

/** Date accepts 31 April and moves on to May: only a date that comes back as it was is one. */
function isDate(iso: string): boolean {
  const time = Date.parse(`${iso}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso);
}
