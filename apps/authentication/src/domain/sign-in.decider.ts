import type { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import type { Decider } from '@tillid/eventsourcing';
import { type Factor, highestLevel, levelReached } from './assurance.js';
import type { AbandonReason, SignInEvent } from './authentication.events.js';
import { refuse } from './authentication.refusals.js';

/** Refused factors one sign-in survives. */
export const refusalsPerSignInMax = 5;

export type SignInCommand = { readonly signInId: string } & (
  | { readonly type: 'AcceptPassword'; readonly agentId: string; readonly asked: AssuranceLevel; readonly proof: AssuranceLevel; readonly citizenOpen: boolean }
  | { readonly type: 'AcceptCode'; readonly proof: AssuranceLevel }
  | { readonly type: 'RefuseFactor'; readonly agentId: string; readonly factor: Factor }
  | { readonly type: 'Abandon'; readonly reason: AbandonReason }
  | { readonly type: 'Redeem'; readonly sessionId: string }
);

export interface SignIn {
  /** none: nothing was shown yet, it lives in the expiring store alone. */
  readonly status: 'none' | 'started' | 'completed' | 'abandoned' | 'redeemed';
  readonly passwordAccepted: boolean;
  readonly refusals: number;
  readonly level?: AssuranceLevel;
}

export const signIn: Decider<SignInCommand, SignIn, SignInEvent> = {
  initial: { status: 'none', passwordAccepted: false, refusals: 0 },

  decide(command, state) {
    const { signInId } = command;
    switch (command.type) {
      case 'AcceptPassword':
        expectsFactor('password', state);
        return [...started(signInId, command.agentId, state), { type: 'FactorAccepted', signInId, factor: 'password' }, ...afterPassword(command)];
      case 'AcceptCode':
        expectsFactor('code_card', state);
        return [
          { type: 'FactorAccepted', signInId, factor: 'code_card' },
          { type: 'SignInCompleted', signInId, level: levelReached(command.proof, 'code_card') },
        ];
      case 'RefuseFactor': {
        expectsFactor(command.factor, state);
        const last = state.refusals + 1 >= refusalsPerSignInMax;
        return [
          ...started(signInId, command.agentId, state),
          { type: 'FactorRefused', signInId, factor: command.factor, count: 1 },
          ...(last ? [abandoned(signInId, 'too_many_refusals')] : []),
        ];
      }
      case 'Abandon':
        if (state.status === 'completed' || state.status === 'redeemed') throw refuse('sign_in.completed');
        return state.status === 'started' ? [abandoned(signInId, command.reason)] : [];
      case 'Redeem':
        if (state.status === 'redeemed') throw refuse('sign_in.redeemed');
        if (state.status === 'abandoned') throw refuse('sign_in.abandoned');
        if (state.status !== 'completed') throw refuse('sign_in.not_completed');
        return [{ type: 'SignInRedeemed', signInId, sessionId: command.sessionId }];
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'SignInStarted':
        return { ...state, status: 'started' };
      case 'FactorAccepted':
        return { ...state, passwordAccepted: true };
      case 'FactorRefused':
        return { ...state, refusals: state.refusals + event.count };
      case 'SignInCompleted':
        return { ...state, status: 'completed', level: event.level };
      case 'SignInAbandoned':
        return { ...state, status: 'abandoned' };
      case 'SignInRedeemed':
        return { ...state, status: 'redeemed' };
    }
  },
};

/** Password first, then the code; nothing once it has ended. */
export function expectsFactor(factor: Factor, state: SignIn): void {
  if (state.status === 'abandoned') throw refuse('sign_in.abandoned');
  if (state.status === 'completed' || state.status === 'redeemed') throw refuse('sign_in.out_of_order');
  if (state.passwordAccepted !== (factor === 'code_card')) throw refuse('sign_in.out_of_order');
}

function started(signInId: string, agentId: string, { status }: SignIn): SignInEvent[] {
  return status === 'none' ? [{ type: 'SignInStarted', signInId, agentId }] : [];
}

function abandoned(signInId: string, reason: AbandonReason): SignInEvent {
  return { type: 'SignInAbandoned', signInId, reason };
}

/** Done, or the code is asked for, or no code could bring it to the level asked. */
function afterPassword({ signInId, asked, proof, citizenOpen }: Extract<SignInCommand, { type: 'AcceptPassword' }>): SignInEvent[] {
  if (!citizenOpen) return [abandoned(signInId, 'citizen_blocked')];
  const byPassword = levelReached(proof, 'password');
  if (byPassword >= asked) return [{ type: 'SignInCompleted', signInId, level: byPassword }];
  return Math.min(proof, highestLevel) >= asked ? [] : [abandoned(signInId, 'level_not_reached')];
}
