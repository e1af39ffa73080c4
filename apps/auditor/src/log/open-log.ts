import { readFileSync } from 'node:fs';
import { readTlsIdentity } from '@tillid/rpc';
import { parseVkey, type LogFiles, type NoteVerifier } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { findRunningSystem } from '../running-system.js';
import { folderFiles } from './folder-files.js';
import { httpFiles } from './http-files.js';

export interface LogChoice {
  /** A URL or a folder; none: the running system's log. */
  readonly log?: string | undefined;
  readonly vkey?: string | undefined;
  readonly data: string;
  /** Folder with key.pem, cert.pem and ca.pem of an auditor. */
  readonly tls?: string | undefined;
  readonly entries: boolean;
}

export interface OpenedLog {
  readonly where: string;
  readonly files: LogFiles;
  readonly key: NoteVerifier;
  close(): void;
}

export async function openLog({ log, vkey, data, tls, entries }: LogChoice): Promise<OpenedLog> {
  const key = readVkey(vkey ?? findRunningSystem(data, tls).vkeyFile);
  if (log === undefined) {
    const system = findRunningSystem(data, tls);
    return entries ? overHttp(system.logHttpsUrl, key, system.tls) : overHttp(system.logUrl, key);
  }
  if (/^https?:\/\//.test(log)) return overHttp(log, key, tls === undefined ? undefined : readIdentity(tls));
  return { where: log, files: await folderFiles(log), key, close: () => {} };
}

function overHttp(url: string, key: NoteVerifier, tls?: Parameters<typeof httpFiles>[1]): OpenedLog {
  const files = httpFiles(url, tls);
  return { where: url, files, key, close: files.close };
}

export function readVkey(path: string): NoteVerifier {
  try {
    return parseVkey(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CouldNotLook(`${path} holds no key of a log`, { cause: error });
  }
}

function readIdentity(folder: string): ReturnType<typeof readTlsIdentity> {
  try {
    return readTlsIdentity(folder);
  } catch (error) {
    throw new CouldNotLook(`${folder} holds no certificate`, { cause: error });
  }
}
