import { newSecret, systemIds } from '@tillid/crypto';
import type { SeededRandom } from './random-source.js';

/** An invented person, with what only they know. */
export interface Person {
  readonly nationalNumber: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly address: string;
  readonly email: string;
  readonly userId: string;
  readonly password: string;
}

const firstNames = ['Anne', 'Mette', 'Kirsten', 'Søren', 'Jørgen', 'Åse', 'Mikkel', 'Freja', 'Emil', 'Ida', 'Karen', 'Lars', 'Bodil', 'Rasmus', 'Signe', 'Aksel', 'Ellen', 'Viggo'];
const lastNames = ['Jensen', 'Nielsen', 'Hansen', 'Pedersen', 'Østergaard', 'Kjær', 'Møller', 'Lund', 'Bæk', 'Holm', 'Skov', 'Dam', 'Åkær', 'Vinther'];
const streets = ['Nørregade', 'Søndervænget', 'Kirkevej', 'Egebakken', 'Åboulevarden', 'Møllestræde', 'Fjordvej', 'Skolegade'];
const towns = ['4990 Egebæk', '8799 Sundby', '6990 Fjordby', '3790 Nordhavn'];

export function inventPerson(random: SeededRandom, run: string, number: number): Person {
  const [firstName, lastName] = [random.pick(firstNames), random.pick(lastNames)];
  return {
    nationalNumber: inventNationalNumber(random),
    firstName,
    lastName,
    address: `${random.pick(streets)} ${1 + random.below(180)}, ${random.pick(towns)}`,
    email: `borger-${run}-${number}@eksempel.dk`,
    userId: `borger-${run}-${number}`,
    password: newSecret(systemIds).slice(0, 20),
  };
}

/** Sixty on the day: the form of administrative numbers, so it can belong to nobody. Born 1930 to 1999, hence a 7th digit of 0 to 3. */
export function inventNationalNumber(random: SeededRandom): string {
  const born = new Date(Date.UTC(1930, 0, 1 + random.below(70 * 365)));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(born.getUTCDate() + 60)}${two(born.getUTCMonth() + 1)}${two(born.getUTCFullYear() % 100)}${String(random.below(4000)).padStart(4, '0')}`;
}
