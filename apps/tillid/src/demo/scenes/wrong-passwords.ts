import { clumsy, type Scene } from '../day.js';
import { beginSignIn, codeOf, redeem, typeCode, typePassword } from '../sign-in.js';

const refusals = ['sign_in.factor_refused'];

/** Two slips of the finger, a code from the wrong line, and then everything right. */
export const wrongPasswords: Scene = {
  name: 'a clumsy morning',
  steps: () => 2,
  async play(day, step) {
    const citizen = clumsy(day);
    const { userId } = citizen.person;
    const mistyped = await beginSignIn(day, day.fjordbanken);
    await day.expect.refused('nothing can be redeemed before the factors', ['sign_in.not_completed'], () => redeem(mistyped));
    await day.expect.refused('a wrong password is refused', refusals, () => typePassword(mistyped, userId, `${citizen.password}x`, citizen.deviceSecret));
    const asked = await typePassword(mistyped, userId, citizen.password, citizen.deviceSecret);
    await day.expect.refused('a wrong code is refused', refusals, () => {
      const { signInId, agentSecret } = mistyped;
      return mistyped.agent.authentication.submitCode({ signInId, agentSecret, code: otherThan(codeOf(citizen, asked)) });
    });
    step();

    const open = await beginSignIn(day, day.fjordbanken);
    await day.expect.refused('the bank itself can never type a password', ['call.not_allowed'], () =>
      day.fjordbanken.authentication.submitPassword({ signInId: open.signInId, agentSecret: open.agentSecret, userId, password: citizen.password }),
    );
    await typeCode(open, citizen, await typePassword(open, userId, citizen.password, citizen.deviceSecret));
    const { subject } = await redeem(open);
    day.expect.holds('and then the right ones get in', subject.length > 0);
    await day.expect.refused('a sign-in is redeemed once', ['sign_in.redeemed'], () => redeem(open));
    step();
  },
};

function otherThan(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0');
}
