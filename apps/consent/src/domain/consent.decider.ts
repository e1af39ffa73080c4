import type { Decider } from '@tillid/eventsourcing';
import type { ConsentCommand, ConsentEvent, Matter } from './consent.messages.js';
import { refuse, type ConsentRefusal } from './consent.refusals.js';
import { capReached } from './frequency.js';
import { limits } from './limits.js';
import { reasonAgainstAsking } from './agreement.js';
import { authorizeShare, completeShare, evolveShares, noShares, requestShare, type Ground, type Shares } from './shares.js';

/** One consent and the shares on it: one stream, so that a withdrawal and a share can never miss each other. */
export type Consent = { readonly status: 'none' } | AskedConsent;

export interface AskedConsent {
  readonly status: 'requested' | 'granted' | 'refused' | 'withdrawn';
  readonly ground: Ground;
  readonly requestedAttributes: readonly string[];
  readonly grantedAttributes: readonly string[];
  readonly textHash: Buffer;
  readonly expiresAtMs: number;
  readonly sharesPerDay: number;
  /** A consent is granted once, so there is never a second. */
  readonly grantId?: string;
  readonly shares: Shares;
}

export const consent: Decider<ConsentCommand, Consent, ConsentEvent> = {
  initial: { status: 'none' },

  decide(command, state) {
    if (command.type === 'RequestConsent') return state.status === 'none' ? askFor(command) : [];
    if (state.status === 'none') throw refuse(command.type === 'AuthorizeShare' || command.type === 'CompleteShare' ? 'share.unknown' : 'consent.unknown');
    const { ground, shares } = state;
    const { id: consentId, matter } = ground;
    const { nowMs } = command;
    switch (command.type) {
      case 'GrantConsent': {
        // A grant id works once, so a late retry cannot bring back what was withdrawn since.
        if (command.grantId === state.grantId) return [];
        if (state.status === 'granted') throw refuse('consent.granted_already');
        if (state.status !== 'requested') throw refuse(`consent.${state.status}`);
        // Asked for in the very moment of the closing; every earlier question is withdrawn, every later one refused.
        if (command.citizenClosed) throw refuse('consent.withdrawn');
        if (state.expiresAtMs <= nowMs) throw refuse('consent.expired');
        if (!state.textHash.equals(command.textHash)) throw refuse('consent.text_differs');
        const expiresAtMs = command.expiresAtMs ?? state.expiresAtMs;
        if (expiresAtMs > state.expiresAtMs) throw malformed('expires_at', 'later than requested');
        if (expiresAtMs <= nowMs) throw malformed('expires_at', 'in the past');
        if (!isSubset(command.attributes, state.requestedAttributes)) throw malformed('attributes', 'more than requested');
        return [{ type: 'ConsentGranted', consentId, grantId: command.grantId, attributes: [...command.attributes], textHash: state.textHash, expiresAtMs, matter, atMs: nowMs }];
      }
      case 'RefuseConsent':
        if (state.status === 'refused') return [];
        if (state.status === 'granted') throw refuse('consent.granted_already');
        if (state.status === 'withdrawn') throw refuse('consent.withdrawn');
        return [{ type: 'ConsentRefused', consentId, matter, atMs: nowMs }];
      case 'WithdrawConsent':
        if (state.status === 'withdrawn') return [];
        if (state.status !== 'granted' && command.reason === 'own_wish') throw refuse('consent.never_granted');
        // What a closed citizen was only asked is withdrawn too: no late grant can follow. What was refused stays so.
        if (state.status === 'refused') return [];
        return [{ type: 'ConsentWithdrawn', consentId, reason: command.reason, matter, atMs: nowMs }];
      case 'RequestShare':
        // To anyone but its receiver a consent does not exist, and nobody else may write to its stream.
        if (command.receiverId !== matter.receiverId) throw refuse('consent.unknown');
        return requestShare(shares, ground, command, reasonAgainstRequest(state, command));
      case 'AuthorizeShare':
        return authorizeShare(shares, ground, command, reasonAgainst(state, nowMs), capReached(shares.use, state.sharesPerDay, nowMs));
      case 'CompleteShare':
        return completeShare(shares, ground, command);
    }
  },

  evolve(state, event) {
    if (event.type === 'ConsentRequested') return asked(event);
    if (state.status === 'none') throw new Error(`${event.type} on a consent that was never asked for`);
    switch (event.type) {
      case 'ConsentGranted':
        return { ...state, status: 'granted', grantId: event.grantId, grantedAttributes: event.attributes, expiresAtMs: event.expiresAtMs };
      case 'ConsentRefused':
        return { ...state, status: 'refused' };
      case 'ConsentWithdrawn':
        return { ...state, status: 'withdrawn' };
      case 'ShareRequested':
      case 'ShareAuthorized':
      case 'ShareRefused':
      case 'ShareCompleted':
        return { ...state, shares: evolveShares(state.shares, event) };
    }
  },
};

type RequestConsent = Extract<ConsentCommand, { type: 'RequestConsent' }>;

function askFor(command: RequestConsent): ConsentEvent[] {
  const { type: _, receiverId, subject, nowMs, agreement, citizenClosed, ...asked } = command;
  if (citizenClosed) throw refuse('consent.subject_unknown');
  const reason = reasonAgainstAsking(agreement, asked.attributes, asked.purpose, nowMs);
  if (reason) throw refuse(reason === 'agreement.expired' ? reason : 'agreement.does_not_allow');
  if (asked.expiresAtMs <= nowMs) throw refuse('consent.expiry_in_past');
  // A consent never outlives the agreement it was asked under, so a share on it need not look at the agreement again.
  if (asked.expiresAtMs > Math.min(agreement.expiresAtMs, nowMs + limits.consentLifetimeMs)) throw refuse('consent.expiry_too_far');
  const matter: Matter = { receiverId, subject, basis: asked.consentId, purpose: asked.purpose };
  return [{ type: 'ConsentRequested', ...asked, providerId: agreement.providerId, agreementId: agreement.agreementId, matter, atMs: nowMs }];
}

function asked(event: Extract<ConsentEvent, { type: 'ConsentRequested' }>): AskedConsent {
  const { consentId: id, agreementId, providerId, matter, attributes, textHash, expiresAtMs, sharesPerDay } = event;
  const ground = { id, agreementId, providerId, matter };
  return { status: 'requested', ground, requestedAttributes: attributes, grantedAttributes: [], textHash, expiresAtMs, sharesPerDay, shares: noShares };
}

/** Why nothing may be shared on this consent now, if so. */
function reasonAgainst(state: AskedConsent, nowMs: number): ConsentRefusal | undefined {
  if (state.status === 'requested') return 'consent.never_granted';
  if (state.status !== 'granted') return `consent.${state.status}`;
  return state.expiresAtMs <= nowMs ? 'consent.expired' : undefined;
}

function reasonAgainstRequest(state: AskedConsent, share: { readonly attributes: readonly string[]; readonly purpose: string; readonly nowMs: number }): ConsentRefusal | undefined {
  const reason = reasonAgainst(state, share.nowMs);
  if (reason) return reason;
  if (share.purpose !== state.ground.matter.purpose) return 'share.purpose_differs';
  if (!isSubset(share.attributes, state.grantedAttributes)) return 'share.attributes_not_granted';
  return capReached(state.shares.use, state.sharesPerDay, share.nowMs) ? 'share.frequency_cap' : undefined;
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  return part.every((name) => whole.includes(name));
}

function malformed(field: string, description: string) {
  return refuse('call.malformed', { fields: [{ field, description }] });
}
