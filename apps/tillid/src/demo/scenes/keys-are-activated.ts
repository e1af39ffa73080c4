import type { Citizen, Day, Scene } from '../day.js';
import { inParallel } from '../in-parallel.js';

/** The letter comes; with it the citizen chooses a user id and a password and gets a card of 148 codes. */
export const keysAreActivated: Scene = {
  name: 'keys are activated',
  steps: (day) => day.size,
  async play(day, step) {
    await inParallel(day.citizens, day.atOnce, async (citizen, index) => {
      const { activationId, activationCode } = await day.officials[0].authentication.issueActivationCode({ citizenId: citizen.citizenId });
      if (index === 0) await wrongCode(day, citizen, activationId);
      const { card } = await day.agent.authentication.activateKey({ activationId, activationCode, userId: citizen.person.userId, password: citizen.password });
      citizen.card = card;
      if (index === 0) await afterwards(day, citizen, activationId, activationCode);
      step();
    });
  },
};

async function wrongCode(day: Day, { person, password }: Citizen, activationId: string): Promise<void> {
  await day.expect.refused('a wrong activation code opens nothing', ['activation.refused'], () =>
    day.agent.authentication.activateKey({ activationId, activationCode: 'AAAA-AAAA-AAAA', userId: person.userId, password }),
  );
}

async function afterwards(day: Day, { card, person, password }: Citizen, activationId: string, activationCode: string): Promise<void> {
  day.expect.equal('the card has 148 codes, all numbers different', new Set(card?.codes.map(({ number }) => number)).size, 148);
  await day.expect.refused('a letter works once', ['activation.refused'], () =>
    day.agent.authentication.activateKey({ activationId, activationCode, userId: `${person.userId}-again`, password }),
  );
  await day.expect.refused('a bank cannot activate a key', ['call.not_allowed'], () =>
    day.fjordbanken.authentication.activateKey({ activationId, activationCode, userId: person.userId, password }),
  );
}
