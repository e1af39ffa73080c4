import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { followLog, followSource, ProgressBook, type FollowerParts } from '@tillid/eventsourcing';
import { observeRewrittenPasts, type ServiceName } from '@tillid/runtime';
import { RepeatingTask, SERVICE_PARTS, Shell, type ServiceParts } from '@tillid/service';
import { assembleAudit, type AssembledAudit } from './audit.assembly.js';
import type { AuditConfig } from './audit.config.js';
import { AuditController } from './audit.controller.js';
import { AUDIT_ROOM, type AuditRoom } from './audit.room.js';
import { openStores, type AuditStores } from './audit.stores.js';
import { followedBy, ledgerSource, loggedEvents } from './domain/audit.events.js';
import { dayMs } from './domain/log-reading.js';
import { observeIntegration } from './integrate/observe-integration.js';
import { logOriginIn } from './integrate/log-origin.js';
import { openSigning, type Signing } from './integrate/signing.js';
import { LogKeyRotation } from './log-keys/rotate-log-key.js';
import { SigningKeys } from './log-keys/signing-keys.js';
import { publicLogRoutes } from './public-log/public-log.routes.js';
import { recover } from './recover/recover.js';
import { closeDays } from './record-reading/record-reading.js';
import type { ToldHead } from './take-in/heads.js';
import { accuser, rewrittenPasts } from './take-in/who-changed.js';
import { CosignedTree, type ToldCosigned } from './witness/cosigned-tree.js';
import { watchUnlinked } from './own-log/unlinked.js';
import { observeWitnessing } from './witness/observe-witnessing.js';
import { readWitnessPolicy } from './witness/witness-policy.js';
import { WitnessRounds } from './witness/witness-rounds.js';

const secondMs = 1000;

/** What the replica at work tells the others. */
interface Told {
  readonly heads: readonly ToldHead[];
  readonly cosigned: ToldCosigned;
}

const STORES = Symbol('stores');
const SIGNING = Symbol('signing');
const ASSEMBLED = Symbol('assembled');

/** Wiring only. The one place that knows who does what, and when. */
@Module({
  providers: [
    AuditController,
    ProgressBook,
    { provide: STORES, inject: [Shell], useFactory: (shell: Shell) => openStores(shell.stores) },
    { provide: SIGNING, inject: [Shell, STORES], useFactory: signing },
    { provide: CosignedTree, inject: [Shell, SIGNING], useFactory: cosignedTree },
    { provide: ASSEMBLED, inject: [Shell, STORES, ProgressBook, SIGNING, CosignedTree], useFactory: assemble },
    { provide: AUDIT_ROOM, inject: [ASSEMBLED], useFactory: ({ room }: AssembledAudit) => room },
    { provide: SERVICE_PARTS, inject: [Shell, STORES, ProgressBook, SIGNING, ASSEMBLED], useFactory: serviceParts },
  ],
})
export class AuditModule {}

async function signing(shell: Shell<AuditConfig>, stores: AuditStores): Promise<Signing> {
  const { config, clock, ids, secrets, telemetry, logger, source } = shell;
  const { events, ledger } = stores;
  const keys = await SigningKeys.open({ origin: logOriginIn(config), source, secrets, ids, events, ledger, clock, vkeyFile: join(config.data, 'log.vkey') });
  await recover({ stores, source, verifier: keys.verifiers, data: config.data, alone: !shell.isOneOfMany && config.tiles === undefined, clock, logger });
  await keys.requirePublished();
  return openSigning({ ...stores, keys, data: config.data, tiles: config.tiles, checkpointIntervalMs: config.checkpointIntervalMs, shell, clock, telemetry, logger });
}

async function cosignedTree({ config, clock }: Shell<AuditConfig>, { keys }: Signing): Promise<CosignedTree> {
  return new CosignedTree(config.witnessPolicy === undefined ? undefined : await readWitnessPolicy(config.witnessPolicy, () => keys.verifiers), clock.nowMs());
}

