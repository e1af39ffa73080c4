import { type CommandContext, derivedContext, type EventOf, type RecordedEvent } from '@tillid/eventsourcing';
import type { Authentication } from '../authentication.js';
import { authenticationEvents } from '../domain/authentication.events.js';
import { codesLeftForNewCard } from '../domain/code-card.decider.js';
import { endSessions } from '../sessions/end-sessions.js';
import { forgetSuperseded } from '../vault/superseded.js';
import { followUpCard } from './follow-up-card.js';

export const keyEvents = authenticationEvents.pick('ActivationCodeIssued', 'KeyActivated', 'PasswordSet', 'CodeCardReplaced', 'KeyBlocked', 'CodeUsed');
type KeyEvent = EventOf<typeof keyEvents>;

/** What follows when a citizen's key changed. Every step may be done again: it then finds nothing left to do. */
export function afterKeyEvents(service: Authentication) {
  return async ({ event, envelope, position }: RecordedEvent<KeyEvent>, context: CommandContext): Promise<void> => {
    switch (event.type) {
      case 'CodeUsed':
        // The citizen is in the envelope: the stream is the card's.
        if (event.remaining === codesLeftForNewCard) await followUpCard(service, envelope.subject, event.cardId, context);
        return;
      case 'KeyActivated':
        await service.devices.forget(event.citizenId);
        return;
      case 'PasswordSet':
        await endSessions(service, event.citizenId, 'password_changed', position, derivedContext(context, 'end-sessions'));
        return forgetSuperseded(service, event.citizenId);
      case 'KeyBlocked':
        await service.devices.forget(event.citizenId);
        await endSessions(service, event.citizenId, 'key_blocked', position, derivedContext(context, 'end-sessions'));
        return forgetSuperseded(service, event.citizenId);
      case 'ActivationCodeIssued':
      case 'CodeCardReplaced':
        return forgetSuperseded(service, event.citizenId);
    }
  };
}
