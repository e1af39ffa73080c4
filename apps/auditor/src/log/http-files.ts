import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { checkPeer, type TlsIdentity } from '@tillid/rpc';
import { parseLogPath, type LogFiles } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { fileBytesMax } from './file-size.js';

const timeoutMs = 15_000;
const maxConnections = 8;
/** A server that is asked too often says when to come back; a long log is fetched over many of its minutes. */
const tooOften = 429;
const waitsMax = 10;
const longestWaitMs = 60_000;

const unzip = promisify(gunzip);

export interface HttpFiles extends LogFiles {
  close(): void;
}

/** A log over HTTP. With a certificate, as the auditor it names: only then are entry bundles given out. */
export function httpFiles(url: string, tls?: TlsIdentity): HttpFiles {
  const base = url.endsWith('/') ? url : `${url}/`;
  const secure = base.startsWith('https:');
  const agent = secure
    ? new HttpsAgent({
        keepAlive: true,
        maxSockets: maxConnections,
        // With an installation's own authority the server shows who it is by its URI, wherever it runs.
        ...(tls && { ...tls, checkServerIdentity: (_host: string, certificate: Parameters<typeof checkPeer>[1]) => checkPeer('audit', certificate) }),
      })
    : new HttpAgent({ keepAlive: true, maxSockets: maxConnections });

  return {
    async read(path) {
      const { statusCode, body } = await fetchPatiently(new URL(path, base), secure, agent);
      if (statusCode === 200) return body;
      const isBundle = parseLogPath(path)?.kind === 'bundle';
      // Not given out is not the same as not there.
      if (isBundle && tls === undefined) throw new CouldNotLook(`${base} gives no entries to a caller without an auditor's certificate (--tls)`);
      if (statusCode === 404) return undefined;
      throw new CouldNotLook(`${base}${path}: HTTP ${statusCode}`);
    },
    close: () => agent.destroy(),
  };
}

interface Fetched {
  readonly statusCode: number;
  readonly body: Buffer;
  readonly retryAfterMs: number;
}

async function fetchPatiently(url: URL, secure: boolean, agent: HttpAgent): Promise<Fetched> {
  for (let waits = 0; ; waits++) {
    const fetched = await fetchFile(url, secure, agent);
    if (fetched.statusCode !== tooOften || waits === waitsMax) return fetched;
    await pauseFor(fetched.retryAfterMs);
  }
}

async function fetchFile(url: URL, secure: boolean, agent: HttpAgent): Promise<Fetched> {
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (secure ? httpsGet : httpGet)(url, { agent, signal: AbortSignal.timeout(timeoutMs) }, resolve);
    request.on('error', reject);
    const response = await promise;
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > fileBytesMax) throw new Error('larger than any file of a log');
      parts.push(part);
    }
    const { statusCode = 0, headers } = response;
    const retryAfterMs = Math.min(Math.max(Number(headers['retry-after']) * 1000 || 1000, 0), longestWaitMs);
    // Bundles may come compressed without having been asked for so (c2sp.org/tlog-tiles).
    const body = headers['content-encoding'] === 'gzip' ? await unzip(Buffer.concat(parts), { maxOutputLength: fileBytesMax }) : Buffer.concat(parts);
    return { statusCode, body, retryAfterMs };
  } catch (error) {
    throw new CouldNotLook(`${url.href}: ${error instanceof Error ? error.message : 'no answer'}`, { cause: error });
  }
}
