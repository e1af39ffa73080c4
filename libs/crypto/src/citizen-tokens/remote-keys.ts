import { request } from 'node:https';
import { createRemoteJWKSet, customFetch } from 'jose';
import { expectPeer } from '../certificates/read.js';
import type { TokenKeySource } from './verify.js';

export interface RemoteTokenKeys {
  /** https only; of each replica, asked in this order until one answers. */
  readonly urls: readonly string[];
  /** What to show and whom to trust, asked for at each fetch: certificates are renewed while we run. */
  readonly identity: () => { readonly caPem: string; readonly keyPem: string; readonly certificatePem: string };
}

const answerBytesMax = 64 * 1024;
const timeoutMs = 2000;
/** A key set that could not be had is asked for again after this long, not by the next token. */
const afterFailureMs = 1000;

/**
 * The key set of authentication, over mTLS, the peer told by its certificate. Held for five minutes; a token with an
 * unknown kid asks again, at most every ten seconds, so that invented kids cannot make us ask for ever.
 */
export function remoteTokenKeys(source: RemoteTokenKeys): TokenKeySource {
  const urls = source.urls.map((url) => new URL(url));
  if (urls.length === 0 || urls.some(({ protocol }) => protocol !== 'https:')) throw new Error('token keys come over https only');
  return createRemoteJWKSet(urls[0]!, {
    cacheMaxAge: 5 * 60 * 1000,
    cooldownDuration: 10 * 1000,
    timeoutDuration: timeoutMs * urls.length,
    [customFetch]: restingAfterFailure(() => getFirst(urls, source)),
  });
}

function restingAfterFailure(fetch: () => Promise<Response>): () => Promise<Response> {
  let failed: { readonly atMs: number; readonly error: unknown } | undefined;
  return async () => {
    if (failed && performance.now() - failed.atMs < afterFailureMs) throw failed.error;
    try {
      return await fetch();
    } catch (error) {
      failed = { atMs: performance.now(), error };
      throw error;
    }
  };
}

async function getFirst(urls: readonly URL[], source: RemoteTokenKeys): Promise<Response> {
  let failure: unknown;
  for (const url of urls) {
    try {
      return await get(url, source);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function get(address: URL, { identity }: RemoteTokenKeys): Promise<Response> {
  const { caPem, keyPem, certificatePem } = identity();
  return new Promise((resolve, reject) => {
    const call = request(
      address,
      { ca: caPem, key: keyPem, cert: certificatePem, minVersion: 'TLSv1.3', timeout: timeoutMs, agent: false, checkServerIdentity: expectPeer({ kind: 'service', id: 'authentication' }) },
      (answer) => {
        const chunks: Buffer[] = [];
        let length = 0;
        answer.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > answerBytesMax) call.destroy(new Error('the key set is too long'));
          else chunks.push(chunk);
        });
        answer.on('error', reject);
        answer.on('end', () => resolve(new Response(Buffer.concat(chunks), { status: answer.statusCode ?? 500 })));
      },
    );
    call.on('timeout', () => call.destroy(new Error('the key set did not come in time')));
    call.on('error', reject);
    call.end();
  });
}
