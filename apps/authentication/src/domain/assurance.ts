import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';

export type Factor = 'password' | 'code_card';

/** What the authenticators alone could carry (NSIS): a password is low, password and code are substantial. */
const levelOfFactors: Readonly<Record<Factor, AssuranceLevel>> = { password: AssuranceLevel.LOW, code_card: AssuranceLevel.SUBSTANTIAL };

/** The most any authenticator here reaches; asking for more is asking in vain. */
export const highestLevel = AssuranceLevel.SUBSTANTIAL;

/** Assurance of a sign-in: never more than how well it was proved who the citizen is. `last` is the strongest factor shown. */
export function levelReached(proof: AssuranceLevel, last: Factor): AssuranceLevel {
  return Math.min(proof, levelOfFactors[last]);
}
