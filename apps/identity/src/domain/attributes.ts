import { danishDate } from './danish-date.js';
import { parseNationalNumber } from './national-number.js';

/** What the vault holds of a citizen. Never in an event. */
export interface CitizenDetails {
  /** Ten digits. */
  readonly nationalNumber: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly address?: string | undefined;
  readonly email?: string | undefined;
}

const eid = 'https://data.gov.dk/model/core/eid/';

/** How each attribute of the national vocabulary (OIOSAML 3) follows from what the vault holds, as of an instant. */
const derivations = {
  [`${eid}fullName`]: ({ firstName, lastName }) => `${firstName} ${lastName}`,
  [`${eid}firstName`]: ({ firstName }) => firstName,
  [`${eid}lastName`]: ({ lastName }) => lastName,
  [`${eid}cprNumber`]: ({ nationalNumber }) => nationalNumber,
  [`${eid}dateOfBirth`]: (details, today) => dateOfBirthOf(details, today),
  [`${eid}age`]: (details, today) => String(yearsBetween(dateOfBirthOf(details, today), today)),
  [`${eid}email`]: ({ email }) => email,
  'https://data.gov.dk/model/core/address': ({ address }) => address,
} satisfies Record<string, (details: CitizenDetails, today: string) => string | undefined>;

const derivationOf = new Map<string, (details: CitizenDetails, today: string) => string | undefined>(Object.entries(derivations));

export const knownAttributes: readonly string[] = [...derivationOf.keys()];

export function isKnownAttribute(name: string): boolean {
  return derivationOf.has(name);
}

/** Those of the wanted attributes the citizen has a value for, in the order asked, each once. */
export function attributeValues(details: CitizenDetails, wanted: readonly string[], atMs: number): { name: string; value: string }[] {
  const today = danishDate(atMs);
  return [...new Set(wanted)].flatMap((name) => {
    const value = derivationOf.get(name)?.(details, today);
    return value === undefined ? [] : [{ name, value }];
  });
}

/** Names of all the citizen has a value for: what an event may say of them. */
export function attributesHeld(details: CitizenDetails, atMs: number): string[] {
  return attributeValues(details, knownAttributes, atMs).map(({ name }) => name);
}

function dateOfBirthOf({ nationalNumber }: CitizenDetails, today: string): string {
  const parsed = parseNationalNumber(nationalNumber, today);
  // Only numbers that were checked at registration get here, and a clock does not go back to before a birth.
  if (!parsed) throw new Error('the vault holds a national number that is none');
  return parsed.dateOfBirth;
}

function yearsBetween(dateOfBirth: string, today: string): number {
  const hadBirthday = today.slice(5) >= dateOfBirth.slice(5);
  return Number(today.slice(0, 4)) - Number(dateOfBirth.slice(0, 4)) - (hadBirthday ? 0 : 1);
}
