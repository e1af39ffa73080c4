import { victim, type Scene } from '../day.js';
import { beginSignIn, signIn, typePassword } from '../sign-in.js';

const guesses = 8;
/** Refused as any wrong password is, or slowed down: the thief learns nothing from either. */
const refusals = ['sign_in.factor_refused', 'sign_in.too_many_tries', 'sign_in.abandoned'];

/** Someone has found a user id and guesses, from a device of their own. */
export const thiefWithAUserId: Scene = {
  name: 'a thief with a user id',
  steps: () => guesses + 1,
  async play(day, step) {
    const target = victim(day);
    for (let guess = 0; guess < guesses; guess++) {
      const open = await beginSignIn(day, day.fjordbanken);
      await day.expect.refused(`guess ${guess + 1} is refused`, refusals, () => typePassword(open, target.person.userId, `sommer-2026-${guess}`));
      step();
    }
    const nobody = await beginSignIn(day, day.fjordbanken);
    await day.expect.refused('a user id that nobody has is answered alike', refusals, () => typePassword(nobody, `ingen-${day.run}`, 'sommer-2026-0'));
    const { subject } = await signIn(day, target, day.fjordbanken);
    day.expect.holds('the owner still gets in from their own device, at once', subject.length > 0);
    step();
  },
};
