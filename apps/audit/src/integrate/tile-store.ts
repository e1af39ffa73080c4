import type { LogFile, LogFiles } from '@tillid/transparency';

/** The volume of the one integrator: files of the log, which others only read. */
export interface TileStore extends LogFiles {
  /** What a process before this one left half done; also after another one has written here. */
  recover(): Promise<void>;
  /** All durable, names included, when it resolves. A file that is there already must be the same: tiles never change. */
  writeOnce(files: readonly LogFile[]): Promise<void>;
  /** The one file that changes. A crash leaves the old or the new one, whole; it is mended from the record. */
  writeCheckpoint(checkpoint: string): Promise<void>;
  /** Partial versions of files that are full now. A crash leaves some: stale but true, and the auditor checks them. */
  removePartials(fullPaths: readonly string[]): Promise<void>;
}
