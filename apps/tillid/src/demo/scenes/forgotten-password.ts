import { newSecret, systemIds } from '@tillid/crypto';
import { forgetful, type Scene } from '../day.js';
import { beginSignIn, signIn, typePassword } from '../sign-in.js';

/** A second letter: new password, new card; the old ones are dead, and so is every session. */
export const forgottenPassword: Scene = {
  name: 'a forgotten password',
  steps: () => 3,
  async play(day, step) {
    const citizen = forgetful(day);
    const before = await signIn(day, citizen, day.fjordbanken);
    const oldPassword = citizen.password;
    step();

    const { activationId, activationCode } = await day.officials[1].authentication.issueActivationCode({ citizenId: citizen.citizenId });
    citizen.password = newSecret(systemIds).slice(0, 20);
    const { card } = await day.agent.authentication.activateKey({ activationId, activationCode, userId: citizen.person.userId, password: citizen.password });
    day.expect.holds('the new card is another card', card !== undefined && card.cardId !== citizen.card?.cardId);
    citizen.card = card;
    citizen.ownRooms = undefined;
    step();

    const stale = await beginSignIn(day, day.fjordbanken);
    await day.expect.refused('the old password is dead', ['sign_in.factor_refused'], () => typePassword(stale, citizen.person.userId, oldPassword, citizen.deviceSecret));
    const { active } = await day.fjordbanken.authentication.introspectToken({ token: before.token });
    day.expect.equal('the session from before has ended', active, false);
    const after = await signIn(day, citizen, day.fjordbanken);
    day.expect.equal('the bank meets the same customer', after.subject, before.subject);
    step();
  },
};
