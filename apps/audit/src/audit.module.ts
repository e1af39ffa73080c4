import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { followLog, followSource, ProgressBook, type FollowerParts } from '@tillid/eventsourcing';
import type { ServiceName } from '@tillid/runtime';
import { RepeatingTask, SERVICE_PARTS, Shell, type ServiceParts } from '@tillid/service';
import { assembleAudit, type AssembledAudit } from './audit.assembly.js';
import type { AuditConfig } from './audit.config.js';
import { AuditController } from './audit.controller.js';
import { AUDIT_ROOM } from './audit.room.js';
import { openStores, type AuditStores } from './audit.stores.js';
import { ledgerSource, loggedEvents, sources } from './domain/audit.events.js';
import { Integrator } from './integrate/integrator.js';
import { observeIntegration } from './integrate/observe-integration.js';
import { openSigningKey } from './integrate/signing-key.js';
import { publicLogRoutes } from './public-log/public-log.routes.js';
import { closeDays } from './record-reading/record-reading.js';

const secondMs = 1000;

const STORES = Symbol('stores');
const ASSEMBLED = Symbol('assembled');

/** Wiring only. The one place that knows which stores this service runs on. */
@Module({
  providers: [
    AuditController,
    ProgressBook,
    { provide: STORES, inject: [Shell], useFactory: (shell: Shell) => openStores(shell.config.data) },
    { provide: Integrator, inject: [Shell, STORES], useFactory: openIntegrator },
    { provide: ASSEMBLED, inject: [Shell, STORES, ProgressBook, Integrator], useFactory: assemble },
    { provide: AUDIT_ROOM, inject: [ASSEMBLED], useFactory: ({ room }: AssembledAudit) => room },
    { provide: SERVICE_PARTS, inject: [Shell, STORES, ProgressBook, Integrator, ASSEMBLED], useFactory: serviceParts },
  ],
})
export class AuditModule {}

async function openIntegrator(shell: Shell<AuditConfig>, { ledger, folder, treeHead }: AuditStores): Promise<Integrator> {
  const { config, clock, logger } = shell;
  const seed = await shell.secret('log-signing');
  const key = await openSigningKey(config.origin, seed, join(config.data, 'log.vkey'));
  return Integrator.open({ ...key, ledger, folder, record: treeHead, clock, logger, checkpointIntervalMs: config.checkpointIntervalMs });
}

function assemble(shell: Shell, { events, ledger, readModels, readings, folder }: AuditStores, book: ProgressBook, integrator: Integrator): Promise<AssembledAudit> {
  const { source, clock, ids, telemetry } = shell;
  const log = { store: events, codec: loggedEvents, source, clock, ids, telemetry };
  return assembleAudit({ log, ledger, readModels, readings, book, integrator, files: folder });
}

function serviceParts(shell: Shell, stores: AuditStores, progress: ProgressBook, integrator: Integrator, { room, heads, headsRecorder, takeIn, readers }: AssembledAudit): ServiceParts {
  const { clock, telemetry, logger } = shell;
  const { events, ledger, treeHead, readModels, readings } = stores;
  const onTrouble: FollowerParts['onTrouble'] = ({ kind, source, consumer, reason, error }) => logger.warn({ source, consumer, reason, err: error }, `a consumer is ${kind}`);
  const parts = { book: progress, clock, telemetry, onTrouble };
  // Audit's own acts come in over its own feed, signed heads and all, like everyone else's.
  const takers = sources.map((source) => followSource({ ...parts, source, consumer: takeIn, reader: shell.feedOf(source.split('/')[0] as ServiceName), onHead: (head) => heads.heard(head) }));
  const followers = readers.map((consumer) => followLog({ ...parts, source: ledgerSource, consumer, store: ledger }));
  const failed = (message: string) => (error: unknown) => logger.error({ err: error }, message);
  observeIntegration(integrator, progress);
  return {
    store: events,
    progress,
    workers: [
      integrator,
      ...followers,
      ...takers,
      new RepeatingTask(secondMs, () => headsRecorder.record(), failed('the heads seen could not be recorded')),
      // What it misses while it is down it finds when it is up.
      new RepeatingTask(60 * secondMs, () => closeDays(room), failed('the readings of past days could not be recorded')),
    ],
    routes: publicLogRoutes(room),
    close: [readModels, readings, events, ledger, treeHead],
  };
}
