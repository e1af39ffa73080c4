import type {
  ConsentGranted,
  ConsentRefused,
  ConsentRequested,
  ConsentWithdrawn,
  ShareAuthorized,
  ShareCompleted,
  ShareRefused,
  ShareRequested,
} from '@tillid/contracts/consent/v1/events';
import type { ConsentRefusal } from './consent.refusals.js';

/**
 * What the envelope says of an event and the rules need as well: about whom, for whom, on what ground, what for.
 * `consent.events.ts` moves it between the two.
 */
export interface Matter {
  /** The relying service that receives: the envelope's client_id. */
  readonly receiverId: string;
  /** The citizen's pseudonym there. */
  readonly subject: string;
  /** A consent id, or a legal basis of legal-bases.ts. */
  readonly basis: string;
  readonly purpose: string;
}

type Fact<Type extends string, Payload> = { readonly type: Type; readonly matter: Matter; readonly atMs: number } & Readonly<Payload>;

export type ShareEvent =
  | Fact<'ShareRequested', ShareRequested>
  | Fact<'ShareAuthorized', ShareAuthorized>
  | Fact<'ShareRefused', ShareRefused & { reason: ConsentRefusal }>
  | Fact<'ShareCompleted', ShareCompleted>;

export type ConsentEvent =
  | Fact<'ConsentRequested', ConsentRequested>
  | Fact<'ConsentGranted', ConsentGranted>
  | Fact<'ConsentRefused', ConsentRefused>
  | Fact<'ConsentWithdrawn', ConsentWithdrawn>
  | ShareEvent;

export type WithdrawalReason = 'own_wish' | 'citizen_closed';

export type ConsentCommand =
  | ({ readonly type: 'RequestConsent'; readonly receiverId: string; readonly subject: string; readonly nowMs: number; readonly agreement: Agreement; readonly citizenClosed: boolean } & Readonly<Omit<ConsentRequested, 'providerId' | 'agreementId'>>)
  | { readonly type: 'GrantConsent'; readonly grantId: string; readonly attributes: readonly string[]; readonly textHash: Uint8Array; readonly expiresAtMs?: number; readonly citizenClosed: boolean; readonly nowMs: number }
  | { readonly type: 'RefuseConsent'; readonly nowMs: number }
  | { readonly type: 'WithdrawConsent'; readonly reason: WithdrawalReason; readonly nowMs: number }
  | { readonly type: 'RequestShare'; readonly receiverId: string; readonly attributes: readonly string[]; readonly purpose: string; readonly nowMs: number; readonly recordsRefusal: boolean }
  | AuthorizeShare
  | CompleteShare;

/** A share on another legal basis than consent. */
export type BasisShareCommand =
  | { readonly type: 'RequestBasisShare'; readonly basisId: string; readonly agreement: Agreement; readonly matter: Matter; readonly attributes: readonly string[]; readonly nowMs: number; readonly recordsRefusal: boolean }
  | AuthorizeShare
  | CompleteShare;

export interface AuthorizeShare {
  readonly type: 'AuthorizeShare';
  readonly number: number;
  readonly providerId: string;
  readonly nowMs: number;
}

export interface CompleteShare {
  readonly type: 'CompleteShare';
  readonly number: number;
  readonly providerId: string;
  readonly nowMs: number;
}

/** What an organisation may ask for at all. Registered once, never changed. */
export interface Agreement {
  readonly agreementId: string;
  readonly receiverId: string;
  readonly providerId: string;
  readonly attributes: readonly string[];
  readonly purposes: readonly string[];
  readonly legalBases: readonly string[];
  readonly expiresAtMs: number;
}
