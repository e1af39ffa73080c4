import { Module } from '@nestjs/common';
import { SubjectServiceService } from '@tillid/contracts/authentication/v1/service';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { FoldCache, followSource, type FollowerParts, ProgressBook } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { catchUp } from '@tillid/rpc';
import { RepeatingTask, SERVICE_PARTS, Shell, type ServiceParts } from '@tillid/service';
import { identityEvents } from './domain/identity.codec.js';
import { assembleIdentity, type AssembledIdentity } from './identity.assembly.js';
import type { IdentityConfig } from './identity.config.js';
import { IdentityController, KeyRingController } from './identity.controller.js';
import { IDENTITY_PARTS } from './identity.parts.js';
import { type IdentityStores, openStores } from './identity.stores.js';
import { keyEncryptionKeyFile } from './key-ring/key-encryption-key-file.js';
import { sources } from './read-models.js';
import { dayMs } from './domain/utc-day.js';

const STORES = Symbol('stores');
const ASSEMBLED = Symbol('assembled');
const secondMs = 1000;
const minuteMs = 60 * secondMs;

/** Wiring only. The one place that knows which stores this service runs on. */
@Module({
  providers: [
    IdentityController,
    KeyRingController,
    ProgressBook,
    { provide: STORES, inject: [Shell], useFactory: (shell: Shell) => openStores(shell.stores) },
    { provide: ASSEMBLED, inject: [Shell, STORES, ProgressBook], useFactory: assemble },
    { provide: IDENTITY_PARTS, inject: [ASSEMBLED], useFactory: ({ parts }: AssembledIdentity) => parts },
    { provide: SERVICE_PARTS, inject: [Shell, STORES, ProgressBook, ASSEMBLED], useFactory: serviceParts },
  ],
})
export class IdentityModule {}

async function assemble(shell: Shell<IdentityConfig>, { events, ...stores }: IdentityStores, progress: ProgressBook): Promise<AssembledIdentity> {
  const { source, clock, ids, telemetry, config } = shell;
  const authenticationFeed = shell.peer('authentication', FeedServiceService);
  return assembleIdentity({
    log: { store: events, codec: identityEvents, source, clock, ids, telemetry, cache: new FoldCache(config.foldsCached) },
    ids,
    stores,
    consent: shell.peer('consent', ConsentServiceService),
    authentication: shell.peer('authentication', SubjectServiceService),
    nationalNumberSecret: await shell.secret('national-number'),
    decoySecret: await shell.secret('decoy-keys'),
    keyEncryptionKeys: keyEncryptionKeyFile(shell.secrets, ids),
    keyEncryptionKeyPolicy: { rotateAfterMs: config.keyEncryptionKeyDays * dayMs, keepRetiredMs: config.keyRingBackupDays * dayMs },
    catchUp: (options) => catchUp(authenticationFeed, progress, sources.authentication, options),
  });
}

function serviceParts(shell: Shell, { events, readModels, vault, keys }: IdentityStores, progress: ProgressBook, { lists, timed }: AssembledIdentity): ServiceParts {
  const { clock, telemetry, logger } = shell;
  const onTrouble: FollowerParts['onTrouble'] = ({ kind, source, consumer, reason, error }) =>
    // A peer that is not there is no fault of ours: its code says enough.
    logger.warn({ source, consumer, reason, ...(error instanceof Refused ? { refusal: error.code } : { err: error }) }, `a consumer meets trouble: ${kind}`);
  const warn = (message: string) => (err: unknown) => logger.warn({ err }, message);
  const authenticationFeed = shell.sourceOf('authentication');
  const background = shell.inTurn(progress, {
    consumers: lists,
    workers: () => [
      ...lists.map(({ consumer }) => followSource({ ...authenticationFeed, consumer, book: progress, clock, telemetry, onTrouble })),
      new RepeatingTask(10 * minuteMs, timed.recordKeyUses, warn('key uses of days that are over were not recorded')),
      new RepeatingTask(360 * minuteMs, timed.sweepUnnamedValues, warn('values no event names were not swept')),
      new RepeatingTask(1440 * minuteMs, timed.tendKeyRing, warn('the key ring was not tended')),
    ],
  });
  // Counted in this process, so saved by it.
  const savesKeyUses = new RepeatingTask(secondMs, timed.saveKeyUses, warn('key uses were counted but not saved'), true);
  return { store: events, progress, readModels: lists, workers: [background, savesKeyUses], close: [readModels, vault, keys, events] };
}
