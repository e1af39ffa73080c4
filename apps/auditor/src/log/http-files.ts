import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { checkPeer, type TlsIdentity } from '@tillid/rpc';
import { parseLogPath, type LogFiles } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { fileBytesMax } from './file-size.js';

const timeoutMs = 15_000;
const maxConnections = 8;

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
      const { statusCode = 0, body } = await fetchFile(new URL(path, base), secure, agent);
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

async function fetchFile(url: URL, secure: boolean, agent: HttpAgent): Promise<{ statusCode: number | undefined; body: Buffer }> {
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
    return { statusCode: response.statusCode, body: Buffer.concat(parts) };
  } catch (error) {
    throw new CouldNotLook(`${url.href}: ${error instanceof Error ? error.message : 'no answer'}`, { cause: error });
  }
}
