import { Refused } from '@tillid/kernel';
import type { Caller, Citizen } from './call.js';

/** Where the token is to count: in the citizen's own rooms, or at the relying service that shows it. */
export type TokenUse = 'own_rooms' | 'at_receiver';

/** Tells whose token it is, if it is good for this caller and this use now. */
export interface TokenGuard {
  /** Throws Refused `token.*`, and TokenMisuse where it is to be recorded. */
  check(token: string, caller: Caller, use: TokenUse, rpc: string, deadlineMs: number): Promise<Citizen>;
  /** Authentication records TokenMisused on its own stream; without this the shell records CallRefused. */
  recordMisuse?(misuse: { readonly caller: Caller; readonly rpc: string; readonly reason: string; readonly tokenId: string; readonly count: number }): Promise<void>;
}

/** A token of ours in the wrong hands or the wrong place: foreign, stolen, replayed. A fact, so it is recorded. */
export class TokenMisuse extends Refused {
  constructor(
    code: string,
    readonly tokenId: string,
  ) {
    super(code, 'unauthenticated');
  }
}
