import { Module } from '@nestjs/common';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { SharedTokenKeys } from '@tillid/crypto';
import { followLog, followSource, ProgressBook, type Trouble } from '@tillid/eventsourcing';
import { CitizenKeys } from '@tillid/rpc';
import type { ConfigOf } from '@tillid/runtime';
import { RepeatingTask, SERVICE_PARTS, type ServiceParts, Shell, watchRecord } from '@tillid/service';
import { assembleAuthentication, type Assembled } from './assemble-authentication.js';
import type { authenticationConfig } from './authentication.config.js';
import { AuthenticationController } from './authentication.controller.js';
import { Authentication } from './authentication.js';
import { type AuthenticationStores, openStores } from './authentication.stores.js';
import { sources } from './read-models.js';
import { SubjectController } from './subject.controller.js';
import { ownTokenGuard } from './tokens/own-token-guard.js';
import { sweepVault } from './vault/superseded.js';

type AuthenticationShell = Shell<ConfigOf<typeof authenticationConfig>>;
type Stores = AuthenticationStores & { readonly progress: ProgressBook };
interface Running {
  readonly stores: Stores;
  readonly assembled: Assembled;
}
const RUNNING = Symbol('RUNNING');

/** Wiring only: which engines, which files, who follows what. */
@Module({
  providers: [
    { provide: RUNNING, inject: [Shell], useFactory: run },
    { provide: Authentication, inject: [RUNNING], useFactory: ({ assembled }: Running) => assembled.service },
    { provide: SERVICE_PARTS, inject: [Shell, RUNNING], useFactory: serviceParts },
    AuthenticationController,
    SubjectController,
  ],
})
export class AuthenticationModule {}

async function run(shell: AuthenticationShell): Promise<Running> {
  const { clock, config, ids } = shell;
  const stores = { ...(await openStores(shell.stores, config.expiringEntries)), progress: new ProgressBook() };
  const identityFeed = shell.peer('identity', FeedServiceService);
  const assembled = await assembleAuthentication({
    ...stores,
    clock,
    ids,
    telemetry: shell.telemetry,
    citizenKeys: citizenKeys(shell),
    identityHead: async (deadlineMs) => (await identityFeed.getHead({ source: sources.identity }, deadline(deadlineMs))).head?.position ?? 0,
    secrets: { pairwise: await shell.secret('pairwise'), userIds: await shell.secret('user-ids'), signIns: await shell.secret('sign-ins') },
    tokenKeys: new SharedTokenKeys(shell.secrets, clock, ids),
    issuer: shell.issuer,
    ...(config.unrecordedSignIns === 'refuse' && { unrecorded: unrecorded(shell) }),
    limits: {
      hashes: { atOnce: config.hashesAtOnce, knownPlaces: config.hashPlacesKnown, unknownPlaces: config.hashPlacesUnknown },
      openSignInsPerClient: config.openSignInsPerClient,
      sessionLifetimeMs: config.sessionMinutes * 60_000,
    },
  });
  return { stores, assembled };
}

function serviceParts(shell: AuthenticationShell, { stores, assembled: { service, recordWatch, consumers, lists } }: Running): ServiceParts {
  const { clock, logger, telemetry } = shell;
  const { devices, progress, readModels, signIns, store, tries, vault } = stores;
  const onTrouble = ({ error, kind, ...names }: Trouble): void => logger.warn({ err: error, ...names }, `a consumer met trouble: ${kind}`);
  const warn = (message: string) => (err: unknown) => logger.warn({ err }, message);
  const identityFeed = shell.sourceOf('identity');
  const follow = ({ source, consumer }: Assembled['consumers'][number]) => {
    const parts = { source, consumer, clock, telemetry, onTrouble, book: progress };
    return source === sources.authentication ? followLog({ ...parts, store }) : followSource({ ...parts, ...identityFeed });
  };
  const sweepExpired = () => Promise.all([signIns, tries, devices].map((each) => each.sweep(clock.nowMs())));
  return {
    store,
    progress,
    readModels: lists,
    workers: [
      shell.inTurn(progress, {
        consumers,
        workers: () => [
          ...consumers.map(follow),
          new RepeatingTask(30_000, sweepExpired, warn('expired entries were not swept')),
          new RepeatingTask(24 * 3_600_000, (stopping) => sweepVault(service, stopping), warn('the vault was not swept')),
        ],
      }),
      new RepeatingTask(60_000, () => service.tokens.rotate(), warn('the keys of tokens were not rotated')),
      ...(recordWatch ? [watchRecord(recordWatch, logger)] : []),
    ],
    routes: [
      {
        method: 'GET',
        path: '/.well-known/jwks.json',
        access: 'public',
        handle: async () => ({ status: 200, contentType: 'application/json', body: await service.tokens.keySet(), headers: { 'cache-control': 'public, max-age=300' } }),
      },
    ],
    tokens: ownTokenGuard(service),
    close: [store, vault, readModels, signIns, tries, devices],
  };
}

function unrecorded(shell: AuthenticationShell) {
  const audit = shell.peer('audit', AuditServiceService);
  return { limitMs: shell.config.unrecordedSignInSeconds * 1000, integratedPosition: async (deadlineMs: number) => (await audit.getSourceEnd({}, { deadlineMs })).integratedPosition };
}

function citizenKeys(shell: AuthenticationShell) {
  const keys = new CitizenKeys(shell.peer('identity', KeyRingServiceService), shell.clock);
  return { keyOf: (citizenId: string, deadlineMs?: number) => keys.keyOf(citizenId, deadline(deadlineMs)) };
}

function deadline(deadlineMs: number | undefined): { readonly deadlineMs?: number } {
  return deadlineMs === undefined || !Number.isFinite(deadlineMs) ? {} : { deadlineMs };
}
