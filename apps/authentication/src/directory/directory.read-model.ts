import { occurredAtMs, projection, readModel, type RecordedEvent } from '@tillid/eventsourcing';
import { authenticationEvents } from '../domain/authentication.events.js';
import type { EventOf } from '@tillid/eventsourcing';

/** Whose user id it is, or was: the citizen's stream says which one counts. */
export interface Account {
  readonly kind: 'account';
  /** Hex HMAC of the user id. */
  readonly id: string;
  readonly owner: string;
}

/** Whose letter it is, until it was used. */
export interface Letter {
  readonly kind: 'letter';
  /** The activation id. */
  readonly id: string;
  readonly owner: string;
}

/** Which citizen is behind a pseudonym. */
export interface Subject {
  readonly kind: 'subject';
  /** The pseudonym. */
  readonly id: string;
  readonly owner: string;
  readonly clientId: string;
}

/** A session that has not been ended; whether its time is up is asked when it is read. */
export interface OpenSession {
  readonly kind: 'session';
  readonly id: string;
  /** The citizen's pseudonym at the client. */
  readonly owner: string;
  readonly clientId: string;
  readonly level: number;
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
  /** Where in the log it started: what happened before does not end it. */
  readonly startedAt: number;
}

export type DirectoryEntry = Account | Letter | Subject | OpenSession;

/** Four kinds of entry in one model, so that the log is read once for all: most events of a sign-in concern none of them. */
export const directoryModel = readModel<DirectoryEntry>({
  name: 'directory',
  version: 1,
  key: ({ kind, id }) => keyOf(kind, id),
  indexes: { byOwner: (entry) => [entry.kind, entry.owner, entry.kind === 'session' ? entry.startedAt : 0, entry.id] },
});

export function keyOf(kind: DirectoryEntry['kind'], id: string): string {
  return `${kind}:${id}`;
}

const events = authenticationEvents.pick('ActivationCodeIssued', 'KeyActivated', 'SubjectLinked', 'SessionStarted', 'SessionEnded');
type DirectoryEvent = EventOf<typeof events>;

export const directoryProjection = projection<DirectoryEntry, DirectoryEvent>({
  name: 'directory',
  model: directoryModel,
  events,
  keys: ({ event }) => {
    switch (event.type) {
      case 'ActivationCodeIssued':
        return [keyOf('letter', event.activationId)];
      case 'KeyActivated':
        return [keyOf('letter', event.activationId), keyOf('account', event.userIdHmac.toString('hex'))];
      case 'SubjectLinked':
        return [keyOf('subject', event.pseudonym)];
      case 'SessionStarted':
      case 'SessionEnded':
        return [keyOf('session', event.sessionId)];
    }
  },
  apply: (_before, recorded, key) => entryAfter(recorded, key),
});

/** Every event here says all there is to say about its entry. */
function entryAfter(recorded: RecordedEvent<DirectoryEvent>, key: string): DirectoryEntry | null {
  const { event, envelope, position } = recorded;
  switch (event.type) {
    case 'ActivationCodeIssued':
      return { kind: 'letter', id: event.activationId, owner: event.citizenId };
    case 'KeyActivated':
      return key.startsWith('letter:') ? null : { kind: 'account', id: event.userIdHmac.toString('hex'), owner: event.citizenId };
    case 'SubjectLinked':
      return { kind: 'subject', id: event.pseudonym, owner: event.citizenId, clientId: event.clientId };
    case 'SessionStarted': {
      const { sessionId: id, level, expiresAtMs } = event;
      return { kind: 'session', id, owner: envelope.subject, clientId: envelope.clientId, level, startedAtMs: occurredAtMs(recorded), expiresAtMs, startedAt: position };
    }
    case 'SessionEnded':
      return null;
  }
}
