import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { Refused } from '@tillid/kernel';
import type { Citizen, Day, Scene } from '../day.js';
import { inParallel } from '../in-parallel.js';
import { inventNationalNumber, inventPerson, type Person } from '../people.js';

/** Officials register people and see their papers; level high takes two of them. */
export const citizensAreRegistered: Scene = {
  name: 'citizens are registered and proved',
  steps: (day) => day.size,
  async play(day, step) {
    const people = Array.from({ length: day.size }, (_, index) => inventPerson(day.random, day.run, index));
    const registered: Citizen[] = [];
    await inParallel(people, day.atOnce, async (person, index) => {
      registered[index] = await register(day, person);
      await prove(day, registered[index].citizenId, index);
      step();
    });
    day.citizens.push(...registered);
    day.expect.equal('every citizen has an id of their own', new Set(registered.map(({ citizenId }) => citizenId)).size, day.size);

    const [{ person }] = registered as [Citizen];
    await day.expect.refused('a number that is registered already is refused', ['identity.national_number_taken'], () => day.officials[1].identity.registerCitizen({ details: detailsOf(person) }));
    await day.expect.refused('a number with a day that does not exist is refused', ['identity.national_number_invalid'], () =>
      day.officials[0].identity.registerCitizen({ details: { ...detailsOf(person), nationalNumber: `95${person.nationalNumber.slice(2)}` } }),
    );
  },
};

/** An invented number may be in this data folder from a day before: then another is invented. */
async function register(day: Day, person: Person): Promise<Citizen> {
  for (let candidate = person; ; candidate = { ...person, nationalNumber: inventNationalNumber(day.random) }) {
    try {
      const { citizenId } = await day.officials[0].identity.registerCitizen({ details: detailsOf(candidate) });
      return { person: candidate, citizenId, password: candidate.password, card: undefined, deviceSecret: '', ownRooms: undefined };
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'identity.national_number_taken') throw error;
    }
  }
}

async function prove(day: Day, citizenId: string, index: number): Promise<void> {
  const [first, second] = day.officials;
  const proof = { citizenId, level: AssuranceLevel.HIGH, evidenceKind: 'passport' };
  const proposed = await first.identity.proveIdentity(proof);
  if (index === 0) {
    day.expect.equal('one official alone proves nothing at level high', proposed.proved, false);
    await day.expect.refused('nor does the same official twice', ['identity.same_official'], () => first.identity.proveIdentity(proof));
  }
  const proved = await second.identity.proveIdentity(proof);
  if (index === 0) day.expect.equal('a second official does', [proved.proved, proved.level], [true, AssuranceLevel.HIGH]);
}

function detailsOf({ nationalNumber, firstName, lastName, address, email }: Person) {
  return { nationalNumber, firstName, lastName, address, email };
}
