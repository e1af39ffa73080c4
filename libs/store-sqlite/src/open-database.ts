import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';

export interface DatabaseFile {
  readonly path: string;
  /** What the file holds: one number per kind of store, so that a vault is never opened as a log. */
  readonly applicationId: number;
  /** Each brings the file from the version before; the file's version is how many have run. Never edited once released. */
  readonly migrations: readonly string[];
  /** 'full' reaches the disk before it returns; 'normal' survives kill -9 but may lose the last writes with the power. */
  readonly durability: 'full' | 'normal';
  /** Deleted content is overwritten with zeros. */
  readonly secureDelete?: boolean;
  /** How long a statement may hold the thread while another process writes. */
  readonly busyTimeoutMs?: number;
}

const openingAttempts = 200;
const openingPauseMs = 25;

/** Opens, and when needed makes, a database file. Retries: two processes creating one file meet a lock despite any time-out. */
export async function openDatabase(file: DatabaseFile): Promise<DatabaseSync> {
  createPrivately(file.path);
  for (let attempt = 1; ; attempt++) {
    try {
      return openOnce(file);
    } catch (error) {
      if (!isBusy(error) || attempt === openingAttempts) throw error;
      await delay(openingPauseMs);
    }
  }
}

/** SQLITE_BUSY or SQLITE_LOCKED, extended codes included: another connection holds the file. */
export function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' && ((code & 0xff) === 5 || (code & 0xff) === 6);
}

function openOnce(file: DatabaseFile): DatabaseSync {
  const database = new DatabaseSync(file.path, { timeout: file.busyTimeoutMs ?? 250 });
  try {
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = ${file.durability}`);
    if (file.secureDelete) database.exec('PRAGMA secure_delete = ON');
    database.exec('BEGIN IMMEDIATE');
    migrate(database, file);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    // Closing rolls back; an unfinished migration leaves nothing.
    database.close();
    throw error;
  }
}

function migrate(database: DatabaseSync, file: DatabaseFile): void {
  const found = numberOf(database, 'application_id');
  const version = numberOf(database, 'user_version');
  if (version > 0 && found !== file.applicationId) throw new Error(`${file.path} holds another kind of store`);
  if (version > file.migrations.length) throw new Error(`${file.path} was written by a newer Tillid (version ${version}, known ${file.migrations.length})`);
  if (version === file.migrations.length) return;
  for (const migration of file.migrations.slice(version)) database.exec(migration);
  database.exec(`PRAGMA application_id = ${file.applicationId}`);
  database.exec(`PRAGMA user_version = ${file.migrations.length}`);
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get()!)[0]);
}

/** SQLite makes a file readable by all; the journal inherits what is set here. */
function createPrivately(path: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  // A file whose name is not durable can vanish with the power, whatever was synced into it.
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
