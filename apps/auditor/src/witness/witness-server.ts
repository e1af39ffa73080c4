import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Refused } from '@tillid/kernel';
import { addCheckpointLimits, formatSize, parseAddCheckpoint, sizeContentType } from '@tillid/transparency';
import type { Witness } from './witness.js';

const plain = 'text/plain; charset=utf-8';
const limits = { requestMs: 10_000, idleMs: 30_000, connections: 256, headerBytes: 8 * 1024 } as const;

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * c2sp.org/tlog-witness: `POST /add-checkpoint`, and `GET /<hex SHA-256 of the origin>/checkpoint` for monitors. Beside it,
 * of this witness alone, `/fork`: two signed notes, as a JSON array, when it was shown two trees of one size.
 */
export function witnessServer(witness: Witness, onFault: (error: unknown) => void): Server {
  const server = createServer({ requestTimeout: limits.requestMs, headersTimeout: limits.requestMs, keepAliveTimeout: limits.idleMs, maxHeaderSize: limits.headerBytes }, (request, response) => {
    answer(witness, request)
      .catch((error: unknown): Reply => {
        onFault(error);
        // Nothing was promised: the log asks again.
        return { status: 500, body: 'the witness could not keep its state\n' };
      })
      .then((reply) => send(request, response, reply))
      .catch(onFault);
  });
  server.maxConnections = limits.connections;
  return server;
}

async function answer(witness: Witness, request: IncomingMessage): Promise<Reply> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const [, hash, what] = /^\/([0-9a-f]{64})\/(checkpoint|fork)$/.exec(path) ?? [];
  if (hash !== undefined && what === 'fork' && request.method === 'GET') {
    const fork = witness.fork(hash);
    return fork === undefined ? { status: 404, body: 'never shown two trees of one size\n' } : { status: 200, body: fork, contentType: 'application/json' };
  }
  if (hash !== undefined && request.method === 'GET') {
    const note = witness.latest(hash);
    return note === undefined ? { status: 404, body: 'no checkpoint of this log\n' } : { status: 200, body: note, headers: { 'cache-control': 'no-cache' } };
  }
  if (path !== '/add-checkpoint' && hash === undefined) return { status: 404, body: 'not here\n' };
  if (request.method !== 'POST' || hash !== undefined) return { status: 405, body: 'not so\n', headers: { allow: hash === undefined ? 'POST' : 'GET' } };
  const body = await bodyOf(request);
  return body === undefined ? { status: 413, body: 'too large\n', headers: { connection: 'close' } } : addCheckpoint(witness, body);
}

async function addCheckpoint(witness: Witness, body: Uint8Array): Promise<Reply> {
  let asked;
  try {
    asked = parseAddCheckpoint(body);
  } catch (error) {
    if (error instanceof Refused) return { status: 400, body: `${error.code}\n` };
    throw error;
  }
  const decided = await witness.add(asked);
  switch (decided.kind) {
    case 'cosigned':
      return { status: 200, body: decided.lines };
    case 'unknown_origin':
      return { status: 404, body: 'an origin this witness does not know\n' };
    case 'not_signed':
      return { status: 403, body: 'not signed by a key trusted for this origin\n' };
    case 'old_larger':
      return { status: 400, body: 'the old size is larger than the checkpoint\n' };
    case 'other_size':
      return { status: 409, body: formatSize(decided.size), contentType: sizeContentType };
    case 'proof_refused':
    case 'forked':
      return { status: 422, body: 'does not continue the tree cosigned last\n' };
    case 'busy':
      return { status: 503, body: 'asked too often\n', headers: { 'retry-after': '1' } };
  }
}

/** Undefined when it is larger than any request may be; the rest is not read. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > addCheckpointLimits.maxBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, contentType = plain, headers }: Reply): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body), 'x-content-type-options': 'nosniff', ...headers });
  response.end(body);
  if (status === 413) response.on('finish', () => request.destroy());
}
