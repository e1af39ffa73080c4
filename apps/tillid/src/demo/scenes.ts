import type { Scene } from './day.js';
import { citizensAreRegistered } from './scenes/citizens-are-registered.js';
import { eveningLog } from './scenes/evening-log.js';
import { forgottenPassword } from './scenes/forgotten-password.js';
import { hospitalReads } from './scenes/hospital-reads.js';
import { keysAreActivated } from './scenes/keys-are-activated.js';
import { kindergartenPlace } from './scenes/kindergarten-place.js';
import { morningLogIns } from './scenes/morning-log-ins.js';
import { officesOpen } from './scenes/offices-open.js';
import { stolenTokens } from './scenes/stolen-tokens.js';
import { thiefWithAUserId } from './scenes/thief-with-a-user-id.js';
import { withdrawalAtNoon } from './scenes/withdrawal-at-noon.js';
import { wrongPasswords } from './scenes/wrong-passwords.js';

/** The day, in the order of its hours. */
export const scenes: readonly Scene[] = [
  officesOpen,
  citizensAreRegistered,
  keysAreActivated,
  morningLogIns,
  wrongPasswords,
  kindergartenPlace,
  hospitalReads,
  forgottenPassword,
  thiefWithAUserId,
  withdrawalAtNoon,
  stolenTokens,
  eveningLog,
];
