import { projection, readModel } from '@tillid/eventsourcing';
import { consentEvents } from '../domain/consent.events.js';
import type { ConsentEvent } from '../domain/consent.messages.js';
import { consentIdsOf } from '../domain/streams.js';

export interface ConsentDocument {
  readonly consentId: string;
  /** The citizen's pseudonym at the receiver: a citizen has one list a receiver, joined when it is read. */
  readonly subject: string;
  readonly receiverId: string;
  readonly providerId: string;
  /** Without "expired": that is told by the clock, not by an event. */
  readonly status: 'requested' | 'granted' | 'refused' | 'withdrawn';
  readonly requestedAttributes: readonly string[];
  readonly grantedAttributes: readonly string[];
  readonly purpose: string;
  readonly textHash: string;
  readonly textVersion: string;
  readonly language: string;
  readonly expiresAtMs: number;
  readonly sharesPerDay: number;
  readonly retentionDays: number;
  readonly requestedAtMs: number;
  /** Authorised ones. */
  readonly shares: number;
}

export const consentsModel = readModel<ConsentDocument>({
  name: 'consents',
  version: 1,
  key: (document) => document.consentId,
  indexes: { bySubject: ({ subject, requestedAtMs, consentId }) => [subject, requestedAtMs, consentId] },
});

/** Shares on another legal basis stand in the access log; this is what the citizen was asked. */
export const consents = projection({
  name: 'consents',
  model: consentsModel,
  events: consentEvents,
  keys: ({ envelope }) => consentIdsOf(envelope.stream),
  apply: (document: ConsentDocument | null, { event }) => (event.type === 'AgreementRegistered' ? document : applyToConsent(document, event)),
});

/** Null only before the consent was asked for. */
export function applyToConsent(document: ConsentDocument | null, event: ConsentEvent): ConsentDocument | null {
  if (event.type === 'ConsentRequested') return asked(event);
  if (!document) return null;
  switch (event.type) {
    case 'ConsentGranted':
      return { ...document, status: 'granted', grantedAttributes: event.attributes, expiresAtMs: event.expiresAtMs };
    case 'ConsentRefused':
      return { ...document, status: 'refused' };
    case 'ConsentWithdrawn':
      return { ...document, status: 'withdrawn' };
    case 'ShareAuthorized':
      return { ...document, shares: document.shares + 1 };
    case 'ShareRequested':
    case 'ShareRefused':
    case 'ShareCompleted':
      return document;
  }
}

function asked(event: Extract<ConsentEvent, { type: 'ConsentRequested' }>): ConsentDocument {
  const { consentId, providerId, purpose, textVersion, language, expiresAtMs, sharesPerDay, retentionDays, matter } = event;
  return {
    consentId, providerId, purpose, textVersion, language, expiresAtMs, sharesPerDay, retentionDays,
    subject: matter.subject,
    receiverId: matter.receiverId,
    status: 'requested',
    requestedAttributes: event.attributes,
    grantedAttributes: [],
    textHash: event.textHash.toString('hex'),
    requestedAtMs: event.atMs,
    shares: 0,
  };
}
