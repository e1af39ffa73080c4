import type { SubjectServiceService } from '@tillid/contracts/authentication/v1/service';
import type { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import type { IdentityServiceService, KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import type { EventLog, Vault } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';
import type { RpcClient } from '@tillid/rpc';
import type { Handlers } from '@tillid/service';
import type { IdentityEvent } from './domain/identity.messages.js';
import type { KeyRing } from './key-ring/key-ring.js';
import type { Subjects } from './on-subject-linked/subjects.js';
import type { KeyUses } from './use-citizen-key/key-uses.js';

/** What the slices of identity work with; which adapters they are, identity.module.ts alone knows. */
export interface IdentityParts {
  readonly log: EventLog<IdentityEvent>;
  readonly vault: Vault;
  readonly keyRing: KeyRing;
  readonly keyUses: KeyUses;
  /** Pseudonym -> citizen, from authentication's feed. */
  readonly subjects: Subjects;
  readonly consent: Pick<RpcClient<typeof ConsentServiceService>, 'authorizeShare' | 'completeShare'>;
  readonly authentication: Pick<RpcClient<typeof SubjectServiceService>, 'linkSubject'>;
  /** 32 bytes, not in any store: national numbers are looked up through an HMAC under it. */
  readonly nationalNumberSecret: Uint8Array;
  readonly clock: Clock;
  readonly ids: Ids;
}

export type IdentityHandlers = Handlers<typeof IdentityServiceService>;
export type KeyRingHandlers = Handlers<typeof KeyRingServiceService>;

export const IDENTITY_PARTS = Symbol('IDENTITY_PARTS');
