import { Module } from '@nestjs/common';
import { FoldCache, followLog, followSource, ProgressBook, type FollowerParts } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { RepeatingTask, SERVICE_PARTS, Shell, watchRecord, type ServiceParts } from '@tillid/service';
import { assembleConsent, type Assembled } from './consent.assembly.js';
import type { ConsentConfig } from './consent.config.js';
import { ConsentController } from './consent.controller.js';
import { peersOf } from './consent.peers.js';
import { openStores, type ConsentStores } from './consent.stores.js';
import { consentEvents } from './domain/consent.events.js';
import { dayMs } from './domain/frequency.js';
import { CONSENT_ROOM } from './room.js';
import { sweepTexts } from './texts/sweep-texts.js';

const secondMs = 1000;

const STORES = Symbol('stores');
const ASSEMBLED = Symbol('assembled');

/** Wiring only. The one place that knows which stores this service runs on. */
@Module({
  providers: [
    ConsentController,
    ProgressBook,
    { provide: STORES, inject: [Shell], useFactory: (shell: Shell) => openStores(shell.stores) },
    { provide: ASSEMBLED, inject: [Shell, STORES, ProgressBook], useFactory: assemble },
    { provide: CONSENT_ROOM, inject: [ASSEMBLED], useFactory: ({ room }: Assembled) => room },
    { provide: SERVICE_PARTS, inject: [Shell, STORES, ProgressBook, ASSEMBLED], useFactory: serviceParts },
  ],
})
export class ConsentModule {}

function assemble(shell: Shell<ConsentConfig>, { events, readModels, vault }: ConsentStores, progress: ProgressBook): Promise<Assembled> {
  const { source, clock, ids, telemetry, config } = shell;
  const log = { store: events, codec: consentEvents, source, clock, ids, telemetry, cache: new FoldCache(config.foldsCached) };
  return assembleConsent({ log, ids, vault, readModels, progress, peers: peersOf(shell), refusalsRecordedPerMinute: config.refusalsRecordedPerMinute, unrecordedShareMs: config.unrecordedShareSeconds * secondMs });
}

function serviceParts(shell: Shell, { events, readModels, vault }: ConsentStores, progress: ProgressBook, { room, recordWatch, consumers, lists }: Assembled): ServiceParts {
  const { clock, telemetry, logger } = shell;
  const feeds = [shell.sourceOf('authentication'), shell.sourceOf('identity')];
  // A peer that is not there is no fault of ours: its code says enough.
  const onTrouble: FollowerParts['onTrouble'] = ({ kind, source, consumer, reason, error }) =>
    logger.warn({ source, consumer, reason, ...(error instanceof Refused ? { refusal: error.code } : { err: error }) }, `a consumer meets trouble: ${kind}`);
  const follow = ({ source, consumer }: Assembled['consumers'][number]) => {
    const parts = { source, consumer, book: progress, clock, telemetry, onTrouble };
    const feed = feeds.find((each) => each.source === source);
    return feed ? followSource({ ...parts, ...feed }) : followLog({ ...parts, store: events });
  };
  const background = shell.inTurn(progress, {
    consumers,
    // What a failed sweep leaves is encrypted and unnamed; the next day takes it.
    workers: () => [...consumers.map(follow), new RepeatingTask(dayMs, () => sweepTexts(room), (error) => logger.warn({ err: error }, 'texts were not swept'))],
  });
  return { store: events, progress, readModels: lists, workers: [background, watchRecord(recordWatch, logger)], close: [readModels, vault, events] };
}
