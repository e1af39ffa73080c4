import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { replaceSecretFile } from '@tillid/crypto';
import type { DomainEvent, EventCodec } from '@tillid/eventsourcing';
import type { Worker } from '../service-parts.js';
import type { Shell } from '../shell.js';
import { fetchLostTail, isBehindRecord } from './lost-tail.js';

/** What a service must know of its events to be put back from an older backup: its reservations, and which values it would miss. */
export interface Restoring<E extends DomainEvent = DomainEvent> {
  readonly events: Pick<EventCodec<E>, 'decode' | 'reservations'>;
  /** Ids of the vault records that an event names. */
  valuesNamedBy(event: E): readonly string[];
}

/** Made by `tillid restore`: this service does nothing before audit has told it what its log has lost. */
export const restoredMark = 'restored';
/** What the log names and the vault has not, after a restore: JSON, for the operator. */
export const lostValuesFile = 'lost-values.json';

const lookAgainMs = 250;
const pageSize = 1_000;

/**
 * Before the service is composed: its log is whole, or it does not start. The worker it answers, if any, looks once more when
 * audit could not be asked: finding the log behind the record, it ends the process, and the next start fetches what is missing.
 */
export async function beforeItOpens(shell: Shell, restoring: Restoring): Promise<readonly Worker[]> {
  const { source, secrets, logger, config } = shell;
  const mark = join(config.data, restoredMark);
  const restored = existsSync(mark);
  const audit = shell.peer('audit', AuditServiceService);
  const store = await shell.stores.eventStore('log');
  try {
    const tail = await fetchLostTail({ source, store, codec: restoring.events, secrets, audit, logger, restored });
    if (tail.kind === 'unknown') return [looksAgain(shell)];
    if (tail.kind === 'fetched') await tellWhatIsLost(shell, restoring, tail.afterPosition);
    // A crash before this asks audit once more, and finds the log complete.
    if (restored) await rm(mark);
    return [];
  } finally {
    await store.close();
  }
}

/** Values lie in no ledger: those put after the backup are gone. Their citizens are named by the ids, and nothing else is. */
async function tellWhatIsLost({ stores, config, logger, source }: Shell, { events, valuesNamedBy }: Restoring, afterPosition: number): Promise<void> {
  const [store, vault] = await Promise.all([stores.eventStore('log'), stores.vault()]);
  const lost: { readonly position: number; readonly type: string; readonly value: string }[] = [];
  try {
    for (let position = afterPosition; ; ) {
      const page = await store.readAll(position, pageSize);
      for (const { bytes, position: at } of page) {
        const recorded = events.decode(bytes, at);
        for (const value of recorded ? valuesNamedBy(recorded.event) : []) if (!(await vault.get(value))) lost.push({ position: at, type: recorded!.envelope.type, value });
      }
      const last = page.at(-1);
      if (!last) break;
      position = last.position;
    }
  } finally {
    await Promise.all([store.close(), vault.close()]);
  }
  await replaceSecretFile(join(config.data, lostValuesFile), `${JSON.stringify({ source, afterPosition, lost }, null, 2)}\n`);
  if (lost.length > 0) logger.warn({ source, lost: lost.length, file: lostValuesFile }, 'values that the log names came after the backup and are gone');
}

function looksAgain(shell: Shell): Worker {
  const audit = shell.peer('audit', AuditServiceService);
  const stopping = new AbortController();
  const look = async (): Promise<void> => {
    const store = await shell.stores.eventStore('log');
    const behind = await isBehindRecord({ store, audit }).finally(() => store.close());
    // What was appended meanwhile is found out by the next start: it refuses where it does not follow.
    if (behind) setImmediate(() => { throw new Error(`the log of ${shell.source} is shorter than the record of it: it was put back from a backup`); });
  };
  const lookUntilAnswered = async (): Promise<void> => {
    for (let answered = false; !answered && !stopping.signal.aborted; ) {
      answered = await look().then(() => true, () => false);
      if (!answered) await pauseFor(lookAgainMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  };
  let looking = Promise.resolve();
  return {
    start: () => void (looking = lookUntilAnswered()),
    stop: () => {
      stopping.abort();
      return looking;
    },
  };
}
