import type { Decider } from '@tillid/eventsourcing';
import type { AuthenticatorsEvent } from './authentication.events.js';
import { refuse } from './authentication.refusals.js';

/** Wrong codes an activation letter survives. */
export const activationTriesMax = 5;

export type AuthenticatorsCommand =
  | { readonly type: 'IssueActivationCode'; readonly citizenId: string; readonly activationId: string; readonly verifierId: string; readonly expiresAtMs: number }
  | { readonly type: 'RefuseActivation'; readonly citizenId: string; readonly activationId: string; readonly nowMs: number }
  | ActivateKey
  | { readonly type: 'ChangePassword'; readonly citizenId: string; readonly passwordId: string; /** The one the old password was checked against. */ readonly replaces: string }
  | IssueCodeCard
  | { readonly type: 'CollectCodeCard'; readonly citizenId: string }
  | { readonly type: 'BlockKey'; readonly citizenId: string; readonly reason: string };

export interface ActivateKey {
  readonly type: 'ActivateKey';
  readonly citizenId: string;
  readonly activationId: string;
  readonly userIdHmac: Buffer;
  readonly passwordId: string;
  readonly card: Omit<Card, 'collected'>;
  readonly nowMs: number;
}

export interface IssueCodeCard {
  readonly type: 'IssueCodeCard';
  readonly citizenId: string;
  /** The card that runs out. */
  readonly follows: string;
  readonly card: Omit<Card, 'collected'>;
}

export interface Card {
  readonly cardId: string;
  readonly codesId: string;
  readonly codes: number;
  readonly collected: boolean;
}

export interface Authenticators {
  readonly status: 'none' | 'active' | 'blocked';
  /** The letter that still opens the key; used, replaced or dead ones are not here. */
  readonly activation?: { readonly activationId: string; readonly verifierId: string; readonly expiresAtMs: number; readonly refusals: number };
  /** Hex HMAC of the user id in use. */
  readonly userId?: string;
  /** Every user id ever held, hex: theirs for good. */
  readonly userIds: readonly string[];
  readonly passwordId?: string;
  readonly cardInUse?: Card;
  readonly cardWaiting?: Card;
  /** Grows whenever what was shown before no longer counts: a sign-in under an older one ends. */
  readonly generation: number;
}

export const authenticators: Decider<AuthenticatorsCommand, Authenticators, AuthenticatorsEvent> = {
  initial: { status: 'none', userIds: [], generation: 0 },

  decide(command, state) {
    switch (command.type) {
      case 'IssueActivationCode': {
        const { citizenId, activationId, verifierId, expiresAtMs } = command;
        return [{ type: 'ActivationCodeIssued', citizenId, activationId, verifierId, expiresAtMs }];
      }
      case 'RefuseActivation':
        // A dead or used letter is not counted: nothing can be guessed from it any more.
        if (!activationOpen(state, command.activationId, command.nowMs)) return [];
        return [{ type: 'ActivationRefused', citizenId: command.citizenId, activationId: command.activationId }];
      case 'ActivateKey':
        if (!activationOpen(state, command.activationId, command.nowMs)) throw refuse('activation.refused');
        return activated(command, state);
      case 'ChangePassword':
        // Another change came between: the old password that was checked is old indeed.
        if (state.status !== 'active' || state.passwordId !== command.replaces) throw refuse('password.wrong');
        return [{ type: 'PasswordSet', citizenId: command.citizenId, passwordId: command.passwordId }];
      case 'IssueCodeCard': {
        if (state.status !== 'active' || state.cardInUse?.cardId !== command.follows || state.cardWaiting) return [];
        return [{ type: 'CodeCardIssued', citizenId: command.citizenId, ...command.card }];
      }
      case 'CollectCodeCard':
        return collected(command.citizenId, state);
      case 'BlockKey':
        if (state.status !== 'active') throw refuse('key.not_active');
        return [{ type: 'KeyBlocked', citizenId: command.citizenId, reason: command.reason }];
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'ActivationCodeIssued': {
        const { activationId, verifierId, expiresAtMs } = event;
        return { ...state, activation: { activationId, verifierId, expiresAtMs, refusals: 0 } };
      }
      case 'ActivationRefused':
        return { ...state, activation: state.activation && { ...state.activation, refusals: state.activation.refusals + 1 } };
      case 'KeyActivated': {
        const userId = event.userIdHmac.toString('hex');
        const userIds = state.userIds.includes(userId) ? state.userIds : [...state.userIds, userId];
        // Nothing of an older activation lives on: password and card follow in the same commit.
        return { status: 'active', userId, userIds, generation: state.generation + 1 };
      }
      case 'PasswordSet':
        return { ...state, passwordId: event.passwordId, generation: state.generation + 1 };
      case 'CodeCardIssued': {
        const card = { cardId: event.cardId, codesId: event.codesId, codes: event.codes, collected: false };
        return state.cardInUse ? { ...state, cardWaiting: card } : { ...state, cardInUse: card };
      }
      case 'CodeCardCollected':
        if (state.cardWaiting?.cardId === event.cardId) return { ...state, cardInUse: { ...state.cardWaiting, collected: true }, cardWaiting: undefined };
        return { ...state, cardInUse: state.cardInUse && { ...state.cardInUse, collected: true } };
      case 'CodeCardReplaced':
        return state;
      case 'KeyBlocked':
        // A letter on its way might be what was stolen: only one sent after this opens the key again.
        return { status: 'blocked', userId: state.userId, userIds: state.userIds, generation: state.generation + 1 };
    }
  },
};

/** Expiry is decided here and now, not by a timer. */
export function activationOpen({ activation }: Authenticators, activationId: string, nowMs: number): boolean {
  return activation?.activationId === activationId && activation.refusals < activationTriesMax && nowMs < activation.expiresAtMs;
}

function activated(command: ActivateKey, state: Authenticators): AuthenticatorsEvent[] {
  const { citizenId, activationId, userIdHmac, passwordId, card } = command;
  const replaced = [state.cardInUse, state.cardWaiting].flatMap((old) => (old ? [{ type: 'CodeCardReplaced', citizenId, cardId: old.cardId } as const] : []));
  return [
    { type: 'KeyActivated', citizenId, activationId, userIdHmac, userIdHeld: state.userIds.includes(userIdHmac.toString('hex')) },
    { type: 'PasswordSet', citizenId, passwordId },
    ...replaced,
    { type: 'CodeCardIssued', citizenId, ...card },
  ];
}

/** Handing out the next card is what ends the one before: a card nobody has seen can't be asked for. */
function collected(citizenId: string, { cardInUse, cardWaiting }: Authenticators): AuthenticatorsEvent[] {
  if (cardWaiting && cardInUse) {
    return [
      { type: 'CodeCardCollected', citizenId, cardId: cardWaiting.cardId },
      { type: 'CodeCardReplaced', citizenId, cardId: cardInUse.cardId },
    ];
  }
  if (!cardInUse || cardInUse.collected) throw refuse('code_card.none_waiting');
  return [{ type: 'CodeCardCollected', citizenId, cardId: cardInUse.cardId }];
}