function assemble(shell: Shell, { events, ledger, readModels, readings }: AuditStores, book: ProgressBook, { signedTree, files }: Signing, cosigned: CosignedTree): Promise<AssembledAudit> {
  const { source, clock, ids, telemetry } = shell;
  const log = { store: events, codec: loggedEvents, source, clock, ids, telemetry };
  return assembleAudit({ log, ledger, readModels, readings, book, signedTree, cosignedTree: cosigned, files });
}

function serviceParts(shell: Shell<AuditConfig>, stores: AuditStores, progress: ProgressBook, { keys, signedTree, files, workers }: Signing, { room, heads, headsRecorder, ownLogHeads, ownLogs, takeIn, readers, lists }: AssembledAudit): ServiceParts {
  const { clock, telemetry, logger, config } = shell;
  const { events, ledger, treeHead, readModels, readings } = stores;
  const onTrouble: FollowerParts['onTrouble'] = ({ kind, source, consumer, reason, error }) => logger.warn({ source, consumer, reason, err: error }, `a consumer is ${kind}`);
  const parts = { book: progress, clock, telemetry, onTrouble };
  // Audit's own acts come in over its own feed, signed heads and all, like everyone else's.
  const sources = followedBy(shell.source);
  const feeds = sources.map((source) => shell.sourceOf(source.split('/')[0] as ServiceName));
  const failed = (message: string) => (error: unknown) => logger.error({ err: error }, message);
  observeIntegration(signedTree, progress);
  observeRewrittenPasts(() => rewrittenPasts(progress));
  const accuse = accuser({ ledger, headsRecorder, book: progress, logger });
  const { cosignedTree: cosigned } = room;
  observeWitnessing(signedTree, cosigned);
  const background = shell.inTurn(progress, {
    consumers: [...sources.map((source) => ({ source, consumer: takeIn })), ...readers.map((consumer) => ({ source: ledgerSource, consumer }))],
    workers: () => [
      ...readers.map((consumer) => followLog({ ...parts, source: ledgerSource, consumer, store: ledger })),
      ...feeds.map((feed) => followSource({ ...parts, ...feed, consumer: takeIn, onHead: (head) => heads.heard(head), onParked: (parked) => void accuse(parked).catch(failed('who changed a past could not be found out')) })),
      new RepeatingTask(secondMs, () => headsRecorder.record(), failed('the heads seen could not be recorded')),
      new RepeatingTask(secondMs, () => ownLogHeads.record(), failed('the heads of the own logs could not be recorded')),
      ...logKeyTasks(shell, room, keys),
      // What it misses while it is down it finds when it is up.
      new RepeatingTask(60 * secondMs, () => closeDays(room), failed('the readings of past days could not be recorded')),
      ...(cosigned.policy === undefined ? [] : [new WitnessRounds({ policy: cosigned.policy, cosignedTree: cosigned, signedTree, files, clock, logger, intervalMs: config.witnessIntervalMs })]),
    ],
    tell: (): Told => ({ heads: heads.told(), cosigned: cosigned.told() }),
    hear: (told) => {
      const { heads: heard, cosigned: seen } = told as Told;
      heads.adopt(heard);
      cosigned.adopt(seen);
    },
  });
  return { store: events, progress, readModels: lists, workers: [...workers, background, watchUnlinked(ownLogs, failed('the events that wait for a link could not be counted'))], routes: publicLogRoutes(room), close: [readModels, readings, events, ledger, treeHead] };
}

/** Every few seconds what somebody put among the secrets; once a day and at start whether the key is due. */
function logKeyTasks({ config, secrets, logger }: Shell<AuditConfig>, { log, signedTree }: AuditRoom, keys: SigningKeys): RepeatingTask[] {
  const { logKeyDays, logKeyOverlapDays } = config;
  const rotation = new LogKeyRotation({ keys, secrets, log, signedTree, overlapMs: logKeyOverlapDays * dayMs, logger });
  const failed = (err: unknown) => logger.error({ err }, "the log's key could not be replaced");
  return [...(logKeyDays === undefined ? [] : [new RepeatingTask(dayMs, () => rotation.renew(logKeyDays * dayMs), failed)]), new RepeatingTask(2 * secondMs, () => rotation.look(), failed)];
}
