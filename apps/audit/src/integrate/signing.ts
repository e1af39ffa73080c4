import { join } from 'node:path';
import type { CompareAndSetRecord, EventStore, Telemetry } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import type { Logger } from '@tillid/runtime';
import type { Shell, Worker } from '@tillid/service';
import type { LogFiles } from '@tillid/transparency';
import type { SigningKeys } from '../log-keys/signing-keys.js';
import { Integrator } from './integrator.js';
import { LogFolder } from './log-folder.js';
import { RemoteTiles } from './remote-tiles.js';
import { SignedTree } from './signed-tree.js';
import { TreeWatch } from './tree-watch.js';

export interface SigningParts {
  readonly keys: SigningKeys;
  /** The service's own folder: the log's files lie in `log` below it. */
  readonly data: string;
  /** Where the files are read by a replica that has no volume. */
  readonly tiles: string | undefined;
  readonly ledger: EventStore;
  readonly treeHead: CompareAndSetRecord;
  readonly checkpointIntervalMs: number;
  readonly shell: Pick<Shell, 'isOneOfMany' | 'oneAtATime' | 'tls'>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
}

export interface Signing {
  readonly signedTree: SignedTree;
  readonly keys: SigningKeys;
  readonly files: LogFiles;
  readonly workers: readonly Worker[];
}

/**
 * Three ways to have the signed tree. Alone: this process signs, and what does not belong together keeps it from
 * starting. One of many on the volume: it signs when it holds the lease, and else learns from the record what was
 * signed. Without the volume: it only ever reads.
 */
export async function openSigning(parts: SigningParts): Promise<Signing> {
  const { keys, shell, data, tiles, treeHead: record, ledger, clock, telemetry, logger, checkpointIntervalMs } = parts;
  const signedTree = new SignedTree();
  const watch = () => new TreeWatch({ record, ledger, keys, signedTree, clock, onTrouble: (err) => logger.warn({ err }, 'the signed tree head could not be read') });
  if (tiles !== undefined) return { signedTree, keys, files: new RemoteTiles(tiles, shell.tls), workers: [watch()] };
  const folder = await LogFolder.open(join(data, 'log'));
  const integratorParts = { keys, ledger, folder, record, clock, telemetry, logger, checkpointIntervalMs, signedTree };
  if (!shell.isOneOfMany) return { signedTree, keys, files: folder, workers: [await Integrator.open(integratorParts)] };
  return { signedTree, keys, files: folder, workers: [watch(), shell.oneAtATime('integration', () => [Integrator.inTurn(integratorParts)])] };
}
