import { refuse, type ConsentRefusal, ShareRefusedUnrecorded } from './consent.refusals.js';
import type { AuthorizeShare, CompleteShare, Matter, ShareEvent } from './consent.messages.js';
import { countUse, unused, type DailyUse } from './frequency.js';
import { limits } from './limits.js';

/** The shares of one consent, or the one share of another legal basis. Its size does not grow with use. */
export interface Shares {
  /** The last number given, refused ones included. */
  readonly lastNumber: number;
  /** The latest ones, oldest first; at most limits.sharesRemembered. */
  readonly latest: readonly Share[];
  readonly use: DailyUse;
}

export interface Share {
  readonly number: number;
  readonly shareId: string;
  readonly attributes: readonly string[];
  readonly requestedAtMs: number;
  readonly status: 'requested' | 'authorized' | 'refused' | 'completed';
  /** Until then a yes is a yes. */
  readonly validUntilMs?: number;
  readonly reason?: ConsentRefusal;
}

export const noShares: Shares = { lastNumber: 0, latest: [], use: unused };

/** What both kinds of stream know of a share besides its number. */
export interface Ground {
  /** The consent's id or the basis's: the part of a share id before the dot. */
  readonly id: string;
  readonly agreementId: string;
  readonly providerId: string;
  readonly matter: Matter;
}

interface RequestShare {
  readonly attributes: readonly string[];
  readonly nowMs: number;
  /** False for a caller that was refused too often this minute. */
  readonly recordsRefusal: boolean;
}

/** A refused share is a fact: it gets its number like any other. */
export function requestShare(shares: Shares, ground: Ground, { attributes, nowMs, recordsRefusal }: RequestShare, against: ConsentRefusal | undefined): ShareEvent[] {
  const { id, agreementId, providerId, matter } = ground;
  if (against && !recordsRefusal) throw new ShareRefusedUnrecorded(against);
  const shareId = `${id}.${shares.lastNumber + 1}`;
  if (against) return [{ type: 'ShareRefused', shareId, providerId, reason: against, matter, atMs: nowMs }];
  const oldest = shares.latest[0];
  const waitMs = oldest && shares.latest.length >= limits.sharesRemembered ? underWayUntilMs(oldest) - nowMs : 0;
  if (waitMs > 0) throw refuse('call.too_many', { retryAfterMs: waitMs });
  return [{ type: 'ShareRequested', shareId, providerId, attributes: [...attributes], agreementId, matter, atMs: nowMs }];
}

/**
 * `against` is what the ground itself says now (withdrawn, expired), `capped` whether one more use is too many. Only a
 * share that still waits for its answer can become a refused one: what was authorised may have been handed over.
 */
export function authorizeShare(shares: Shares, ground: Ground, command: AuthorizeShare, against: ConsentRefusal | undefined, capped = false): ShareEvent[] {
  const { providerId, matter } = ground;
  const { nowMs } = command;
  const share = find(shares, providerId, command) ?? fail('share.expired');
  switch (share.status) {
    case 'requested': {
      const reason = against ?? (tooOld(share, nowMs) ? 'share.expired' : capped ? 'share.frequency_cap' : undefined);
      if (reason) return [{ type: 'ShareRefused', shareId: share.shareId, providerId, reason, matter, atMs: nowMs }];
      const validUntilMs = nowMs + limits.authorizationMs;
      return [{ type: 'ShareAuthorized', shareId: share.shareId, providerId, attributes: [...share.attributes], validUntilMs, matter, atMs: nowMs }];
    }
    case 'authorized':
      if (against) throw refuse(against);
      if (share.validUntilMs! <= nowMs) throw refuse('share.expired');
      return [];
    case 'refused':
      throw refuse(share.reason!);
    case 'completed':
      throw refuse('share.expired');
  }
}

/** Told late it is still told: that data was handed over stays true after a withdrawal. */
export function completeShare(shares: Shares, ground: Ground, command: CompleteShare): ShareEvent[] {
  const share = find(shares, ground.providerId, command);
  if (share?.status === 'completed') return [];
  if (share?.status !== 'authorized') throw refuse('share.not_authorized');
  return [{ type: 'ShareCompleted', shareId: share.shareId, providerId: ground.providerId, matter: ground.matter, atMs: command.nowMs }];
}

export function evolveShares(shares: Shares, event: ShareEvent): Shares {
  const number = numberOf(event.shareId);
  const lastNumber = Math.max(shares.lastNumber, number);
  switch (event.type) {
    case 'ShareRequested': {
      const share: Share = { number, shareId: event.shareId, attributes: event.attributes, requestedAtMs: event.atMs, status: 'requested' };
      return { ...shares, lastNumber, latest: [...shares.latest, share].slice(-limits.sharesRemembered) };
    }
    case 'ShareAuthorized':
      return { ...change(shares, number, { status: 'authorized', validUntilMs: event.validUntilMs }), use: countUse(shares.use, event.atMs) };
    case 'ShareRefused':
      return { ...change(shares, number, { status: 'refused', reason: event.reason }), lastNumber };
    case 'ShareCompleted':
      return change(shares, number, { status: 'completed' });
  }
}

export function shareNumbered(shares: Shares, number: number): Share | undefined {
  return shares.latest.find((share) => share.number === number);
}

/** Undefined for one that is too old to be remembered. */
function find(shares: Shares, provider: string, { number, providerId }: AuthorizeShare | CompleteShare): Share | undefined {
  if (number > shares.lastNumber) throw refuse('share.unknown');
  if (provider !== providerId) throw refuse('share.not_the_provider');
  return shareNumbered(shares, number);
}

function change(shares: Shares, number: number, changed: Partial<Share>): Shares {
  return { ...shares, latest: shares.latest.map((share) => (share.number === number ? { ...share, ...changed } : share)) };
}

/** Until then something may still become of it; 0: nothing. */
function underWayUntilMs(share: Share): number {
  switch (share.status) {
    case 'requested':
      return share.requestedAtMs + limits.shareRequestMs;
    case 'authorized':
      return share.validUntilMs!;
    case 'refused':
    case 'completed':
      return 0;
  }
}

function tooOld(share: Share, nowMs: number): boolean {
  return share.requestedAtMs + limits.shareRequestMs <= nowMs;
}

function numberOf(shareId: string): number {
  return Number(shareId.slice(shareId.lastIndexOf('.') + 1));
}

function fail(code: ConsentRefusal): never {
  throw refuse(code);
}
