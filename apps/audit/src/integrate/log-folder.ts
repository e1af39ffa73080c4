import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkpointPath, parseLogPath, partialsFolder, type LogFile } from '@tillid/transparency';
import { WillNotSign } from '../domain/audit.refusals.js';
import type { TileStore } from './tile-store.js';

/** Files written at the same time. */
const writersMax = 16;

/** The log as files: `<folder>/checkpoint`, `<folder>/tile/...`. Nothing but the log itself ever lies in there. */
export class LogFolder implements TileStore {
  private readonly temporary: string;
  private readonly known = new Set<string>();

  private constructor(private readonly folder: string) {
    this.temporary = `${folder}.writing`;
  }

  static async open(folder: string): Promise<LogFolder> {
    await mkdir(folder, { recursive: true });
    await syncFolder(dirname(folder));
    return new LogFolder(folder);
  }

  async recover(): Promise<void> {
    // What a crash left half-written was never named, so nobody misses it.
    await rm(this.temporary, { recursive: true, force: true });
    await mkdir(this.temporary, { recursive: true });
    // Another signer may have removed what this one knew.
    this.known.clear();
  }

  async read(path: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.folder, path));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** Proofs of how keys were replaced, there being a few. */
  async keyChanges(): Promise<{ readonly path: string; readonly bytes: Buffer }[]> {
    const names = await readdir(join(this.folder, 'key')).catch((error: unknown) => {
      if (isAbsent(error)) return [];
      throw error;
    });
    const paths = names.map((name) => `key/${name}`).filter((path) => parseLogPath(path)?.kind === 'key');
    return Promise.all(paths.map(async (path) => ({ path, bytes: (await this.read(path)) ?? Buffer.alloc(0) })));
  }

  async writeOnce(files: readonly LogFile[]): Promise<void> {
    // Known from when it is synced on: a failure before that leaves it to be synced by the next try.
    const folders = new Set<string>();
    for (let first = 0; first < files.length; first += writersMax) {
      await Promise.all(
        files.slice(first, first + writersMax).map(async ({ path, bytes }) => {
          const existing = await this.read(path);
          // Written before a crash, and perhaps by it not yet durable: the folder is synced again below.
          if (existing !== undefined && !existing.equals(bytes)) throw new WillNotSign('log.file_differs', { cause: new Error(path) });
          await this.makeFolder(dirname(join(this.folder, path)), folders);
          if (existing === undefined) await this.write(path, bytes);
        }),
      );
    }
    await Promise.all([...folders].map(syncFolder));
    for (const folder of folders) this.known.add(folder);
  }

  async writeCheckpoint(checkpoint: string): Promise<void> {
    await this.write(checkpointPath, Buffer.from(checkpoint, 'utf8'));
    await syncFolder(this.folder);
  }

  async removePartials(fullPaths: readonly string[]): Promise<void> {
    for (const path of fullPaths) {
      const partials = join(this.folder, partialsFolder(path));
      this.known.delete(partials);
      await rm(partials, { recursive: true, force: true });
    }
  }

  private async write(path: string, bytes: Uint8Array): Promise<void> {
    const written = join(this.temporary, randomUUID());
    try {
      const file = await open(written, 'wx', 0o644);
      try {
        await file.writeFile(bytes);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(written, join(this.folder, path));
    } catch (error) {
      // It is tried again every second: on a full disk each try would leave a little less room.
      await rm(written, { force: true });
      throw error;
    }
  }

  private async makeFolder(folder: string, toSync: Set<string>): Promise<void> {
    toSync.add(folder);
    if (this.known.has(folder)) return;
    await mkdir(folder, { recursive: true });
    // The name of a new folder is as durable as the folder it stands in.
    for (let at = folder; at !== this.folder && !this.known.has(at); at = dirname(at)) toSync.add(dirname(at));
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
