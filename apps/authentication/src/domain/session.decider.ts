import type { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import type { Decider } from '@tillid/eventsourcing';
import type { EndReason, SessionEvent } from './authentication.events.js';
import { refuse } from './authentication.refusals.js';

export type SessionCommand =
  | { readonly type: 'StartSession'; readonly sessionId: string; readonly signInId: string; readonly level: AssuranceLevel; readonly expiresAtMs: number }
  | { readonly type: 'EndSession'; readonly sessionId: string; readonly reason: EndReason; readonly nowMs: number };

export interface Session {
  readonly status: 'none' | 'open' | 'ended';
  readonly expiresAtMs: number;
}

export const session: Decider<SessionCommand, Session, SessionEvent> = {
  initial: { status: 'none', expiresAtMs: 0 },
  decide(command, state) {
    switch (command.type) {
      case 'StartSession': {
        const { sessionId, signInId, level, expiresAtMs } = command;
        return state.status === 'none' ? [{ type: 'SessionStarted', sessionId, signInId, level, expiresAtMs }] : [];
      }
      case 'EndSession':
        if (state.status === 'none') throw refuse('session.unknown');
        return sessionOpen(state, command.nowMs) ? [{ type: 'SessionEnded', sessionId: command.sessionId, reason: command.reason }] : [];
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'SessionStarted':
        return { status: 'open', expiresAtMs: event.expiresAtMs };
      case 'SessionEnded':
        return { ...state, status: 'ended' };
    }
  },
};

export function sessionOpen({ status, expiresAtMs }: Session, nowMs: number): boolean {
  return status === 'open' && nowMs < expiresAtMs;
}
