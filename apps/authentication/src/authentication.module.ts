import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { SharedTokenKeys } from '@tillid/crypto';
import { followLog, followSource, ProgressBook, type Trouble } from '@tillid/eventsourcing';
import { CitizenKeys } from '@tillid/rpc';
import type { ConfigOf } from '@tillid/runtime';
import { RepeatingTask, SERVICE_PARTS, type ServiceParts, Shell } from '@tillid/service';
import { sqliteEventStore, sqliteExpiringStore, sqliteReadModelStore, sqliteVault } from '@tillid/store-sqlite';
import { assembleAuthentication, type Assembled, sources } from './assemble-authentication.js';
import type { authenticationConfig } from './authentication.config.js';
import { AuthenticationController } from './authentication.controller.js';
import { Authentication } from './authentication.js';
import { SubjectController } from './subject.controller.js';
import { ownTokenGuard } from './tokens/own-token-guard.js';
import { sweepVault } from './vault/superseded.js';

type AuthenticationShell = Shell<ConfigOf<typeof authenticationConfig>>;
type Stores = Awaited<ReturnType<typeof openStores>>;
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

async function openStores({ data, expiringEntries }: AuthenticationShell['config']) {
  await mkdir(data, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(data, `${name}.sqlite`);
  return {
    store: await sqliteEventStore({ path: file('log') }),
    vault: await sqliteVault({ path: file('vault') }),
    readModels: await sqliteReadModelStore({ path: file('read-models') }),
    signIns: await sqliteExpiringStore({ path: file('sign-ins'), maxEntries: expiringEntries }),
    tries: await sqliteExpiringStore({ path: file('tries'), maxEntries: expiringEntries }),
    devices: await sqliteExpiringStore({ path: file('devices'), maxEntries: expiringEntries }),
    progress: new ProgressBook(),
  };
}

async function run(shell: AuthenticationShell): Promise<Running> {
  const { clock, config, ids } = shell;
  const stores = await openStores(config);
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
    limits: {
      hashes: { atOnce: config.hashesAtOnce, knownPlaces: config.hashPlacesKnown, unknownPlaces: config.hashPlacesUnknown },
      openSignInsPerClient: config.openSignInsPerClient,
      sessionLifetimeMs: config.sessionMinutes * 60_000,
    },
  });
  return { stores, assembled };
}

function serviceParts(shell: AuthenticationShell, { stores, assembled: { service, consumers } }: Running): ServiceParts {
  const { clock, logger, telemetry } = shell;
  const { devices, progress, readModels, signIns, store, tries, vault } = stores;
  const onTrouble = ({ error, kind, ...names }: Trouble): void => logger.warn({ err: error, ...names }, `a consumer met trouble: ${kind}`);
  const warn = (message: string) => (err: unknown) => logger.warn({ err }, message);
  const followers = consumers.map(({ source, consumer }) => {
    const parts = { source, consumer, clock, telemetry, onTrouble, book: progress };
    return source === sources.authentication ? followLog({ ...parts, store }) : followSource({ ...parts, reader: shell.feedOf('identity') });
  });
  const sweepExpired = () => Promise.all([signIns, tries, devices].map((each) => each.sweep(clock.nowMs())));
  return {
    store,
    progress,
    workers: [
      ...followers,
      new RepeatingTask(30_000, sweepExpired, warn('expired entries were not swept')),
      new RepeatingTask(60_000, () => service.tokens.rotate(), warn('the keys of tokens were not rotated')),
      new RepeatingTask(24 * 3_600_000, (stopping) => sweepVault(service, stopping), warn('the vault was not swept')),
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

function citizenKeys(shell: AuthenticationShell) {
  const keys = new CitizenKeys(shell.peer('identity', KeyRingServiceService), shell.clock);
  return { keyOf: (citizenId: string, deadlineMs?: number) => keys.keyOf(citizenId, deadline(deadlineMs)) };
}

function deadline(deadlineMs: number | undefined): { readonly deadlineMs?: number } {
  return deadlineMs === undefined || !Number.isFinite(deadlineMs) ? {} : { deadlineMs };
}
