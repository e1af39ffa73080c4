import { type EventLog, type OpenReadModel, openReadModels } from '@tillid/eventsourcing';
import { Refused, type Ids } from '@tillid/kernel';
import type { IdentityEvent } from './domain/identity.messages.js';
import { refuse } from './domain/identity.refusals.js';
import type { IdentityParts } from './identity.parts.js';
import type { IdentityStores } from './identity.stores.js';
import { applyErasures } from './key-ring/erasures.js';
import type { KeyEncryptionKeyFile } from './key-ring/key-encryption-key-file.js';
import { KeyRing } from './key-ring/key-ring.js';
import { type KeyEncryptionKeyPolicy, tendKeyEncryptionKeys } from './key-ring/tend-key-encryption-keys.js';
import { type CatchUp, Subjects } from './on-subject-linked/subjects.js';
import { readModels } from './read-models.js';
import { recordKeyUses } from './record-key-uses/record-key-uses.js';
import { type Swept, sweepUnnamedValues } from './sweep-unnamed-values/sweep-unnamed-values.js';
import { KeyUses } from './use-citizen-key/key-uses.js';

export interface IdentityPorts extends Pick<IdentityParts, 'consent' | 'authentication' | 'nationalNumberSecret'> {
  readonly log: Omit<EventLog<IdentityEvent>, 'onReserved'>;
  readonly ids: Ids;
  readonly stores: Omit<IdentityStores, 'events'>;
  readonly keyEncryptionKeys: KeyEncryptionKeyFile;
  readonly keyEncryptionKeyPolicy: KeyEncryptionKeyPolicy;
  readonly decoySecret: Uint8Array;
  /** Waits until we have taken in all that authentication had when asked. */
  readonly catchUp: CatchUp;
}

export interface AssembledIdentity {
  readonly parts: IdentityParts;
  /** What it keeps of authentication's feed. */
  readonly lists: readonly OpenReadModel[];
  /** What time asks for; each may run at any moment and as often as one likes. */
  readonly timed: {
    saveKeyUses(): Promise<void>;
    recordKeyUses(): Promise<void>;
    sweepUnnamedValues(): Promise<Swept>;
    tendKeyRing(): Promise<void>;
  };
}

/** The service, whatever it stores with and whoever its peers are. Erasures are applied before it can answer anyone. */
export async function assembleIdentity(ports: IdentityPorts): Promise<AssembledIdentity> {
  const { ids, stores, consent, authentication, nationalNumberSecret, keyEncryptionKeys, keyEncryptionKeyPolicy } = ports;
  const { clock } = ports.log;
  // The one value identity holds unique.
  const log = { ...ports.log, onReserved: (): Refused => refuse('identity.national_number_taken') };
  const keyRing = await KeyRing.open(stores.keys, keyEncryptionKeys, ports.decoySecret, clock, ids);
  const lists = await openReadModels(readModels, stores.readModels);
  const keyUses = new KeyUses(log, stores.keyUseCounts);
  const parts: IdentityParts = { log, vault: stores.vault, keyRing, keyUses, subjects: new Subjects(lists.subjects.consumer.table, ports.catchUp), consent, authentication, nationalNumberSecret, clock, ids };

  const tendKeyRing = async (): Promise<void> => {
    await applyErasures(parts);
    await tendKeyEncryptionKeys(keyRing, keyEncryptionKeys, keyEncryptionKeyPolicy, ids, clock.nowMs());
  };
  await tendKeyRing();

  return {
    parts,
    lists: Object.values(lists),
    timed: {
      tendKeyRing,
      saveKeyUses: () => keyUses.save(),
      sweepUnnamedValues: () => sweepUnnamedValues(parts, clock.nowMs()),
      // Saved first, so that the day that ended is complete.
      recordKeyUses: () => keyUses.save().then(() => recordKeyUses(parts, stores.keyUseCounts, clock.nowMs())),
    },
  };
}
