import { randomUUID } from 'node:crypto';
import { AuditServiceService, type ReplayBatch, type ReplayRequest } from '@tillid/contracts/audit/v1/service';
import { rpcClient, rpcCredentials } from '@tillid/rpc';
import { encodeEntries, parseLogPath, type LogFiles } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { openLog, type LogChoice, type OpenedLog } from '../log/open-log.js';
import { findRunningSystem } from '../running-system.js';

/**
 * The log with entries: from its bundles where a log is named, else from the running audit service's Replay, the
 * tiles over HTTP. Either way each entry is proven against the signed tree before anyone sees it. Under one
 * `idempotencyKey` the replay is recorded once, however often it is begun.
 */
export async function openLogWithEntries(choice: Omit<LogChoice, 'entries'>, idempotencyKey: string = randomUUID()): Promise<OpenedLog> {
  if (choice.log !== undefined) return openLog({ ...choice, entries: true });
  const { replay, ...opened } = await openReplay(choice);
  return { ...opened, files: withBundles(opened.files, entriesOf(replay({ leafIndex: 0, idempotencyKey }))) };
}

export interface OpenedReplay extends OpenedLog {
  replay(request: Partial<ReplayRequest>): AsyncIterable<ReplayBatch>;
}

/** The running system's tiles, and its audit service's Replay: what that answers is not believed. */
export async function openReplay(choice: Omit<LogChoice, 'entries' | 'log'>): Promise<OpenedReplay> {
  const opened = await openLog({ ...choice, entries: false });
  const system = findRunningSystem(choice.data, choice.tls);
  const audit = rpcClient(AuditServiceService, system.grpc.audit, rpcCredentials(system.tls, 'audit'));
  const leaving = new AbortController();
  return {
    ...opened,
    where: `${opened.where}, entries from ${system.grpc.audit}`,
    replay: (request) => brokenOff(audit.replay(request, { signal: leaving.signal })),
    close() {
      leaving.abort();
      audit.close();
      opened.close();
    },
  };
}

async function* brokenOff(batches: AsyncIterable<ReplayBatch>): AsyncGenerator<ReplayBatch> {
  try {
    yield* batches;
  } catch (error) {
    throw new CouldNotLook('the replay broke off', { cause: error });
  }
}

/** Leaves from 0, in order. What the service answers is not believed, so a batch out of order is refused here. */
async function* entriesOf(batches: AsyncIterable<{ readonly firstLeafIndex: number; readonly events: readonly Uint8Array[] }>): AsyncGenerator<Uint8Array> {
  let next = 0;
  for await (const { firstLeafIndex, events } of batches) {
    if (firstLeafIndex !== next) throw new CouldNotLook(`the replay broke off (leaf ${firstLeafIndex} came where ${next} was due)`);
    next += events.length;
    yield* events;
  }
}

/**
 * Bundles made from a stream of entries. The verifier asks for each bundle once and in order, some ahead of use; a
 * stream that ends early leaves the rest missing, which the verifier reports.
 */
export function withBundles(tiles: LogFiles, entries: AsyncIterator<Uint8Array>): LogFiles {
  let turn: Promise<unknown> = Promise.resolve();
  let nextBundle = 0;

  async function take(index: number, width: number): Promise<Uint8Array | undefined> {
    // Asked again under its full name, after the stream had no more of it.
    if (index < nextBundle) return undefined;
    if (index > nextBundle) throw new CouldNotLook(`bundle ${index} was asked for where ${nextBundle} was due`);
    nextBundle += 1;
    const bundle: Uint8Array[] = [];
    while (bundle.length < width) {
      const { done, value } = await entries.next();
      if (done) break;
      bundle.push(value);
    }
    return bundle.length === 0 ? undefined : encodeEntries(bundle);
  }

  return {
    async read(path) {
      const place = parseLogPath(path);
      if (place?.kind !== 'bundle') return tiles.read(path);
      const taken = turn.then(() => take(place.index, place.width));
      turn = taken.catch(() => {});
      return taken;
    },
  };
}
